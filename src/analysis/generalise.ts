import { canonicalJson } from '../base/digest.ts'
import { presentAt } from '../base/json-path.ts'
import { isObject, pointerOf, type JsonObject, type JsonValue } from '../base/json.ts'
import { createSecretDetector } from '../gate/detect/secrets.ts'
import { hasUnseen } from '../policy/texts.ts'

/** An argument test as a policy states it. */
export type DraftTest = JsonObject

export interface DraftArgument {
  readonly name: string
  readonly test: DraftTest
}

/** What an observed call contributes to the tests of its arguments. */
export interface Sample {
  readonly args: JsonObject
  readonly tenant?: string | undefined
  readonly subject?: string | undefined
}

/** Different texts that are still listed one by one, and the longest of them. */
const maxListed = 8
const maxListedLength = 120
/** Different hosts that are listed. */
const maxHosts = 64
/** Levels of objects whose members are tested one by one. */
const maxDepth = 4

/**
 * Tests that every sample passes and little else does. What was seen few times is listed, numbers
 * become the range that was seen, URLs and mail addresses their hosts. Long or many texts are only
 * bounded in length: no pattern is guessed, and nothing that looks like a secret is written down.
 */
export function generalise(samples: readonly Sample[]): readonly DraftArgument[] {
  const names = new Set(samples.flatMap(({ args }) => Object.keys(args)))
  return [...names].toSorted().flatMap((name) => testsOf([name], samples))
}

/** Tests that only the very arguments of the sample pass. */
export function exactly({ args }: Sample): readonly DraftArgument[] {
  return Object.entries(args)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name: nameOf([name]), test: { const: value } }))
}

function testsOf(path: readonly string[], samples: readonly Sample[]): readonly DraftArgument[] {
  const present = samples.flatMap((sample) => {
    const value = presentAt(sample.args, path)
    return value === undefined ? [] : [{ value, sample }]
  })
  const optional = present.length < samples.length ? { optional: true } : {}
  const values = present.map(({ value }) => value)
  const members = membersOf(values, path)
  if (members !== undefined) {
    const whole = { name: nameOf(path), test: { type: 'object', ...optional } }
    return [whole, ...members.flatMap((member) => testsOf([...path, member], samples))]
  }
  const test = belongingTo(present) ?? testFor(values)
  return [{ name: nameOf(path), test: { ...test, ...optional } }]
}

/** The members of objects that are tested one by one; undefined for anything else. */
function membersOf(
  values: readonly JsonValue[],
  path: readonly string[],
): readonly string[] | undefined {
  if (path.length > maxDepth || !values.every((value) => isObject(value)) || isListable(values)) {
    return undefined
  }
  const names = [...new Set(values.flatMap((value) => Object.keys(value as JsonObject)))]
  return names.every((name) => canBeNamed([...path, name])) ? names.toSorted() : undefined
}

/** Whether a rule can name the argument at a path. */
export function canBeNamed(path: readonly string[]): boolean {
  const name = nameOf(path)
  return name !== '' && name.length <= 256 && !hasUnseen(name)
}

/** The name as rules write it: plain, or as a pointer where it would be read as one. */
function nameOf(path: readonly string[]): string {
  const [first] = path
  if (path.length === 1 && !first!.startsWith('/')) return first!
  return pointerOf(path)
}

/** Everybody names their own tenant, or themselves: told only where several people did. */
function belongingTo(
  present: readonly { readonly value: JsonValue; readonly sample: Sample }[],
): DraftTest | undefined {
  for (const principal of ['tenant', 'subject'] as const) {
    const own = present.every(({ value, sample }) => value !== '' && value === sample[principal])
    const named = new Set(present.map(({ value }) => value))
    if (own && named.size > 1) return { type: 'string', equals: { principal } }
  }
  return undefined
}

type Kind = 'string' | 'number' | 'boolean' | 'null' | 'array' | 'object'

function kindOf(value: JsonValue): Kind {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : (typeof value as Kind)
}

function testFor(values: readonly JsonValue[]): DraftTest {
  const kinds = [...new Set(values.map(kindOf))].toSorted()
  const tests = kinds.map((kind) =>
    testOfKind(
      kind,
      values.filter((value) => kindOf(value) === kind),
    ),
  )
  return tests.length === 1 ? tests[0]! : { anyOf: tests }
}

function testOfKind(kind: Kind, values: readonly JsonValue[]): DraftTest {
  switch (kind) {
    case 'string':
      return testOfTexts(values as readonly string[])
    case 'number':
      return testOfNumbers(values as readonly number[])
    case 'boolean':
      return new Set(values).size === 1 ? { const: values[0]! } : { type: 'boolean' }
    case 'null':
      return { type: 'null' }
    case 'array':
      return testOfLists(values as readonly (readonly JsonValue[])[])
    case 'object':
      return isListable(values) ? { enum: distinct(values) } : { type: 'object' }
  }
}

function testOfTexts(values: readonly string[]): DraftTest {
  const hosts = values.map(hostOf)
  const named = [...new Set(hosts)].toSorted()
  if (!named.includes(undefined) && named.length <= maxHosts) {
    return { type: 'string', domain: named as string[] }
  }
  if (isListable(values)) return { enum: distinct(values) }
  return { type: 'string', maxLength: Math.max(...values.map((value) => [...value].length)) }
}

/** Host of a URL or mail address that is written plainly; undefined for every other text. */
function hostOf(text: string): string | undefined {
  const host =
    /^https?:\/\/([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?:\/[!-~]*)?$/.exec(text)?.[1] ??
    /^[A-Za-z0-9._+-]+@([a-z0-9-]+(?:\.[a-z0-9-]+)+)$/.exec(text)?.[1]
  return host !== undefined && /[a-z]/.test(host.split('.').at(-1)!) ? host : undefined
}

function testOfNumbers(values: readonly number[]): DraftTest {
  return {
    type: values.every(Number.isInteger) ? 'integer' : 'number',
    minimum: Math.min(...values),
    maximum: Math.max(...values),
  }
}

function testOfLists(values: readonly (readonly JsonValue[])[]): DraftTest {
  const lengths = values.map(({ length }) => length)
  const [least, most] = [Math.min(...lengths), Math.max(...lengths)]
  const items = values.flat()
  return {
    type: 'array',
    ...(least === 0 ? {} : { minItems: least }),
    maxItems: most,
    ...(items.length === 0 ? {} : { items: testFor(items) }),
  }
}

const findSecrets = createSecretDetector()

/** Few different values, short, and none that looks like a secret. */
function isListable(values: readonly JsonValue[]): boolean {
  const texts = new Set(values.map((value) => canonicalJson(value)))
  return (
    texts.size <= maxListed &&
    [...texts].every((text) => text.length <= maxListedLength && findSecrets(text).length === 0)
  )
}

function distinct(values: readonly JsonValue[]): JsonValue[] {
  const found = new Map(values.map((value) => [canonicalJson(value), value]))
  return [...found.keys()].toSorted().map((key) => found.get(key)!)
}

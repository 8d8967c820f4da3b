import { pointerTokens } from '../base/json.ts'
import { secrecyLevels, type ArgumentFacts, type OutputLabel } from '../protocol/facts.ts'
import type { ToolEntry } from './document.ts'
import type { Name } from './shape.ts'

type Named<T> = readonly { readonly name: Name; readonly value: T }[]

/**
 * What two files say about one tool, so that the result is at least as strict as each of them. A
 * key that only one of them states is taken from it. Entries that contradict each other have been
 * refused.
 */
export function mergeEntries(a: ToolEntry, b: ToolEntry): ToolEntry {
  const output = mergeLabels(a.facts.output, b.facts.output)
  const sink = stricter(sinks, a.facts.sink, b.facts.sink)
  const pin = a.pin ?? b.pin
  const timeoutMs = Math.min(a.timeoutMs ?? Infinity, b.timeoutMs ?? Infinity)
  return {
    name: a.name,
    facts: {
      ...a.facts,
      ...b.facts,
      ...(sink === undefined ? {} : { sink }),
      ...(output === undefined ? {} : { output }),
    },
    args: mergeNamed(a.args, b.args, mergeArguments),
    fields: [
      ...mergeNamed(underBounds(a.fields, b), [], mergeLabelPair),
      ...underBounds(b.fields, a).filter(({ name }) => find(a.fields, name) === undefined),
    ],
    ...(pin === undefined ? {} : { pin }),
    ...(timeoutMs === Infinity ? {} : { timeoutMs }),
  }
}

/** Keys about which two files say what cannot both hold, such as `kind` or `args.to.is`. */
export function contradictions(a: ToolEntry, b: ToolEntry): readonly string[] {
  return [
    ...(differ(a.facts.kind, b.facts.kind) ? ['kind'] : []),
    ...(differ(a.pin, b.pin) ? ['pin'] : []),
    ...a.args.flatMap(({ name, value }) =>
      differ(value.is, find(b.args, name)?.is) ? [`args.${name.text}.is`] : [],
    ),
    ...(weakens(a.facts.output, b.facts.output) || weakens(b.facts.output, a.facts.output)
      ? ['output.endorse']
      : []),
    ...weakenedFields(a, b),
    ...weakenedFields(b, a),
  ]
}

function differ<T>(a: T | undefined, b: T | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b
}

/** Fields at which `a` trusts a shape of what `b` calls untrusted. */
function weakenedFields(a: ToolEntry, b: ToolEntry): readonly string[] {
  return a.fields
    .filter(({ name, value }) => boundsOf(name, b).some((bound) => weakens(value, bound)))
    .map(({ name }) => `fields.${name.text}.endorse`)
}

function weakens(label: OutputLabel | undefined, other: OutputLabel | undefined): boolean {
  if (label?.endorse === undefined || label.endorse === other?.endorse) return false
  return other?.endorse !== undefined || other?.trust === 'untrusted'
}

// from the mildest to the strictest
const sinks = ['none', 'internal', 'external', 'public'] as const
const trusts = ['trusted', 'untrusted'] as const

function stricter<T>(order: readonly T[], a: T | undefined, b: T | undefined): T | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return order.indexOf(a) >= order.indexOf(b) ? a : b
}

function mergeLabels(a?: OutputLabel, b?: OutputLabel): OutputLabel | undefined {
  return a === undefined || b === undefined ? (a ?? b) : mergeLabelPair(a, b)
}

function mergeLabelPair(a: OutputLabel, b: OutputLabel): OutputLabel {
  const trust = stricter(trusts, a.trust, b.trust)
  const secrecy = stricter(secrecyLevels, a.secrecy, b.secrecy)
  const endorse = a.endorse ?? b.endorse
  return {
    ...(trust === undefined ? {} : { trust }),
    ...(secrecy === undefined ? {} : { secrecy }),
    ...(endorse === undefined ? {} : { endorse }),
  }
}

/** The labels of one file, none milder than what the other says about the same part. */
function underBounds(fields: Named<OutputLabel>, other: ToolEntry): Named<OutputLabel> {
  return fields.map(({ name, value }) => ({
    name,
    value: boundsOf(name, other).reduce(mergeLabelPair, value),
  }))
}

/** What an entry says about a part of the result: labels of overlapping fields, or of the whole. */
function boundsOf(name: Name, { facts, fields }: ToolEntry): readonly OutputLabel[] {
  const exact = find(fields, name)
  if (exact !== undefined) return [exact]
  const path = pointerTokens(name.text) ?? []
  const near = fields.filter((field) => overlap(path, pointerTokens(field.name.text) ?? []))
  return [...near.map(({ value }) => value), ...(facts.output === undefined ? [] : [facts.output])]
}

/** Whether one path can lead to the other or into it; `*` is any token. */
function overlap(a: readonly string[], b: readonly string[]): boolean {
  const length = Math.min(a.length, b.length)
  return a
    .slice(0, length)
    .every((token, index) => token === '*' || b[index] === '*' || token === b[index])
}

function mergeArguments(a: ArgumentFacts, b: ArgumentFacts): ArgumentFacts {
  const { steers: _a, carries: _b, idsFrom: _c, fromNamed: _d, known: _e, ...rest } = { ...a, ...b }
  const steers = either(a.steers, b.steers)
  const carries = either(a.carries, b.carries)
  return {
    ...rest,
    ...(steers === undefined ? {} : { steers }),
    ...(carries === undefined ? {} : { carries }),
    ...common('idsFrom', a, b),
    ...common('fromNamed', a, b),
    ...common('known', a, b),
  }
}

function either(a: boolean | undefined, b: boolean | undefined): boolean | undefined {
  return a === undefined && b === undefined ? undefined : a === true || b === true
}

/**
 * What vouches for a value for both. A file that says what the argument is and names no source of
 * this kind accepts none. An empty list stays, so that a third file cannot add to it.
 */
function common(
  key: 'idsFrom' | 'fromNamed' | 'known',
  a: ArgumentFacts,
  b: ArgumentFacts,
): Pick<ArgumentFacts, typeof key> {
  const [first, second] = [a, b].filter(
    (facts) => facts[key] !== undefined || facts.steers === true || facts.carries === true,
  )
  if (first === undefined) return {}
  const list =
    second === undefined || (first[key] === undefined && second[key] === undefined)
      ? first[key]
      : (first[key] ?? []).filter((item) => second[key]?.includes(item) === true)
  return list === undefined ? {} : { [key]: list }
}

function mergeNamed<T>(a: Named<T>, b: Named<T>, merge: (a: T, b: T) => T): Named<T> {
  const both = a.map(({ name, value }) => {
    const other = find(b, name)
    return { name, value: other === undefined ? value : merge(value, other) }
  })
  return [...both, ...b.filter(({ name }) => find(a, name) === undefined)]
}

function find<T>(list: Named<T>, { text }: Name): T | undefined {
  return list.find(({ name }) => name.text === text)?.value
}

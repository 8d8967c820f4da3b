import {
  escapeToken,
  isObject,
  pointerTokens,
  type JsonPrimitive,
  type JsonValue,
} from '../../base/json.ts'
import {
  secrecyLevels,
  type OutputFacts,
  type OutputLabel,
  type Secrecy,
  type Trust,
} from '../../protocol/facts.ts'
import { hasShape } from './endorsement.ts'
import { Shape, unknownShape } from './shape.ts'

/** One scalar of a result with its label. */
export interface Leaf {
  /** JSON pointer; empty for a result that is a scalar. */
  readonly pointer: string
  readonly value: JsonPrimitive
  /** Endorsed values are trusted. */
  readonly trust: Trust
  /** Trusted by its shape alone. */
  readonly endorsed: boolean
  /** The name of a member, and no more than a plain word: it vouches for nothing. */
  readonly isPlainName: boolean
  readonly secrecy: Secrecy
}

/**
 * The scalars of a result under several labels at once: of each the stricter. Names of members are
 * among them, since who writes an object can write a text of names: plain words once for each label,
 * and not those that the pointers of fields or the output schema hold.
 */
export function strictLeavesOf(
  value: JsonValue,
  labels: readonly OutputFacts[],
  schema?: JsonValue,
): readonly Leaf[] {
  const shape = Shape.of(schema)
  const stated = new Set(labels.flatMap(({ fields = {} }) => Object.keys(fields).flatMap(tokensOf)))
  const [first = [], ...others] = labels.map((facts) => leavesOf(value, facts, shape, stated))
  // labels change nothing about which scalars there are
  const leaves = first.map((leaf, index) =>
    others.reduce((strict, same) => stricter(strict, same[index]!), leaf),
  )
  const names = new Set<string>()
  return leaves.filter(({ isPlainName, value: name, trust, secrecy }) => {
    if (!isPlainName) return true
    const kind = `${String(name)} ${trust} ${secrecy}`
    return !names.has(kind) && names.add(kind)
  })
}

function tokensOf(pointer: string): readonly string[] {
  return pointerTokens(pointer) ?? []
}

function stricter(a: Leaf, b: Leaf): Leaf {
  const secrecy =
    secrecyLevels[Math.max(secrecyLevels.indexOf(a.secrecy), secrecyLevels.indexOf(b.secrecy))]!
  const isTrusted = a.trust === 'trusted' && b.trust === 'trusted'
  return {
    ...a,
    trust: isTrusted ? 'trusted' : 'untrusted',
    endorsed: isTrusted && (a.endorsed || b.endorsed),
    secrecy,
  }
}

interface Field {
  readonly tokens: readonly string[]
  readonly label: OutputLabel
}

/** What is assumed of results nobody has labelled. */
const unlabelled = { trust: 'untrusted', secrecy: 'private' } as const
const unstated = { trust: 'untrusted', secrecy: 'internal' } as const

/** Names of members that cannot hold an instruction or an address. */
const plainKey = /^[A-Za-z0-9_-]{1,32}$/

/**
 * The scalars of a result, each with its label: that of the whole output, overridden by the fields
 * it lies in, the longer pointer and then the more literal one last. A tool without any label is
 * untrusted and private, one whose label names no secrecy internal. A scalar where fields were
 * expected, such as a text that could not be read as data, may hold any of them and is as strict as
 * the strictest; so is a list where a member was expected. Member names that nobody has stated are
 * leaves themselves.
 */
function leavesOf(
  value: JsonValue,
  facts: OutputFacts,
  whole: Shape,
  stated: ReadonlySet<string>,
): readonly Leaf[] {
  const leaves: Leaf[] = []
  const isLabelled = facts.output !== undefined || facts.fields !== undefined
  const base: OutputLabel = { ...(isLabelled ? unstated : unlabelled), ...facts.output }
  const fields = Object.entries(facts.fields ?? {})
    .map(([pointer, label]): Field => ({ tokens: tokensOf(pointer), label }))
    .toSorted((a, b) => literals(a) - literals(b))
  visit(value, '', 0, base, fields, whole)
  return leaves

  function visit(
    part: JsonValue,
    pointer: string,
    depth: number,
    label: OutputLabel,
    below: readonly Field[],
    shape: Shape,
  ): void {
    if (!isObject(part) && !Array.isArray(part)) {
      leaves.push(leafOf(pointer, part as JsonPrimitive, holding(below, label), shape))
      return
    }
    const held = Array.isArray(part) ? holding(membersAt(below, depth), label) : label
    for (const [key, child] of Object.entries(part) as [string, JsonValue][]) {
      const place = `${pointer}/${escapeToken(key)}`
      const within = below.filter(({ tokens }) => tokens[depth] === '*' || tokens[depth] === key)
      const ending = within.filter(({ tokens }) => tokens.length === depth + 1)
      const childLabel = ending.reduce(override, held)
      if (isObject(part)) addName(key, place, childLabel, shape)
      const deeper = within.filter(({ tokens }) => tokens.length > depth + 1)
      const inner = isObject(part) ? shape.member(key) : shape.item(Number(key))
      visit(child, place, depth + 1, childLabel, deeper, inner)
    }
  }

  function addName(key: string, place: string, label: OutputLabel, shape: Shape): void {
    const isPlainName = plainKey.test(key)
    if (isPlainName && (stated.has(key) || shape.declares(key))) return
    leaves.push({ ...leafOf(place, key, label, unknownShape), isPlainName })
  }
}

function leafOf(
  pointer: string,
  value: JsonPrimitive,
  { trust = 'untrusted', secrecy = 'internal', endorse }: OutputLabel,
  shape: Shape,
): Leaf {
  const endorsed = trust === 'untrusted' && endorse !== undefined && hasShape(endorse, value, shape)
  return {
    pointer,
    value,
    trust: endorsed ? 'trusted' : trust,
    endorsed,
    isPlainName: false,
    secrecy,
  }
}

/** A field that says anew how far it is trusted does not inherit an endorsement. */
function override(label: OutputLabel, field: OutputLabel | Field): OutputLabel {
  const own = 'label' in field ? field.label : field
  const { endorse: _endorse, ...rest } = label
  return own.trust === undefined ? { ...label, ...own } : { ...rest, ...own }
}

/** Fields that name a member at this depth, where a list has none: they may lie anywhere in it. */
function membersAt(fields: readonly Field[], depth: number): readonly Field[] {
  return fields.filter(({ tokens }) => {
    const token = tokens[depth]
    return token !== undefined && !/^(?:\*|\d+)$/.test(token)
  })
}

/** The label of something that may hold the fields unseen. */
function holding(fields: readonly Field[], label: OutputLabel): OutputLabel {
  if (fields.length === 0) return label
  const labels = [label, ...fields.map((field) => field.label)]
  const secrecy = secrecyLevels.findLast((level) => labels.some((one) => one.secrecy === level))!
  const isUntrusted = fields.some((field) => field.label.trust === 'untrusted')
  return isUntrusted ? { trust: 'untrusted', secrecy } : { ...label, secrecy }
}

function literals({ tokens }: Field): number {
  return tokens.filter((token) => token !== '*').length
}

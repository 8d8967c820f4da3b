import * as fc from 'fast-check'

/** A value as it is written: on the line of its key, or below it. */
type Written = Line | Entries | Items

interface Line {
  readonly line: string
}

interface Entries {
  readonly entries: readonly Entry[]
  /** How much farther to the right than its key it stands. */
  readonly step: number
}

interface Items {
  readonly items: readonly Item[]
  readonly step: number
}

interface Entry {
  readonly before: string
  readonly key: readonly [written: string, name: string]
  readonly space: string
  readonly value: Written
  readonly after: string
}

interface Item {
  readonly before: string
  readonly space: string
  readonly value: Line | Entries
  readonly after: string
}

export const spaces = (minimum: number, maximum: number): fc.Arbitrary<string> =>
  fc.integer({ min: minimum, max: maximum }).map((count) => ' '.repeat(count))

const anyText = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'ab1 :#-\'"\\[]{},&*!|>%@`~?é\n\t'), maxLength: 8 }),
  fc.constantFrom('', 'null', '10', '# no', ': ', '\u{1f600}', '\u2028', '---'),
)
const doubleQuoted = anyText.map((text) => JSON.stringify(text).replaceAll('\u2028', '\\u2028'))
const singleQuoted = fc
  .string({ unit: fc.constantFrom(...'ab1 :#-\'"\\[]{},&*!|>%@`~?é'), maxLength: 8 })
  .map((text) => `'${text.replaceAll("'", "''")}'`)

const words =
  "a|ab c|x-y_z|a:b|https://x.example/a?b=c#d|b#c|it's|yes|--short|é|30s|$a|/a/*|2001-01-01"
const numbers = '0|-1|+7|010|1.5|-0|1e3|0o7|0x1F|1_000|9007199254740991|.5|1.'
const others = 'true|False|null|~|NULL'
/** What stands without quotes anywhere, and what does only outside of brackets. */
const anywhere = [words, numbers, others].flatMap((list) => list.split('|'))
const onlyOutside = ['a, b', 'a [b]', 'a{b}', 'On its way, soon.', 'a:,b', 'x{1,9}']

const flow: fc.Arbitrary<string> = fc.letrec<{ flow: string }>((tie) => ({
  flow: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(fc.constantFrom(...anywhere), doubleQuoted, singleQuoted),
    fc
      .tuple(fc.array(tie('flow'), { maxLength: 4 }), spaces(0, 2), spaces(0, 2))
      .map(([items, inner, outer]) => `[${inner}${items.join(`${outer},${inner}`)}${outer}]`),
    fc
      .tuple(
        fc.uniqueArray(fc.tuple(keyOf(), spaces(1, 2), tie('flow')), {
          maxLength: 4,
          selector: ([[, name]]) => name,
        }),
        spaces(0, 2),
        spaces(0, 2),
      )
      .map(([entries, inner, outer]) => {
        const written = entries.map(([[key], space, value]) => `${key}:${space}${value}`)
        return `{${inner}${written.join(`${outer},${inner}`)}${outer}}`
      }),
  ),
})).flow

function keyOf(): fc.Arbitrary<readonly [written: string, name: string]> {
  const plain = fc.constantFrom(
    'a',
    'b',
    'allow',
    'x-y',
    '10',
    'null',
    'desk:read',
    '/to/*',
    '$schema',
  )
  return fc.oneof(
    plain.map((name) => [name, name] as const),
    anyText.map((name) => [JSON.stringify(name).replaceAll('\u2028', '\\u2028'), name] as const),
    fc
      .constantFrom('', 'a b', "it's", '# no', 'true')
      .map((name) => [`'${name.replaceAll("'", "''")}'`, name] as const),
  )
}

export const comment = fc.constantFrom('#', '# c', '# a: b', '#- c', "# it's [", '## # é')
/** Lines that say nothing, anywhere between two that do. */
const silence = fc
  .array(
    fc.oneof(
      fc.constant(''),
      spaces(0, 7),
      fc.tuple(spaces(0, 7), comment).map((parts) => parts.join('')),
    ),
    { maxLength: 3 },
  )
  .map((lines) => lines.map((line) => `${line}\n`).join(''))
const between = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: silence },
)
const afterLine = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: spaces(1, 3) },
  { weight: 1, arbitrary: fc.tuple(spaces(1, 3), comment).map((parts) => parts.join('')) },
)

const line: fc.Arbitrary<Line> = fc
  .oneof(flow, fc.constantFrom(...onlyOutside))
  .map((written) => ({ line: written }))

const { entries } = fc.letrec<{
  entries: Entries
  items: Items
  value: Written
  item: Line | Entries
}>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 2, arbitrary: line },
    { weight: 1, arbitrary: tie('entries') },
    { weight: 1, arbitrary: tie('items') },
  ),
  item: fc.oneof({ maxDepth: 4, withCrossShrink: true }, line, tie('entries')),
  entries: fc.record({
    entries: fc.uniqueArray(
      fc.record({
        before: between,
        key: keyOf(),
        space: spaces(1, 3),
        value: tie('value'),
        after: afterLine,
      }),
      { minLength: 1, maxLength: 4, selector: ({ key: [, name] }) => name },
    ),
    step: fc.integer({ min: 1, max: 4 }),
  }),
  items: fc.record({
    items: fc.array(
      fc.record({ before: between, space: spaces(1, 3), value: tie('item'), after: afterLine }),
      { minLength: 1, maxLength: 4 },
    ),
    step: fc.integer({ min: 0, max: 4 }),
  }),
}))

function writtenAt(indent: number, value: Entries | Items): string {
  const left = ' '.repeat(indent)
  if ('items' in value) {
    return value.items
      .map((item) => `${item.before}${left}-${item.space}${itemText(indent, item)}`)
      .join('')
  }
  return value.entries.map((entry) => `${entry.before}${left}${entryText(indent, entry)}`).join('')
}

function entryText(indent: number, { key: [key], space, value, after }: Entry): string {
  if ('line' in value) return `${key}:${space}${value.line}${after}\n`
  return `${key}:${after}\n${writtenAt(indent + value.step, value)}`
}

function itemText(indent: number, { space, value, after }: Item): string {
  if ('line' in value) return `${value.line}${after}\n`
  const column = indent + 1 + space.length
  const [first, ...rest] = value.entries
  return entryText(column, first!) + writtenAt(column, { entries: rest, step: value.step })
}

/** Texts that are simple, in every style there is; some without a line feed at their end. */
export const simpleText: fc.Arbitrary<string> = fc
  .tuple(silence, entries, silence, fc.boolean())
  .map(([before, value, after, cut]) => {
    const text = `${before}${writtenAt(0, value)}${after}`
    return cut ? text.slice(0, -1) : text
  })

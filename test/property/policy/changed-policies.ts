import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import * as fc from 'fast-check'
import { comment, spaces } from './yaml-texts.ts'

const root = resolve(import.meta.dirname, '../../..')
const files = ['policies', 'examples', 'test/conformance/policy'].flatMap((folder) =>
  globSync(`${folder}/**/*.yaml`, { cwd: root })
    .toSorted()
    .map((file) => readFileSync(join(root, file), 'utf8').split('\n')),
)

const marks = [
  ': ',
  '- ',
  ' #',
  '# ',
  "''",
  ', ',
  '|\n',
  '&a ',
  '*a',
  '!x ',
  '? ',
  '\n---\n',
  '\n...\n',
  '<<: ',
]
const values = [
  'null',
  '0o7',
  '0x1F',
  '1e3',
  '.inf',
  '-0',
  '1_000',
  'true',
  '__proto__',
  '"a"',
  "'b'",
  '[c]',
  '{ d: e }',
]
const unseen = [
  '  ',
  '\n\n',
  '\t',
  '\r\n',
  '\r',
  '\u0085',
  '\ufeff',
  '\u{1f600}',
  '# c\n',
  '  # c\n',
  '    # c\n',
  ' # c',
]
const inserted = fc.constantFrom(
  ...' \n:-#"\'[]{},|>%@`?~\\é1.+=/^(a',
  ...marks,
  ...values,
  ...unseen,
)

type Change = (text: string) => string

/** As a fraction of a text, or of its lines. */
const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
const few = fc.integer({ min: 1, max: 4 })

function onLines(change: (lines: string[], at: number) => void): (at: number) => Change {
  return (at) => (text) => {
    const lines = text.split('\n')
    change(lines, Math.floor(at * lines.length))
    return lines.join('\n')
  }
}

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, inserted, fc.nat({ max: 2 })).map(([at, what, removed]) => (text: string) => {
    const from = Math.floor(at * (text.length + 1))
    return text.slice(0, from) + what + text.slice(from + removed)
  }),
  fc.tuple(place, few).map(([at, count]) => (text: string) => {
    const from = Math.floor(at * (text.length + 1))
    return text.slice(0, from) + text.slice(from + count)
  }),
  place.map((at) => (text: string) => {
    const from = Math.floor(at * (text.length + 1))
    return text.slice(0, from) + (text[from + 1] ?? '') + (text[from] ?? '') + text.slice(from + 2)
  }),
  fc.tuple(place, few, few, fc.boolean()).map(([at, count, by, right]) =>
    onLines((lines, from) => {
      for (let each = from; each < Math.min(from + count, lines.length); each++) {
        const written = lines[each]!
        lines[each] = right
          ? ' '.repeat(by) + written
          : written.slice(Math.min(by, written.length - written.trimStart().length))
      }
    })(at),
  ),
  fc
    .tuple(place, spaces(0, 8), comment)
    .map(([at, indent, written]) =>
      onLines((lines, from) => void lines.splice(from, 0, indent + written))(at),
    ),
  place.map(onLines((lines, from) => void lines.splice(from, 1))),
  fc
    .tuple(place, place)
    .map(([at, other]) =>
      onLines(
        (lines, from) => void lines.splice(from, 0, lines[Math.floor(other * lines.length)]!),
      )(at),
    ),
  fc.tuple(place, inserted).map(([at, what]) =>
    onLines((lines, from) => {
      lines[from] += what
    })(at),
  ),
)

/** A part of a policy, as far to the left as it goes, with a few changes. */
export const changedPolicy: fc.Arbitrary<string> = fc
  .record({
    file: fc.constantFrom(...files),
    at: place,
    length: fc.integer({ min: 1, max: 25 }),
    changes: fc.array(change, { maxLength: 3 }),
  })
  .map(({ file, at, length, changes }) => {
    const from = Math.floor(at * file.length)
    const part = file.slice(from, from + length)
    const indents = part.filter((each) => each.trim() !== '').map((each) => each.search(/\S/))
    const text = `${part.map((each) => each.slice(Math.min(...indents))).join('\n')}\n`
    return changes.reduce((changed, apply) => apply(changed), text)
  })

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

interface Attack {
  readonly id: string
  readonly surface: string
}

const attacks = readFileSync(join(import.meta.dirname, 'attacks.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Attack)

/** Sections of which every line has to have a test. */
const complete = /^[MEP]/

const tests = join(import.meta.dirname, '../..')

/** Ids at the beginning of a text of a test file, which is where names of tests and rows have them. */
const named = new Set(
  ['unit', 'property', 'conformance', 'e2e']
    .flatMap((folder) =>
      readdirSync(join(tests, folder), { recursive: true, encoding: 'utf8' }).map((path) =>
        join(tests, folder, path),
      ),
    )
    .filter((path) => path.endsWith('.test.ts'))
    .flatMap((path) => [
      ...readFileSync(path, 'utf8').matchAll(/['`]((?:[A-Z][0-9]{2}(?:, | and )?)+)(?:: |')/g),
    ])
    .flatMap(([, ids]) => ids!.match(/[A-Z][0-9]{2}/g)!),
)

test('every attack on matching, paths, egress and policy files has a test by its id', () => {
  const missing = attacks.filter(({ id }) => complete.test(id) && !named.has(id))
  expect(missing.map(({ id }) => id)).toEqual([])
})

test('every id that a test is named by is that of an attack', () => {
  const known = new Set(attacks.map(({ id }) => id))
  expect([...named].filter((id) => !known.has(id)).toSorted()).toEqual([])
})

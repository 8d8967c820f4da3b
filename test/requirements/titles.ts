import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')

/**
 * The opening quote of a title and what follows it, of tests that run: `test(`, `describe(`, and
 * what `each` and `for` return. Skipped ones have other names and do not count.
 */
const title =
  /(?:\b(?:test|it|describe)\(|\)\(|\.(?:each|for)`[^`]*`\()\s*(['"`])((?:(?!\1)[^\\]|\\.)*)\1/g

const id = /\bS\d-(?:\d\d|T\d+)\b/g

/** The ids in the titles of a test file. */
export function idsIn(text: string): readonly string[] {
  return [...text.matchAll(title)].flatMap(([, , words]) => words!.match(id) ?? [])
}

/** The ids in the titles of all tests, with the files that name them. */
export function namedIds(): ReadonlyMap<string, readonly string[]> {
  const named = new Map<string, string[]>()
  const pattern = '{unit,property,conformance,e2e}/**/*.test.ts'
  for (const file of globSync(pattern, { cwd: root }).toSorted()) {
    for (const one of new Set(idsIn(readFileSync(join(root, file), 'utf8')))) {
      const files = named.get(one)
      if (files === undefined) named.set(one, [file])
      else files.push(file)
    }
  }
  return named
}

import { globSync } from 'node:fs'
import { resolve } from 'node:path'

const include = [
  'test/unit/{policy,gate}/**/*.test.ts',
  'test/unit/loading/{extends,times,variables}.test.ts',
  'test/conformance/attacks/{matching,policy-file}.test.ts',
  'test/property/policy/semantics.test.ts',
]

// needs a process in which nothing else has loaded the library
const exclude = ['test/unit/policy/yaml-library.test.ts']

/** Tests of amounts and sizes: each takes as long as hundreds of others. */
const slow = [
  'semantics.test.ts#',
  'shipped.test.ts#policies/%s > has a test that fails for every change of it',
  'results.test.ts#a long hostile text',
  'results.test.ts#of what is longer than is read',
  'limit-counters.test.ts#counters > that are too many',
  'authenticate-keys.test.ts#a key set behind an address > is read once a minute at most',
  'authenticate-keys.test.ts#an accepted token > is one of at most ten thousand',
  'policy-file.test.ts#P21:',
  'safeguards.test.ts#output rules > R07: cut a result of 200 MB',
  'simple-yaml.test.ts#neither long lines nor long files',
]

/** The files with the tests that are to notice a change, as absolute paths. */
export function testFiles(): string[] {
  return globSync(include, { exclude })
    .toSorted()
    .map((file) => resolve(file))
}

/** Whether a test is run; the slow ones only when they are asked for. */
export const isWanted = (test: string): boolean =>
  process.env['MUTATION_SLOW'] !== undefined || !slow.some((part) => test.includes(`/${part}`))

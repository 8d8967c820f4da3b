import { globSync } from 'node:fs'
import { resolve } from 'node:path'

const include = [
  'test/unit/{policy,gate}/**/*.test.ts',
  'test/unit/loading/{extends,times,variables}.test.ts',
  'test/conformance/attacks/{matching,policy-file}.test.ts',
]

// random ones take a thousand times as long as others
const includeSlow = ['test/property/{policy,gate}/**/*.test.ts']

// needs a process in which nothing else has loaded the library
const exclude = ['test/unit/policy/yaml-library.test.ts']

const withSlow = process.env['MUTATION_SLOW'] !== undefined

/** The files with the tests that are to notice a change, as absolute paths. */
export function testFiles(): string[] {
  return globSync(withSlow ? [...include, ...includeSlow] : include, { exclude })
    .toSorted()
    .map((file) => resolve(file))
}

// of amounts and sizes: they take longer than all the others together
const slow = [
  'authenticate-keys.test.ts#an accepted token > is one of at most ten thousand',
  'authenticate-proof.test.ts#a memory of proofs > is full',
  'limit-counters.test.ts#counters > that are too many',
  'limit-counters.test.ts#room for new counters is looked for once a second',
  'policy-file.test.ts#P21: 10,000 rules',
  'results.test.ts#a long hostile text is read in a moment',
  'results.test.ts#labels of fields > do not hold in data',
  'results.test.ts#of a result whose fields cannot be told apart',
  'results.test.ts#of what is longer than is read',
  'safeguards.test.ts#output rules > R07: cut a result of 200 MB',
  'sequences.test.ts#more values than are remembered',
  'session.test.ts#sessions > that are too',
  'shipped.test.ts#policies/%s > has a test that fails for every change',
  'simple-yaml.test.ts#neither long lines nor long files',
  'tree-digest.test.ts#the digest of a tree is that of its value around 64 KiB',
]

export const isWanted = (test: string): boolean =>
  withSlow || !slow.some((part) => test.includes(`/${part}`))

/** How many places of changes a test may come to, each time counted, to be run for mutants. */
export const mostHits = withSlow ? Number.POSITIVE_INFINITY : 100_000

import { Diagnostics } from '../policy/diagnostic.ts'
import type { PolicyTest } from '../policy/document.ts'
import { readTest } from '../policy/read-tests.ts'
import { parsePolicyText } from '../policy/read.ts'
import { listOf, mapping } from '../policy/shape.ts'
import { textOf } from '../policy/texts.ts'
import { Source } from '../policy/source.ts'

/** Tests with the text they stand in. */
export interface Suite {
  readonly source: Source
  readonly tests: readonly PolicyTest[]
}

export interface SuiteFile extends Suite {
  /** The policy under test, relative to the file. */
  readonly policy: string
}

const fields = mapping(
  'a test file',
  {
    policy: textOf({ what: 'the path of a policy', maxLength: 4096 }),
    tests: listOf('`tests`', readTest, { minimum: 0 }),
  },
  { $schema: textOf({ what: 'a schema' }), description: textOf({ what: 'a description' }) },
)

/** True for names of files that hold tests alone: `*.test.yaml`, `*.test.yml`, `*.test.json`. */
export function isSuiteFile(path: string): boolean {
  return /\.test\.(ya?ml|json)$/.test(path)
}

/**
 * Reads a test file: `policy`, the path of the policy relative to it, and `tests`, in the words of
 * policy files. Throws `bad-policy` with all its errors.
 */
export function readSuiteFile(text: string, file: string): SuiteFile {
  const source = new Source(file, text)
  const diagnostics = new Diagnostics(source)
  const root = parsePolicyText(text, diagnostics)
  const read = root === undefined ? undefined : fields(root, diagnostics)
  diagnostics.throwErrors()
  return { source, policy: read!.policy, tests: read!.tests }
}

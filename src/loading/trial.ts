import { lintPolicy } from '../analysis/lint.ts'
import { runSuite, type SuiteOptions } from '../analysis/suite.ts'
import type { Clock } from '../base/clock.ts'
import { createAuthenticator } from '../gate/authenticate.ts'
import { Diagnostics, throwAll, throwFindings } from '../policy/diagnostic.ts'
import type { PolicyFile } from '../policy/document.ts'
import { layersOf } from '../policy/inherited.ts'
import type { Policy } from '../policy/policy.ts'
import type { Tool } from '../tools/tool.ts'
import { keyAccess } from './key-files.ts'
import { compileFor } from './text.ts'

export interface TrialOptions {
  readonly path: string
  readonly clock: Clock
}

/**
 * Holds a policy against tools and against itself: errors of the lints, callers that cannot be
 * told, and the tests of every file with rules. Rejects with `bad-policy` or `bad-option`.
 */
export async function tryPolicy(
  file: PolicyFile,
  tools: readonly Tool[] | undefined,
  { path, clock }: TrialOptions,
): Promise<Policy> {
  const policy = compileFor(file, tools)
  const given = tools === undefined ? {} : { tools }
  throwFindings(lintPolicy(file, given))
  createAuthenticator(policy.identity, { clock, ...keyAccess(path) })
  const suites = layersOf(file).map((layer) => {
    const whole = layer === file ? policy : compileFor(layer, tools)
    return failuresOf(whole, { ...given, now: clock.now() })
  })
  throwAll(await Promise.all(suites))
  return policy
}

async function failuresOf(policy: Policy, options: SuiteOptions): Promise<Diagnostics> {
  const diagnostics = new Diagnostics(policy.document.source)
  for (const { passed, test, decision } of await runSuite(policy, options)) {
    if (passed) continue
    const came = `\`${decision.effect}\` by \`${decision.rule}\``
    const message = `the test \`${test.name}\` expects \`${test.expect}\`, and it was ${came}`
    diagnostics.error(test.at, 'failed-test', message)
  }
  return diagnostics
}

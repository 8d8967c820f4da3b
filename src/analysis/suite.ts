import { prepareRehearsals } from '../gate/rehearsal.ts'
import type { PolicyTest } from '../policy/document.ts'
import type { Policy } from '../policy/policy.ts'
import type { Decision } from '../protocol/decision.ts'
import { hasMethods } from '../protocol/option-checks.ts'
import type { Tool } from '../tools/tool.ts'
import { callerOf } from './callers.ts'
import { clockAt, decideScenario, type Begin } from './scenario.ts'

/** How a case of a policy file came out. */
export interface TestResult {
  readonly test: PolicyTest
  readonly passed: boolean
  readonly decision: Decision
}

export interface SuiteOptions {
  /** Milliseconds since the epoch. Without it, rules with a time window cannot be evaluated. */
  readonly now?: number
  /** Tools with schemas, to validate arguments with; of others any arguments are accepted. */
  readonly tools?: readonly Tool[]
  /** Default: those of the policy file. */
  readonly tests?: readonly PolicyTest[]
}

const isCompiled = hasMethods(
  'a compiled policy',
  ['decide'],
  'pass what `compilePolicy` gives, or `compile` of a loaded policy',
)

/**
 * Runs the tests of a policy, each in a session of its own, through the gate that runs use. No
 * tool runs: earlier calls of a test count as made, with the results the test gives them. A case
 * without `as` is anonymous. Rejects with `bad-option` what is no compiled policy.
 *
 * @example
 * ```ts
 * const results = await runSuite((await loadPolicy('desk.yaml')).compile(), { now: Date.now() })
 * const failed = results.filter(({ passed }) => !passed)
 * ```
 */
export async function runSuite(
  policy: Policy,
  { now, tools = [], tests }: SuiteOptions = {},
): Promise<readonly TestResult[]> {
  isCompiled('policy', policy)
  const begin = await prepareRehearsals(policy, { tools, clock: clockAt(now) })
  const results: TestResult[] = []
  for (const test of tests ?? policy.tests) results.push(await runTest(test, policy, begin))
  return results
}

/** True when every test passes; stops at the first that does not. */
export async function passes(
  policy: Policy,
  { now, tools = [], tests = policy.tests }: SuiteOptions,
): Promise<boolean> {
  const begin = await prepareRehearsals(policy, { tools, clock: clockAt(now) })
  for (const test of tests) if (!(await runTest(test, policy, begin)).passed) return false
  return true
}

async function runTest(test: PolicyTest, policy: Policy, begin: Begin): Promise<TestResult> {
  const { call, expect, by, ...situation } = test
  const principal = callerOf(test, policy)
  const scenario = { ...situation, principal, tool: call.tool, args: call.args ?? {} }
  const decision = await decideScenario(begin, scenario)
  const passed =
    decision.effect === expect && (by === undefined || isDecidedBy(decision, by, policy))
  return { test, passed, decision }
}

/** The id of a sequence or limit may stand without its kind, unless a rule has that id. */
function isDecidedBy({ rule }: Decision, by: string, policy: Policy): boolean {
  if (rule === by) return true
  const isOther = rule === `sequences.${by}` || rule === `limits.${by}`
  return (
    isOther && !policy.layers.some(({ document }) => document.rules.some(({ id }) => id === by))
  )
}

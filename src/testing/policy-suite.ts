import { AssertionError } from 'node:assert'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { runSuite, type SuiteOptions, type TestResult } from '../analysis/suite.ts'
import { isSuiteFile, readSuiteFile, type Suite } from '../analysis/suite-file.ts'
import { fileFailure } from '../base/file-failure.ts'
import { shorten, visible } from '../base/text.ts'
import { loadPolicy, type LoadedPolicy, type LoadOptions } from '../loading/file.ts'
import type { PolicyTest } from '../policy/document.ts'
import type { Policy } from '../policy/policy.ts'
import type { Decision, Position } from '../protocol/decision.ts'
import { isLoadedPolicy } from '../protocol/option-checks.ts'
import { decidingRule, placeText } from '../protocol/place.ts'
import type { Principal } from '../protocol/principal.ts'
import { toTools, type Tool, type ToolDefinition } from '../tools/tool.ts'

/** One of the `tests:` of a policy. */
export interface PolicyCase {
  readonly name: string
  /** Where it is written. */
  readonly place: Position
  /** Rejects with an `AssertionError` that says what was decided, by which rule, where and why. */
  run(): Promise<void>
}

export interface PolicySuiteOptions extends LoadOptions {
  /** Tools the policy is held against; their schemas validate the arguments. Default: none. */
  readonly tools?: readonly (Tool | ToolDefinition)[]
  /** Milliseconds since the epoch. Without it, rules with a time window cannot be evaluated. */
  readonly now?: number
}

/** A call, who makes it and what was before, in the words of `tests:`, and what is expected. */
export interface ExpectedDecision extends Pick<PolicyTest, 'prompt' | 'call' | 'expect'> {
  /** Default: a caller who is not known. */
  readonly as?: Partial<Principal>
  readonly given?: PolicyTest['given']
  /** Id of what decides. */
  readonly by?: string
}

/**
 * The tests of a policy file, or of a `*.test.yaml` beside it, for whatever runs tests. Throws what
 * `loadPolicy` throws; a file without any test is an error too, since it would pass as one.
 *
 * @example
 * ```ts
 * for (const { name, run } of await policySuite('policies/desk.yaml', { tools })) test(name, run)
 * ```
 */
export async function policySuite(
  path: string,
  options: PolicySuiteOptions = {},
): Promise<readonly PolicyCase[]> {
  const { tools, now, ...rest } = options
  const { loaded, suite } = await read(path, rest)
  const policy = compiled(loaded, tools)
  if (suite.tests.length === 0) {
    throw new AssertionError({ message: `\`${shorten(path, 200)}\` has no tests` })
  }
  return suite.tests.map((test) => ({
    name: test.name,
    place: { file: suite.source.file, ...suite.source.point(test.at.start) },
    async run() {
      const [result] = await runSuite(policy, { ...suiteOptions(tools, now), tests: [test] })
      check(result!, { file: suite.source.file, ...suite.source.point(test.at.start) })
    },
  }))
}

/**
 * Decides one call by a policy, in a session of its own, through the gate that runs use; nothing
 * runs. Returns the decision, and rejects with an `AssertionError` when it is another than expected.
 * Rejects with `bad-policy` for what no test of a policy could say.
 *
 * @example
 * ```ts
 * const call = { tool: 'refund', args: { order: 'O-7', amount: 900 } }
 * await expectDecision(policy, { as: ada, call, expect: 'ask', by: 'refund-large' })
 * ```
 */
export async function expectDecision(
  policy: LoadedPolicy,
  expected: ExpectedDecision,
  { tools, now }: Pick<PolicySuiteOptions, 'tools' | 'now'> = {},
): Promise<Decision> {
  isLoadedPolicy('policy', policy)
  const name = 'the expected decision'
  const text = JSON.stringify({ policy: '.', tests: [{ name, ...expected }] })
  const { tests } = readSuiteFile(text, name)
  const options = { ...suiteOptions(tools, now), tests }
  const [result] = await runSuite(compiled(policy, tools), options)
  check(result!)
  return result!.decision
}

async function read(
  path: string,
  options: LoadOptions,
): Promise<{ readonly loaded: LoadedPolicy; readonly suite: Suite }> {
  if (isSuiteFile(path)) {
    const suite = readSuiteFile(await textOf(path), path)
    return { loaded: await loadPolicy(join(dirname(path), suite.policy), options), suite }
  }
  const loaded = await loadPolicy(path, options)
  return { loaded, suite: loaded.file }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw fileFailure(`\`${shorten(path, 200)}\``, 'read', error)
  }
}

function compiled(loaded: LoadedPolicy, tools: PolicySuiteOptions['tools']): Policy {
  return loaded.compile(tools === undefined ? undefined : toTools(tools))
}

function suiteOptions(tools: PolicySuiteOptions['tools'], now: number | undefined): SuiteOptions {
  return {
    ...(tools === undefined ? {} : { tools: toTools(tools) }),
    ...(now === undefined ? {} : { now }),
  }
}

/** With a place, the error seems to come from there: runners show the lines around it. */
function check({ test, passed, decision }: TestResult, place?: Position): void {
  if (passed) return
  const { call, expect, by } = test
  const error = new AssertionError({
    message: [
      `expected ${expect}${by === undefined ? '' : ` by ${visible(by)}`}, got ${decision.effect} by ${visible(decision.rule)}${placeOf(decision)}`,
      `  call: ${shorten(call.tool, 128)} ${shorten(JSON.stringify(call.args ?? {}), 300)}`,
      ...decision.reasons.map((reason) => `  why: ${shorten(reason, 500)}`),
    ].join('\n'),
    actual: { effect: decision.effect, by: decision.rule },
    expected: { effect: expect, by: by ?? decision.rule },
    operator: 'expectDecision',
    stackStartFn: check,
  })
  if (place !== undefined) {
    const where = placeText({ ...place, file: resolve(place.file) })
    error.stack = `${error.name}: ${error.message}\n    at tests (${where})`
  }
  throw error
}

/** Where the rule that decided is written, if a rule did. */
function placeOf(decision: Decision): string {
  const deciding = decidingRule(decision)
  return deciding === undefined ? '' : ` (${placeText(deciding)})`
}

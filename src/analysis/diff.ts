import { strictnessOf } from '../policy/layers.ts'
import { filesOf } from '../policy/inherited.ts'
import type { Policy } from '../policy/policy.ts'
import type { Decision, Effect, RuleReference } from '../protocol/decision.ts'
import type { Tool } from '../tools/tool.ts'
import { callerOf } from './callers.ts'
import { coverables, type Coverable } from './coverage.ts'
import { generate } from './generate.ts'
import { replayTrace, type Replay } from './replay.ts'
import { decideScenario, type Scenario } from './scenario.ts'
import type { Trace } from './trace.ts'

/** What came of a call. */
export interface Outcome {
  readonly effect: Effect
  readonly rule: string
}

/** A call that stands for all that changed in the same way. */
export interface Example extends Scenario {
  /** Of a recorded call: `trace, call id or number`. */
  readonly recorded?: string
}

/** Calls of one tool that two rules decide differently. */
export interface Change {
  readonly tool: string
  readonly before: Outcome
  readonly after: Outcome
  readonly count: number
  readonly example: Example
}

export interface Difference {
  /** Newly allowed first, then milder, then stricter. */
  readonly changes: readonly Change[]
  readonly recorded: number
  readonly generated: number
  /** Tools of which not every generated combination was tried. */
  readonly partly: readonly string[]
  /** Rules of the new policy that had no say in any recorded call; in any call without records. */
  readonly unused: readonly Coverable[]
}

export function isNewlyAllowed({ before, after }: Pick<Change, 'before' | 'after'>): boolean {
  return after.effect === 'allow' && before.effect !== 'allow'
}

/**
 * Decides calls under two policies and collects what differs in effect: recorded calls, each
 * trace as one session, and generated calls at every cut of both policies, the tests of both
 * included. Memory holds one trace and one example for each kind of change.
 */
export async function diffPolicies(
  before: Replay,
  after: Replay,
  { tools = [], traces }: { tools?: readonly Tool[]; traces?: AsyncIterable<Trace> },
): Promise<Difference> {
  const collector = new Collector()
  if (traces !== undefined) {
    for await (const trace of traces) await compareTrace(before, after, trace, collector)
  }
  const recorded = collector.count
  const used = recorded > 0 ? collector.usedSoFar() : undefined
  const { scenarios, partly } = generate([before.policy.document, after.policy.document], tools)
  for (const scenario of [...testScenarios(before), ...testScenarios(after), ...scenarios]) {
    const was = await decideScenario(before.begin, scenario)
    const is = await decideScenario(after.begin, scenario)
    collector.add(was, is, scenario)
  }
  return {
    changes: collector.changes(),
    recorded,
    generated: collector.count - recorded,
    partly,
    unused: unusedRules(after.policy, used ?? collector.usedSoFar()),
  }
}

async function compareTrace(
  before: Replay,
  after: Replay,
  trace: Trace,
  collector: Collector,
): Promise<void> {
  const was = await replayTrace(before, trace)
  const is = await replayTrace(after, trace)
  const { principal = after.caller } = trace
  for (const [index, { call, decision }] of is.calls.entries()) {
    const recorded = `${trace.id}, call ${call.id ?? index + 1}`
    const example = { principal, given: [], tool: call.name, args: call.args ?? {}, recorded }
    collector.add(was.calls[index]!.decision, decision, example)
  }
}

/** The tests of a policy, with what they say was called before. */
function testScenarios({ policy }: Replay): readonly Scenario[] {
  return filesOf([policy.document]).flatMap(({ tests }) =>
    tests.map(({ as, call, given, prompt }) => ({
      principal: callerOf(as === undefined ? {} : { as }, policy),
      ...(prompt === undefined ? {} : { prompt }),
      given,
      tool: call.tool,
      args: call.args ?? {},
    })),
  )
}

class Collector {
  count = 0
  readonly #changes = new Map<string, { -readonly [Key in keyof Change]: Change[Key] }>()
  readonly #used = new Set<string>()

  add(was: Decision, is: Decision, example: Example): void {
    this.count++
    for (const reference of is.rules) this.#used.add(keyOf(reference))
    if (was.effect === is.effect) return
    const before = { effect: was.effect, rule: was.rule }
    const after = { effect: is.effect, rule: is.rule }
    const key = JSON.stringify([example.tool, before, after])
    const known = this.#changes.get(key)
    if (known !== undefined) known.count++
    else this.#changes.set(key, { tool: example.tool, before, after, count: 1, example })
  }

  usedSoFar(): ReadonlySet<string> {
    return new Set(this.#used)
  }

  changes(): readonly Change[] {
    return [...this.#changes.values()].toSorted(
      (a, b) => placeOf(a) - placeOf(b) || (a.tool < b.tool ? -1 : 1),
    )
  }
}

function placeOf(change: Change): number {
  if (isNewlyAllowed(change)) return 0
  const { before, after } = change
  return strictnessOf(after) < strictnessOf(before) ? 1 : 2
}

function keyOf({ file, line, column }: Omit<RuleReference, 'id' | 'effect'>): string {
  return JSON.stringify([file, line, column])
}

function unusedRules(policy: Policy, used: ReadonlySet<string>): readonly Coverable[] {
  const ids = new Set(policy.document.rules.map(({ id }) => id))
  return coverables(policy.document).filter((part) => ids.has(part.rule) && !used.has(keyOf(part)))
}

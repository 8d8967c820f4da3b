import { carryOn, type Revocation } from './carry-on.ts'
import { checkCarrier, checkOwnCarrier, whileCarried } from './carried-runs.ts'
import { errorFrom, SallyportError } from './base/errors.ts'
import { shorten } from './base/text.ts'
import { recordedBy } from './gate/answer.ts'
import { readChildRuns, type ChildRuns } from './child-runs.ts'
import { givenAnswers } from './given-answers.ts'
import { checkResumable, checkTools, readWhole } from './past-runs.ts'
import type { Principal } from './protocol/principal.ts'
import type { ResumeDecision, ResumeOptions } from './resume-options.ts'
import { compileOutput } from './run/output.ts'
import type { Past } from './run/past.ts'
import { openQuestions } from './run/past-questions.ts'
import type { Resolution } from './run/take-up.ts'
import type { RunLimits } from './run/stop.ts'
import { narrowedLimits, type RunResult } from './runtime-options.ts'
import { inConversation, usable, withConversation, type Conversation } from './session-history.ts'
import { checkPoint, type Snapshot } from './snapshot.ts'
import type { RuntimeParts, StartedRun } from './started-run.ts'
import { entryRefusal } from './turned-away.ts'
import { compileScope } from './task-scope.ts'

/** Carries a run of the journal on, from its first new record to its result. */
export async function resume(
  parts: RuntimeParts,
  started: StartedRun<ResumeOptions>,
  snapshot?: Snapshot,
): Promise<RunResult> {
  const { runId, run } = started
  const past = await readWhole(parts.journal, runId)
  checkResumable(past)
  if (snapshot !== undefined) {
    await checkPoint(snapshot, past, (from) => parts.journal.read(runId, from))
  }
  if (run.takeOver !== true) checkCarrier(parts.journal, past)
  checkOwnCarrier(parts.gate, runId)
  checkTools(parts.toolbox, past, run.acceptTools)
  const tree = await readChildRuns(parts, past, run)
  const answerer = await answererOf(parts, run)
  const pasts = [past, ...tree.open]
  checkDecisions(pasts, run.decisions ?? [])
  checkResolve(pasts, run.resolve ?? {})
  return inTurn(parts, started, past, () =>
    whileCarried(parts, runId, () =>
      inOwnConversation(parts, started, past, (conversation) =>
        continued(parts, started, past, { answerer, conversation, tree }),
      ),
    ),
  )
}

/** Rejects where the caller of the run was stopped, or another run of its session is at work. */
async function inTurn(
  { sessions, stops }: RuntimeParts,
  { runId, signal, stop }: StartedRun<ResumeOptions>,
  { start: { principal, session } }: Past,
  work: () => Promise<RunResult>,
): Promise<RunResult> {
  const leave = await sessions.enter(session, signal)
  const context = { runId, session, principal }
  // the caller may be stopped while the run is made ready
  const standDown = stops.enter(context, stop)
  try {
    const refusal = entryRefusal({ stops }, context, leave === undefined)
    if (refusal === undefined) return await work()
    throw errorFrom(refusal.error)
  } finally {
    standDown()
    leave?.()
  }
}

/**
 * Rejects where the conversation cannot be used, another process works on it, or the runtime was
 * closed while the run waited for it.
 */
function inOwnConversation(
  parts: RuntimeParts,
  { signal }: StartedRun<ResumeOptions>,
  { start }: Past,
  work: (conversation: Conversation | undefined) => Promise<RunResult>,
): Promise<RunResult> {
  const isKept = parts.history !== undefined && start.session !== undefined
  return inConversation(parts, { ...start, session: start.session }, signal, async (found) => {
    const conversation = usable(found)
    // calls that wait are judged by what was said and done before; of a run that was stopped none runs
    if (isKept && conversation === undefined && !signal.aborted) throw closedMeanwhile()
    return work(conversation)
  })
}

function closedMeanwhile(): SallyportError {
  const message = 'the runtime was closed while the run waited for its conversation'
  return new SallyportError('runtime-closed', message, { help: 'resume it in another runtime' })
}

/** What a run goes on with beside its record. */
interface Company {
  readonly answerer: Principal | undefined
  readonly conversation: Conversation | undefined
  readonly tree: ChildRuns
}

async function continued(
  parts: RuntimeParts,
  started: StartedRun<ResumeOptions>,
  past: Past,
  { answerer, conversation, tree }: Company,
): Promise<RunResult> {
  const { runId, run, signal } = started
  const { principal, scope, session } = past.start
  const messages =
    past.turns.length > 0
      ? past.start.messages
      : withConversation(past.start.messages, conversation)
  const compiled = scope && (await compileScope(scope, parts.tools))
  const context = { runId, session, principal, scope: compiled, signal }
  const limits = narrowedLimits(started.limits, past.start.limits as Partial<RunLimits>)
  const given = givenAnswers(parts.journal, run.decisions ?? [], answerer)
  const resolutions = resolutionsOf(run, answerer)
  const takeOver = run.takeOver === true
  const known = new Set<string>()
  const resumed = { tree, given, resolutions, takeOver, known }
  const carried = { ...started, limits }
  return carryOn(parts, carried, {
    context,
    output: run.output && (await compileOutput(run.output)),
    approve: run.approve ?? parts.options.approve,
    given,
    resolutions,
    past,
    messages,
    conversation,
    heard: messages,
    takeOver,
    isKnown: false,
    revocations: revocationsOf(past, run, answerer),
    ...parts.delegationFor?.({ parts, started: carried, context, resumed }),
  })
}

/** Throws `approval-unknown` for requests that were never made. */
function revocationsOf(
  { events }: Past,
  { revoke = [] }: ResumeOptions,
  answerer: Principal | undefined,
): readonly Revocation[] {
  const by = answerer === undefined ? null : recordedBy(answerer)
  const requests = events.filter((event) => event.type === 'approval-request')
  return revoke.map((approvalId) => {
    const request = requests.find((each) => each.approvalId === approvalId)
    if (request !== undefined) {
      const { callId } = request
      return { type: 'approval-decision', approvalId, callId, action: 'revoke', by }
    }
    throw new SallyportError('approval-unknown', `\`${approvalId}\` is no request of this run`, {
      help: 'name requests whose answers are to be forgotten',
    })
  })
}

/** Who answers; undefined for somebody who does not say. */
async function answererOf(
  parts: RuntimeParts,
  { answeredBy }: ResumeOptions,
): Promise<Principal | undefined> {
  if (answeredBy === undefined) return undefined
  const caller = await parts.authenticator(parts.policy()).authenticate(answeredBy)
  if (caller.ok) return caller.principal
  throw errorFrom(caller.error)
}

/** An answer to a question of another run, or to one that has its answer, settles nothing. */
function checkDecisions(pasts: readonly Past[], decisions: readonly ResumeDecision[]): void {
  const questions = pasts.flatMap((past) => openQuestions(past))
  const open = new Set(questions.map(({ id }) => id))
  const seen = new Set<string>()
  for (const { id } of decisions) {
    if (open.has(id) && !seen.has(id)) seen.add(id)
    else {
      throw new SallyportError('approval-unknown', `\`${id}\` is no open request of this run`, {
        help: 'answer each request of `result.approvals` once',
      })
    }
  }
}

/**
 * A verdict on no call, such as a misspelt one, would settle nothing. One on a call that is settled
 * is over, and calls of agents that have ended are not looked for.
 */
function checkResolve(
  pasts: readonly Past[],
  resolve: NonNullable<ResumeOptions['resolve']>,
): void {
  const calls = pasts.flatMap(({ turns }) => turns.flatMap((turn) => turn.calls))
  const known = new Set(calls.map(({ call }) => call.callId))
  const mayBeOfAgent = (callId: string): boolean =>
    isCallId(callId) && !callId.startsWith(`${pasts[0]!.start.runId}-`)
  const strange = Object.keys(resolve).find((id) => !known.has(id) && !mayBeOfAgent(id))
  if (strange === undefined) return
  const message = `\`resolve\` names \`${shorten(strange, 128)}\`, which is no call of this run`
  throw new SallyportError('bad-option', message, {
    help: 'name calls of `result.inDoubt`, as `sallyport approvals` lists them too',
  })
}

function isCallId(text: string): boolean {
  return /^run_[0-9a-z]+-[0-9]+-[0-9]+$/.test(text)
}

function resolutionsOf(
  { resolve = {} }: ResumeOptions,
  answerer: Principal | undefined,
): ReadonlyMap<string, Resolution> {
  const by = answerer?.subject ?? 'an operator'
  return new Map(Object.entries(resolve).map(([callId, outcome]) => [callId, { outcome, by }]))
}

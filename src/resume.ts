import { openCarrier, recordBeginning } from './carrier.ts'
import { callerOf, environmentOf, type RuntimeParts, type StartedRun } from './carry.ts'
import { checkCarrier, checkOwnCarrier, whileCarried } from './carried-runs.ts'
import { SallyportError } from './base/errors.ts'
import { conclude } from './conclude.ts'
import type { JournalRecord } from './journal/journal.ts'
import { recallCosts } from './cost/recall.ts'
import { givenAnswers } from './given-answers.ts'
import type { JudgeContext } from './gate/verdict.ts'
import type { Principal } from './protocol/principal.ts'
import type { EndStatus } from './protocol/run-event.ts'
import { verifyChain } from './report/verify.ts'
import type { ResumeDecision, ResumeOptions } from './resume-options.ts'
import { carryRun } from './run/loop.ts'
import type { EventBody, Recorder } from './run/recorder.ts'
import { compileOutput } from './run/output.ts'
import { RememberedAnswers } from './run/remembered.ts'
import { openQuestions, readPast, withoutAnswered, type Past } from './run/past.ts'
import type { Resolution } from './run/take-up.ts'
import type { RunLimits } from './run/stop.ts'
import { finiteLimits, narrowedLimits, type RunResult } from './runtime-options.ts'
import { isFinal } from './rested-runs.ts'
import { inConversation, usable, withConversation, type Conversation } from './session-history.ts'
import { checkPoint, type Snapshot } from './snapshot.ts'
import { entryRefusal } from './turned-away.ts'
import { compileScope } from './task-scope.ts'

/** Ends after which a run may be taken up where it stopped. */
const failures: ReadonlySet<EndStatus | 'open'> = new Set(['error', 'cancelled', 'timeout'])

/** Carries a run of the journal on, from its first new record to its result. */
export async function resume(
  parts: RuntimeParts,
  started: StartedRun<ResumeOptions>,
  snapshot?: Snapshot,
): Promise<RunResult> {
  const { runId, run } = started
  const past = await readWhole(parts, runId)
  if (snapshot !== undefined) {
    await checkPoint(snapshot, past, (from) => parts.journal.read(runId, from))
  }
  if (run.takeOver !== true) checkCarrier(parts.journal, past)
  checkOwnCarrier(parts.gate, runId)
  checkTools(parts, past, run.acceptTools ?? [])
  const answerer = await answererOf(parts, run)
  checkDecisions(past, run.decisions ?? [])
  return inTurn(parts, started, past, () =>
    whileCarried(parts, runId, () => inOwnConversation(parts, started, past, answerer)),
  )
}

/** Rejects where the caller of the run was stopped, or another run of its session is at work. */
async function inTurn(
  { sessions, stops }: RuntimeParts,
  { runId, signal }: StartedRun<ResumeOptions>,
  { start: { principal, session } }: Past,
  work: () => Promise<RunResult>,
): Promise<RunResult> {
  const leave = await sessions.enter(session, signal)
  try {
    const context = { runId, session, principal }
    const refusal = entryRefusal({ stops }, context, leave === undefined)
    if (refusal === undefined) return await work()
    const { code, help, message } = refusal.error
    throw new SallyportError(code, message, help === undefined ? {} : { help })
  } finally {
    leave?.()
  }
}

/** Rejects where the conversation cannot be used, or another process works on it. */
function inOwnConversation(
  parts: RuntimeParts,
  started: StartedRun<ResumeOptions>,
  past: Past,
  answerer: Principal | undefined,
): Promise<RunResult> {
  return inConversation(
    parts,
    { ...past.start, session: past.start.session },
    started.signal,
    (found) => carryOn(parts, started, past, answerer, usable(found)),
  )
}

async function carryOn(
  parts: RuntimeParts,
  started: StartedRun<ResumeOptions>,
  past: Past,
  answerer: Principal | undefined,
  conversation: Conversation | undefined,
): Promise<RunResult> {
  const { runId, run } = started
  const revocations = revocationsOf(past, run, answerer)
  const { principal, scope, session } = past.start
  const messages =
    past.turns.length > 0
      ? past.start.messages
      : withConversation(past.start.messages, conversation)
  const context: JudgeContext = {
    runId,
    session,
    principal,
    scope: scope && (await compileScope(scope, parts.tools)),
    signal: started.signal,
  }
  const limits = narrowedLimits(started.limits, past.start.limits as Partial<RunLimits>)
  const output = run.output && (await compileOutput(run.output))
  const opening = { conversation, messages }
  const carrier = openCarrier(parts, { ...started, limits }, opening, { past })
  recordBeginning(carrier, parts, {
    context,
    messages: [],
    limits: finiteLimits(limits),
    scope,
    resumed: { head: past.head, ...(isTakenOver(past, run) ? { tookOver: true } : {}) },
  })
  const remembered = RememberedAnswers.from(past.events)
  revokeAnswers(carrier.recorder, remembered, revocations)
  // before anything is done: another process may be carrying the run
  await carrier.recorder.flush()
  const isCounted = parts.rested.delete(runId)
  if (conversation !== undefined) parts.gate.remember(context, conversation.earlier)
  if (!isCounted || session === undefined) parts.gate.begin(context, messages)
  if (!isCounted) recallCostsOf(parts, past, context)
  const leave = parts.stops.enter(context, started.stop)
  const outcome = await carryRun({
    ...environmentOf(carrier, parts, {
      context,
      messages,
      output,
      past: {
        turns: withoutAnswered(past.turns, run.revoke),
        unheard: past.unheard,
        isFailed: failures.has(past.status),
        isCounted,
        resolutions: resolutionsOf(run, answerer),
      },
    }),
    approve: run.approve ?? parts.options.approve,
    given: givenAnswers(parts.journal, run.decisions ?? [], answerer),
    remembered,
    askAgain: true,
  })
  leave()
  parts.gate.forget(context)
  parts.rested.note(runId, outcome.status)
  return conclude(parts, carrier, outcome)
}

type Revocation = Extract<EventBody, { type: 'approval-decision' }>

/** Throws `approval-unknown` for requests that were never made. */
function revocationsOf(
  { events }: Past,
  { revoke = [] }: ResumeOptions,
  answerer: Principal | undefined,
): readonly Revocation[] {
  const by = answerer === undefined ? null : { subject: answerer.subject, roles: answerer.roles }
  return revoke.map((approvalId) => {
    const request = events.find(
      (event) => event.type === 'approval-request' && event.approvalId === approvalId,
    )
    if (request?.type === 'approval-request') {
      const { callId } = request
      return { type: 'approval-decision', approvalId, callId, action: 'revoke', by }
    }
    throw new SallyportError('approval-unknown', `\`${approvalId}\` is no request of this run`, {
      help: 'name requests whose answers are to be forgotten',
    })
  })
}

function revokeAnswers(
  recorder: Recorder,
  remembered: RememberedAnswers,
  revocations: readonly Revocation[],
): void {
  for (const revocation of revocations) {
    recorder.emit(revocation)
    remembered.revoke(revocation.approvalId)
  }
}

function recallCostsOf(
  { costs }: RuntimeParts,
  { start, turns }: Past,
  context: JudgeContext,
): void {
  if (costs === undefined) return
  const asked = { provider: start.model.provider, model: start.model.id, caller: callerOf(context) }
  recallCosts(
    costs,
    asked,
    turns.map(({ usage }) => usage),
  )
}

function isTakenOver({ status }: Past, { takeOver }: ResumeOptions): boolean {
  return status === 'open' && takeOver === true
}

/** The record of the run, which has to be as it was written. */
async function readWhole({ journal }: RuntimeParts, runId: string): Promise<Past> {
  // read once: a carrier elsewhere may go on meanwhile, and what is proved is what is used
  const records: JournalRecord[] = []
  for await (const record of journal.read(runId)) records.push(record)
  const past = await readPast(runId, records)
  const { message, verdict } = await verifyChain(records, { head: past.head, runId })
  if (verdict !== 'CONSISTENT' && verdict !== 'INCOMPLETE' && verdict !== 'OPEN_CALLS') {
    throw new SallyportError('bad-journal', `the record of run \`${runId}\`: ${message}`, {
      help: 'a record that was altered is not carried on; restore the journal from a copy',
    })
  }
  if (past.start.principal === null) {
    throw new SallyportError('run-not-resumable', `run \`${runId}\` acts for nobody who is known`, {
      help: 'start another run, as a caller the policy knows',
    })
  }
  if (past.status !== 'open' && isFinal(past.status)) {
    throw new SallyportError('run-not-resumable', `run \`${runId}\` has ended: ${past.status}`, {
      help: 'start another run, with its `messages` if it is to know of this one',
    })
  }
  return past
}

/** A tool by the same name may do something else by now. */
function checkTools(
  { registry }: RuntimeParts,
  { start }: Past,
  accepted: readonly string[],
): void {
  const changed = Object.entries(start.definitions ?? {})
    .filter(([name, digest]) => (registry.definitions[name] ?? digest) !== digest)
    .map(([name]) => name)
    .filter((name) => !accepted.includes(name))
  if (changed.length === 0) return
  throw new SallyportError(
    'tool-drift',
    `changed since the run began: ${changed.map((name) => `\`${name}\``).join(', ')}`,
    { help: 'look at what has changed, then name them in `acceptTools`' },
  )
}

/** Who answers; undefined for somebody who does not say. */
async function answererOf(
  parts: RuntimeParts,
  { answeredBy }: ResumeOptions,
): Promise<Principal | undefined> {
  if (answeredBy === undefined) return undefined
  const caller = await parts.authenticator(parts.policy()).authenticate(answeredBy)
  if (caller.ok) return caller.principal
  const { code, help, message } = caller.error
  throw new SallyportError(code, message, help === undefined ? {} : { help })
}

/** An answer to a question of another run, or to one that has its answer, settles nothing. */
function checkDecisions(past: Past, decisions: readonly ResumeDecision[]): void {
  const open = new Set(openQuestions(past).map(({ approvalId }) => approvalId))
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

function resolutionsOf(
  { resolve = {} }: ResumeOptions,
  answerer: Principal | undefined,
): ReadonlyMap<string, Resolution> {
  const by = answerer?.subject ?? 'an operator'
  return new Map(Object.entries(resolve).map(([callId, outcome]) => [callId, { outcome, by }]))
}

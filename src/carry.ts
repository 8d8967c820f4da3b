import { openCarrier, recordBeginning } from './carrier.ts'
import { carryToEnd, conclude } from './conclude.ts'
import type { AuthResult } from './gate/authenticate.ts'
import type { Message } from './protocol/message.ts'
import { environmentOf } from './run-environment.ts'
import { compileOutput } from './run/output.ts'
import { finiteLimits, type RunOptions, type RunResult } from './runtime-options.ts'
import {
  checkOwnMessages,
  inConversation,
  withConversation,
  type Found,
} from './session-history.ts'
import type { RuntimeParts, StartedRun } from './started-run.ts'
import { compileScope, scopesOf } from './task-scope.ts'
import { denied, entryRefusal, turnedAway } from './turned-away.ts'

/** Carries one run from its first record to its result. */
export async function carry(parts: RuntimeParts, started: StartedRun): Promise<RunResult> {
  const leave = await parts.sessions.enter(started.run.session, started.signal)
  try {
    return await carryInTurn(parts, started, leave === undefined)
  } finally {
    leave?.()
  }
}

async function carryInTurn(
  parts: RuntimeParts,
  started: StartedRun,
  isBusy: boolean,
): Promise<RunResult> {
  const { run, runId, signal } = started
  const caller = await parts.authenticator(parts.policy()).authenticate(run.auth)
  if (!caller.ok || isBusy) return carryFor(parts, started, caller, isBusy ? { isBusy: true } : {})
  const { principal } = caller
  const isKept = parts.history !== undefined && run.session !== undefined
  if (isKept) checkOwnMessages(run.messages)
  return inConversation(parts, { runId, session: run.session, principal }, signal, (found) =>
    carryFor(parts, started, caller, found),
  )
}

async function carryFor(
  parts: RuntimeParts,
  started: StartedRun,
  caller: AuthResult,
  { conversation, error, isBusy }: Found,
): Promise<RunResult> {
  const { run, runId } = started
  const principal = caller.ok ? caller.principal : null
  const output = run.output && (await compileOutput(run.output))
  const scope = run.scope && (await compileScope(run.scope, parts.tools))
  const { signal } = started
  const context = { runId, session: run.session, principal, scope, signal }
  const own = opening(parts.options.instructions, run)
  const messages = withConversation(own, conversation)
  const previousRuns = await parts.previousRuns?.unnamed()
  const carrier = openCarrier(parts, started, { conversation, messages, context }, { previousRuns })
  recordBeginning(carrier, parts, {
    context,
    messages,
    previousRuns,
    limits: finiteLimits(started.limits),
    scope: run.scope && scopesOf(run.scope),
  })
  const refusal = caller.ok
    ? (entryRefusal(parts, context, isBusy === true) ?? (error && { status: 'error', error }))
    : denied(caller.error)
  if (refusal !== undefined) {
    return conclude(parts, carrier, turnedAway(carrier.recorder, refusal, messages))
  }
  if (conversation !== undefined) parts.gate.remember(context, conversation.earlier)
  parts.gate.begin(context, own)
  const below = parts.delegationFor?.({ parts, started, context })
  const beginning = { context, messages, output, ...below }
  return carryToEnd(parts, carrier, environmentOf(carrier, parts, beginning))
}

function opening(instructions: string | undefined, run: RunOptions): readonly Message[] {
  const said: Message = { role: 'user', content: run.input }
  const system: readonly Message[] =
    instructions === undefined ? [] : [{ role: 'system', content: instructions }]
  return [...system, ...(run.messages ?? []), said].map((message) => Object.freeze(message))
}

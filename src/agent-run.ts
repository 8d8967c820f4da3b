import { openCarrier, recordBeginning } from './carrier.ts'
import { carryToEnd } from './conclude.ts'
import type { ToolCall } from './protocol/call.ts'
import type { Message } from './protocol/message.ts'
import type { Principal } from './protocol/principal.ts'
import { environmentOf } from './run-environment.ts'
import { finiteLimits, type RunResult } from './runtime-options.ts'
import type { CarryOptions, RuntimeParts, StartedRun } from './started-run.ts'
import type { Agent } from './sub-agent.ts'
import { scopesOf } from './task-scope.ts'

export interface Task {
  readonly prompt: string
  readonly call: ToolCall
  readonly parentId: string
  readonly beginning: Omit<Parameters<typeof environmentOf>[2], 'messages'>
}

/** A run of an agent from its first record on. */
export async function beginAgent(
  parts: RuntimeParts,
  started: StartedRun<CarryOptions>,
  { instructions, scope }: Agent,
  { beginning, call, parentId, prompt }: Task,
): Promise<RunResult> {
  const { context } = beginning
  const system: readonly Message[] =
    instructions === undefined ? [] : [{ role: 'system', content: instructions }]
  const messages: readonly Message[] = [...system, { role: 'user', content: prompt }]
  const previousRuns = await parts.previousRuns?.unnamed()
  const carrier = openCarrier(
    parts,
    started,
    { conversation: undefined, messages, context },
    { previousRuns },
  )
  recordBeginning(carrier, parts, {
    context,
    messages,
    previousRuns,
    limits: finiteLimits(started.limits),
    scope: scope && scopesOf(scope),
    parent: { runId: parentId, callId: call.callId },
  })
  // a model wrote the task, so that it is no source of anything
  parts.gate.begin(context, system)
  return carryToEnd(parts, carrier, environmentOf(carrier, parts, { ...beginning, messages }))
}

export function isInstruction({ role }: Message): boolean {
  return role === 'system'
}

/** The caller with an agent more between, and no more rights than before. */
export function actingThrough(
  { name, roles, scopes }: Agent,
  principal: Principal | null,
): Principal | null {
  if (principal === null) return null
  const { actors = [], agent } = principal
  const before = [...(agent === undefined ? [] : [agent]), ...actors]
  return {
    ...principal,
    roles: kept(principal.roles, roles),
    scopes: kept(principal.scopes, scopes),
    agent: name,
    ...(before.length === 0 ? {} : { actors: before }),
  }
}

function kept(held: readonly string[], wanted: readonly string[] | undefined): readonly string[] {
  return wanted === undefined ? held : held.filter((word) => wanted.includes(word))
}

export function settingsOf({ finalAnswer, settings, toolChoice }: Agent): CarryOptions {
  return {
    ...(finalAnswer === undefined ? {} : { finalAnswer }),
    ...(settings === undefined ? {} : { settings }),
    ...(toolChoice === undefined ? {} : { toolChoice }),
  }
}

/** What the call of an agent results in; throws where the agent has no answer. */
export function answerOf({ error, output, refusal, status, text }: RunResult): unknown {
  if (status === 'completed' && refusal === undefined) return output ?? text
  const why = error === undefined ? '' : ` (\`${error.code}\`)`
  throw new Error(
    refusal === undefined ? `the agent ended as \`${status}\`${why}` : 'the agent refused the task',
  )
}

import type { ExaminedCall } from '../gate/verdict.ts'
import type { Recorder } from './recorder.ts'

/** Writes down what the model wants, before anything is decided about it. */
export function recordProposal(
  recorder: Recorder,
  { call, args, argsDigest, tool, sensitive: wider }: ExaminedCall,
): void {
  const { callId, providerId, index, rawArgs } = call
  const sensitive = wider ?? tool?.sensitive ?? []
  const body = {
    type: 'tool-call' as const,
    callId,
    providerId,
    index,
    tool: call.tool,
    argsDigest,
    args,
    rawArgs,
  }
  recorder.emit(sensitive.length === 0 ? body : { ...body, sensitive })
}

/** Writes down that a call is about to run, and which run it leads to where its tool is an agent. */
export function recordIntent(
  recorder: Recorder,
  { call: { callId, tool }, argsDigest }: ExaminedCall,
  child: string | undefined,
): void {
  const intent = { callId, tool, argsDigest, idempotencyKey: callId }
  const type = 'execution-start'
  recorder.emit({ type, ...intent, ...(child === undefined ? {} : { child }) })
}

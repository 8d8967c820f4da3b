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

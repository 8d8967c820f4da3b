import { callId } from '../base/ids.ts'
import type { ToolCall } from '../protocol/call.ts'
import type { ToolCallPart, ToolMessage } from '../protocol/message.ts'
import type { ToolResulted } from '../protocol/run-event.ts'

/** A call as a model has made it, with its place in the run. */
export function toCall(
  { providerId, tool, arguments: rawArgs, defect }: Omit<ToolCallPart, 'type' | 'callId'>,
  runId: string,
  turn: number,
  index: number,
): ToolCall {
  return {
    callId: callId(runId, turn, index),
    providerId,
    turn,
    index,
    tool,
    rawArgs,
    ...(defect === undefined ? {} : { defect }),
  }
}

/** The answer to a call, for the model. */
export function toolMessage(
  { callId: id, providerId, tool }: ToolCall,
  { content, status }: Pick<ToolResulted, 'content' | 'status'>,
): ToolMessage {
  return { role: 'tool', callId: id, providerId, tool, content, isError: status !== 'success' }
}

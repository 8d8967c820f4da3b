import { isObject, parseJson, type JsonObject } from '../base/json.ts'
import { neverStarted } from '../protocol/call.ts'
import type { Earlier } from './verdict.ts'

/** A call of another run that may have done its work. */
export interface EarlierCall {
  readonly tool: string
  /** Empty where they are not known, which sequences read as any. */
  readonly args: JsonObject
  readonly succeeded: boolean
}

/** The calls of other runs that may have run; one whose end is not known has. */
export function earlierCalls(earlier: readonly Earlier[]): readonly EarlierCall[] {
  const proposed = new Map<string, string>()
  const calls: EarlierCall[] = []
  for (const { message, status, argsUnknown } of earlier) {
    if (message.role === 'assistant') {
      for (const part of message.content) {
        if (part.type === 'tool-call') proposed.set(part.callId, part.arguments)
      }
    }
    if (message.role !== 'tool' || (status !== undefined && neverStarted.has(status))) continue
    const { callId, tool } = message
    const args = argsUnknown === true ? {} : argumentsOf(proposed.get(callId))
    calls.push({ tool, args, succeeded: status === 'success' })
  }
  return calls
}

function argumentsOf(text: string | undefined): JsonObject {
  const parsed = text === undefined ? undefined : parseJson(text)
  return parsed?.ok === true && isObject(parsed.value) ? (parsed.value as JsonObject) : {}
}

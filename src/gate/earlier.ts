import { isObject, parseJson, type JsonObject } from '../base/json.ts'
import { neverStarted, type CallStatus } from '../protocol/call.ts'
import type { Earlier } from './verdict.ts'

/** A call of another run that may have done its work. */
export interface EarlierCall {
  readonly tool: string
  /** Empty where they are not known: any for what stops later calls, none for what lets them pass. */
  readonly args: JsonObject
  readonly succeeded: boolean
}

/** Whether something was called of which nobody knows what it was. */
export function hidesCalls(earlier: readonly Earlier[]): boolean {
  return earlier.some(({ below }) => below === null)
}

/**
 * The calls of other runs that may have run, those of agents below them included; one whose end is
 * not known has.
 */
export function earlierCalls(earlier: readonly Earlier[]): readonly EarlierCall[] {
  const proposed = new Map<string, string>()
  const calls: EarlierCall[] = []
  for (const { message, status, argsUnknown, below } of earlier) {
    for (const { tool, args = {}, status: ended } of below ?? []) {
      if (mayHaveRun(ended)) calls.push({ tool, args, succeeded: ended === 'success' })
    }
    if (message.role === 'assistant') {
      for (const part of message.content) {
        if (part.type === 'tool-call') proposed.set(part.callId, part.arguments)
      }
    }
    if (message.role !== 'tool' || !mayHaveRun(status)) continue
    const { callId, tool } = message
    const args = argsUnknown === true ? {} : argumentsOf(proposed.get(callId))
    calls.push({ tool, args, succeeded: status === 'success' })
  }
  return calls
}

function mayHaveRun(status: CallStatus | undefined): boolean {
  return status === undefined || !neverStarted.has(status)
}

function argumentsOf(text: string | undefined): JsonObject {
  const parsed = text === undefined ? undefined : parseJson(text)
  return parsed?.ok === true && isObject(parsed.value) ? (parsed.value as JsonObject) : {}
}

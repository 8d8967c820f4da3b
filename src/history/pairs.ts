import type { Message } from '../protocol/message.ts'

/** A call without its result, or a result without its call. */
export interface Unpaired {
  /** Index of the message that shows it. */
  readonly at: number
  readonly callId: string
  readonly problem: 'a result without its call' | 'a call without its result' | 'a repeated call'
}

/**
 * The first place at which calls and results do not belong together: every result has to follow the
 * answer that holds its call, before anything else is said, and every call needs one. Undefined
 * where all is well.
 */
export function unpaired(messages: readonly Message[]): Unpaired | undefined {
  const open = new Map<string, number>()
  const seen = new Set<string>()
  for (const [at, message] of messages.entries()) {
    if (message.role === 'tool') {
      const { callId } = message
      if (!open.delete(callId)) return { at, callId, problem: 'a result without its call' }
      continue
    }
    const waiting = firstOf(open)
    if (waiting !== undefined) return waiting
    if (message.role !== 'assistant') continue
    for (const part of message.content) {
      if (part.type !== 'tool-call') continue
      const { callId } = part
      if (seen.has(callId)) return { at, callId, problem: 'a repeated call' }
      seen.add(callId)
      open.set(callId, at)
    }
  }
  return firstOf(open)
}

function firstOf(open: ReadonlyMap<string, number>): Unpaired | undefined {
  for (const [callId, at] of open) return { at, callId, problem: 'a call without its result' }
  return undefined
}

/** The messages up to the first place at which calls and results do not belong together. */
export function pairedOnly<Said extends Message>(messages: readonly Said[]): readonly Said[] {
  const broken = unpaired(messages)
  return broken === undefined ? messages : messages.slice(0, broken.at)
}

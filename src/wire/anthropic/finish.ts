import type { FinishUnified } from '../../protocol/usage.ts'
import { meaningOf } from '../chat/finish.ts'

/** Stop reasons (Anthropic API reference, "Create a Message", `stop_reason`). */
const meanings = new Map<string, FinishUnified>([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['tool_use', 'tool-calls'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['refusal', 'content-filter'],
  ['pause_turn', 'pause'],
  ['compaction', 'pause'],
])

/**
 * Our word for a stop reason. Calls in a turn that ended by itself were meant to be run. After a
 * stop sequence, which may have cut between two calls, and after a word nobody knows, which may
 * tell of a new kind of cut, they were not: such a turn is `other`.
 */
export function unifyStop(raw: string, hasCalls: boolean): FinishUnified {
  const meaning = meanings.get(raw) ?? foreignMeaning(raw)
  if (!hasCalls || meaning !== 'stop') return meaning
  return raw === 'end_turn' ? 'tool-calls' : 'other'
}

/** Gateways pass on words of other wires, of which those that tell of a cut count. */
function foreignMeaning(raw: string): FinishUnified {
  const meaning = meaningOf(raw)
  return meaning === 'length' || meaning === 'content-filter' ? meaning : 'other'
}

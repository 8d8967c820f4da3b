import type { FinishUnified } from '../../protocol/usage.ts'

/** Finish words of endpoints that speak this wire, as `fold` leaves them. */
const meanings = new Map<string, FinishUnified>([
  ['stop', 'stop'],
  ['eos', 'stop'],
  ['eos_token', 'stop'],
  ['end_turn', 'stop'],
  ['completed', 'stop'],
  ['stop_sequence', 'stop'],
  ['tool_calls', 'tool-calls'],
  ['tool_call', 'tool-calls'],
  ['tool_use', 'tool-calls'],
  ['function_call', 'tool-calls'],
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['max_output_tokens', 'length'],
  ['max_completion_tokens', 'length'],
  ['max_tokens_exceeded', 'length'],
  ['max_length', 'length'],
  ['token_limit', 'length'],
  ['truncated', 'length'],
  ['incomplete', 'length'],
  ['model_length', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['content_filter', 'content-filter'],
  ['content_filtered', 'content-filter'],
  ['safety', 'content-filter'],
  ['sensitive', 'content-filter'],
  ['recitation', 'content-filter'],
  ['prohibited_content', 'content-filter'],
  ['blocklist', 'content-filter'],
  ['spii', 'content-filter'],
  ['refusal', 'content-filter'],
  ['error', 'error'],
  ['abort', 'error'],
  ['aborted', 'error'],
  ['cancelled', 'error'],
  ['network_error', 'error'],
  ['timeout', 'error'],
  ['insufficient_system_resource', 'error'],
  ['malformed_function_call', 'error'],
  ['unexpected_tool_call', 'error'],
])

/** What a finish word means; an unknown one is `other`. */
export function meaningOf(word: string): FinishUnified {
  return meanings.get(fold(word)) ?? 'other'
}

function fold(word: string): string {
  return word.trim().toLowerCase().replaceAll('-', '_')
}

/** The finish word that counts when another one comes: what tells of a cut is not undone. */
export function laterWord(
  before: string | undefined,
  word: string | undefined,
): string | undefined {
  if (word === undefined) return before
  const meaning = before === undefined ? 'other' : meaningOf(before)
  return meaning === 'stop' || meaning === 'tool-calls' || meaning === 'other' ? word : before
}

/**
 * Our word for how a response ended. `native` is the word of the host behind a router, which some
 * routers replace by a better-sounding one: when it tells of a cut, it counts. Calls that ended by
 * a plain stop or an unknown word were meant to be run.
 */
export function unifyFinish(
  raw: string | undefined,
  native: string | undefined,
  hasCalls: boolean,
): FinishUnified {
  if (raw === undefined) return 'other'
  const meaning = meaningOf(raw)
  const behind = native === undefined ? meaning : meaningOf(native)
  if (behind === 'length' || behind === 'content-filter') {
    return meaning === 'content-filter' ? meaning : behind
  }
  if (hasCalls && (meaning === 'stop' || meaning === 'other')) return 'tool-calls'
  return meaning
}

import { visible } from '../../base/text.ts'
import type { ModelErrorData } from '../../protocol/event.ts'
import type { FinishUnified } from '../../protocol/usage.ts'
import { modelError } from '../status.ts'

/** Finish words of endpoints that speak this wire and of the hosts behind them, as `fold` leaves them. */
const words: readonly (readonly [FinishUnified, readonly string[]])[] = [
  ['stop', ['stop', 'eos', 'eostoken', 'endturn', 'completed', 'complete', 'stopsequence']],
  ['pause', ['pauseturn']],
  ['tool-calls', ['toolcalls', 'toolcall', 'tooluse', 'functioncall', 'functioncalls']],
  [
    'length',
    [
      'length',
      'maxlength',
      'modellength',
      'lengthlimit',
      'maxtokens',
      'maxnewtokens',
      'maxoutputtokens',
      'maxcompletiontokens',
      'maxtokensexceeded',
      'tokenlimit',
      'tokenlimitexceeded',
      'outputlimit',
      'contextlength',
      'contextlengthexceeded',
      'contextwindowexceeded',
      'modelcontextwindowexceeded',
      'truncated',
      'incomplete',
      'notfinished',
      'timelimit',
    ],
  ],
  [
    'content-filter',
    [
      'contentfilter',
      'contentfiltered',
      'contentpolicyviolation',
      'guardrailintervened',
      'moderation',
      'safety',
      'imagesafety',
      'sensitive',
      'recitation',
      'prohibitedcontent',
      'blocklist',
      'spii',
      'errortoxic',
      'refusal',
    ],
  ],
  [
    'error',
    [
      'error',
      'abort',
      'aborted',
      'cancelled',
      'canceled',
      'usercancel',
      'failed',
      'networkerror',
      'servererror',
      'timeout',
      'errorlimit',
      'insufficientsystemresource',
      'malformedfunctioncall',
      'malformedtooluse',
      'malformedmodeloutput',
      'malformedresponse',
      'unexpectedtoolcall',
      'toomanytoolcalls',
      'missingthoughtsignature',
    ],
  ],
]

const meanings = new Map(words.flatMap(([meaning, all]) => all.map((word) => [word, meaning])))

/** False for what some endpoints write in the place of no word. */
export function isWord(word: string): boolean {
  return !['', 'null', 'none', 'undefined'].includes(fold(word))
}

/** What a finish word means, whatever its case and separators; an unknown one is `other`. */
export function meaningOf(word: string): FinishUnified {
  return meanings.get(fold(word)) ?? 'other'
}

function fold(word: string): string {
  return word.toLowerCase().replace(/[\s_-]/g, '')
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

/** A finish word that tells of a failure is one, also without an error beside it. */
export function finishError(
  raw: string | undefined,
  native: string | undefined,
): ModelErrorData | undefined {
  if (raw === undefined) return undefined
  const behind = native === undefined ? undefined : meaningOf(native)
  if (meaningOf(raw) !== 'error' && behind !== 'error') return undefined
  const reason = visible(native ?? raw)
  const message = `the model endpoint ended the answer by \`${reason}\``
  return modelError('model-error', message, { retryable: true, providerCode: reason })
}

import { SallyportError } from '../base/errors.ts'
import { checkOptions } from '../base/options.ts'
import {
  anything,
  checkGiven,
  isArrayOf,
  isFlag,
  isNumber,
  isObjectOf,
  isText,
} from '../protocol/option-checks.ts'
import type { VerifyOptions } from './verify.ts'
import type { VerifyJournalOptions } from './verify-journal.ts'

const areTexts = isArrayOf('texts', isText)
const isCount = isNumber({ min: 0, integer: true })

/** Whether keys can be used is told where they are. */
const ofSigner = {
  keys: anything,
  anchors: areTexts,
  allowUnsigned: isFlag,
  expectFinal: isFlag,
}

const ofChain = {
  runId: isText,
  head: isText,
  maxTail: isCount,
  signed: isObjectOf({ runId: isText, checkpoints: areTexts, ...ofSigner }),
  named: areTexts,
}

const ofJournal = { maxTail: isCount, removedBefore: isNumber({ min: -Infinity }), ...ofSigner }

/** An option that nobody knows would leave something unchecked that was to be; throws `bad-option`. */
export function checkChainOptions(options: VerifyOptions): void {
  checkOptions('verifyChain', options, Object.keys(ofChain))
  checkGiven(options, ofChain)
}

/** The same for those of a journal, and for what needs keys where there are none. */
export function checkJournalOptions(options: VerifyJournalOptions): void {
  checkOptions('verifyJournal', options, Object.keys(ofJournal))
  checkGiven(options, ofJournal)
  const { keys, anchors = [], expectFinal = false } = options
  if (keys !== undefined || (anchors.length === 0 && !expectFinal)) return
  const name = expectFinal ? 'expectFinal' : 'anchors'
  throw new SallyportError('bad-option', `\`${name}\` needs \`keys\``, {
    help: 'pass the public keys that are trusted: without them no signature is looked at',
  })
}

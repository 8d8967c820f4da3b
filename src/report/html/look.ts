import { visible } from '../../base/text.ts'
import type { CallRow } from '../report.ts'
import type { CallSummary, Outcome } from '../summary.ts'

/** Symbol, word and colour of an outcome; never the colour alone. */
export interface Look {
  readonly symbol: string
  readonly word: string
  readonly tone: string
}

const looks: Readonly<Record<Outcome, Look>> = {
  executed: { symbol: '✓', word: 'executed', tone: 'good' },
  refused: { symbol: '✗', word: 'refused', tone: 'bad' },
  failed: { symbol: '!', word: 'failed', tone: 'bad' },
  waiting: { symbol: '?', word: 'waiting', tone: 'attention' },
  stopped: { symbol: '–', word: 'stopped', tone: 'muted' },
}

const unenforced: Look = { symbol: '~', word: 'executed in shadow mode', tone: 'attention' }

export function lookOf(call: CallSummary): Look {
  return call.shadowed && call.outcome === 'executed' ? unenforced : looks[call.outcome]
}

/** What the place of the calls says of the run they are of. */
export function placeName(runId: string): string {
  return visible(runId.slice(0, 200))
}

/** The id of a call inside the page. */
export function anchorOf(row: CallRow): string {
  return `call-${row.turn}-${row.index}`
}

import type { ModelEvent } from '../protocol/event.ts'

/** What is wrong with the order of the events of one response; empty when the law holds. */
export function lawBreaks(events: readonly ModelEvent[]): readonly string[] {
  const anew = events.findLastIndex(({ type }) => type === 'retry' || type === 'fallback')
  if (anew < 0) return attemptBreaks(events)
  const closing = events.slice(0, anew).some(({ type }) => type === 'error' || type === 'end')
  return [
    ...(closing ? ['closed before another attempt'] : []),
    ...attemptBreaks(events.slice(anew + 1)),
  ]
}

function attemptBreaks(events: readonly ModelEvent[]): readonly string[] {
  const breaks: string[] = []
  const count = (type: ModelEvent['type']): number =>
    events.filter((event) => event.type === type).length
  const end = events.at(-1)
  if (end?.type !== 'end') breaks.push('end is not last')
  if (count('end') !== 1) breaks.push('end is not once')
  if (count('error') > 1) breaks.push('two errors')
  const error = events.findIndex(({ type }) => type === 'error')
  const after = error < 0 ? [] : events.slice(error + 1)
  if (after.some(({ type }) => type !== 'tool-call' && type !== 'usage' && type !== 'end')) {
    breaks.push('news after the error')
  }
  const failed = end?.type === 'end' && end.finishReason.unified === 'error'
  if (failed !== error >= 0) breaks.push('error and finish reason disagree')
  if (slots(events, 'tool-call').join() !== slots(events, 'tool-call-start').join()) {
    breaks.push('open call')
  }
  return breaks
}

function slots(
  events: readonly ModelEvent[],
  type: 'tool-call' | 'tool-call-start',
): readonly number[] {
  return events.flatMap((event) => (event.type === type ? [event.slot] : []))
}

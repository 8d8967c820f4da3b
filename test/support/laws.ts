import { expect } from 'vitest'
import type { Message } from '../../src/protocol/message.ts'
import type { ModelRequest } from '../../src/protocol/request.ts'
import type { RunEvent } from '../../src/protocol/run-event.ts'
import { foldReport } from '../../src/report/fold.ts'
import type { Finished } from './agent.ts'

/** What holds for the events of every run. `pending` names calls that still wait for a person. */
export function expectEventOrder(
  events: readonly RunEvent[],
  pending: ReadonlySet<string> = new Set(),
): void {
  expect(events[0]?.type).toBe('run-start')
  expect(events.filter(({ type }) => type === 'end')).toEqual([events.at(-1)])
  for (const [index, event] of events.entries()) {
    if (index > 0) expect(event.seq).toBeGreaterThan(events[index - 1]!.seq)
    expect(event.runId).toBe(events[0]!.runId)
    expect(new Date(event.at).toISOString()).toBe(event.at)
  }
  const proposed = events.flatMap((event) => (event.type === 'tool-call' ? event.callId : []))
  expect(new Set(proposed).size).toBe(proposed.length)
  for (const callId of proposed) expectCallOrder(events, callId, pending.has(callId))
}

function expectCallOrder(events: readonly RunEvent[], callId: string, pending: boolean): void {
  const course = events.flatMap((event) =>
    'callId' in event && event.callId === callId ? event.type : [],
  )
  expect(course[0]).toBe('tool-call')
  expect(course.filter((type) => type === 'tool-result')).toHaveLength(pending ? 0 : 1)
  const starts = course.filter((type) => type === 'execution-start').length
  expect(starts).toBeLessThanOrEqual(1)
  if (starts === 0) return
  expect(course.indexOf('decision')).toBeLessThan(course.indexOf('execution-start'))
  expect(course.indexOf('execution-start')).toBeLessThan(course.indexOf('tool-result'))
}

/** The events someone iterated, the journal and the report tell the same story. */
export function expectOneRecord({ events, recorded, result }: Finished): void {
  const structural = events.filter(
    ({ type }) => type !== 'text-delta' && type !== 'reasoning-delta',
  )
  expect(recorded.map(keyOf)).toEqual(structural.map(keyOf))
  const folded = foldReport(recorded, { head: result.report.head })
  // as JSON, in which -0 is 0
  expect(JSON.parse(JSON.stringify(folded))).toEqual(JSON.parse(JSON.stringify(result.report)))
  expect(result.report.end.status).toBe(result.status)
}

function keyOf({ seq, type, turn, at }: RunEvent): string {
  return `${seq} ${type} ${turn} ${at}`
}

/** No request shows a model a call without its answer, or an answer without its call. */
export function expectValidHistories(requests: readonly ModelRequest[]): void {
  for (const { messages } of requests) expectValidHistory(messages)
}

function expectValidHistory(messages: readonly Message[]): void {
  let open: string[] = []
  for (const message of messages) {
    if (message.role === 'tool') {
      expect(open.shift()).toBe(message.callId)
      continue
    }
    expect(open).toEqual([])
    if (message.role !== 'assistant') continue
    open = message.content.flatMap((part) => (part.type === 'tool-call' ? part.callId : []))
  }
  expect(open).toEqual([])
}

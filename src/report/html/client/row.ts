import { formatDuration, plural } from '../../format.ts'
import type { Report } from '../../report.ts'
import { callNumber, type CallSummary } from '../../summary.ts'
import { lookOf } from '../look.ts'
import {
  callSegments,
  extentOf,
  legendEntries,
  modelSegments,
  span,
  timeOf,
  type Segment,
} from '../segments.ts'
import { create, draw } from './dom.ts'
import type { Line } from './lines.ts'

/** The scale all bars are drawn to. */
export interface Scale {
  readonly start: number
  readonly durationMs: number
}

export function scaleOf({ header }: Pick<Report, 'header'>): Scale {
  return { start: timeOf(header.startedAt), durationMs: header.durationMs }
}

const idStart = 'line-'

/** The id of the line with this number, counted from 0. */
export function lineId(at: number): string {
  return `${idStart}${at}`
}

/** The number of the line with this id. */
export function lineNumber(id: string): number {
  return Number(id.slice(idStart.length))
}

export function drawLine(line: Line, at: number, scale: Scale): HTMLElement {
  const row = create('div', { role: 'row', id: lineId(at), 'aria-rowindex': at + 2 })
  if (line.kind === 'turn') turnCells(row, line, scale)
  else callCells(row, line.call, scale)
  return row
}

function turnCells(row: HTMLElement, line: Line & { kind: 'turn' }, scale: Scale): void {
  const { turn, model, calls, isOpen } = line
  row.setAttribute('aria-level', '1')
  row.setAttribute('aria-expanded', String(isOpen))
  row.className = 'turn'
  const name = `turn ${turn} · ${plural(calls, 'call')}`
  row.append(
    cell('effect', create('span', { class: 'twist', 'aria-hidden': 'true' }, isOpen ? '▾' : '▸')),
    cell('tool', name),
    cell('rule muted', model === undefined ? '' : model.model),
    cell('bar', bars(model === undefined ? [] : modelSegments(model), scale)),
    cell('time', model === undefined ? '–' : formatDuration(model.durationMs)),
  )
}

function callCells(row: HTMLElement, call: CallSummary, scale: Scale): void {
  const look = lookOf(call)
  row.setAttribute('aria-level', '2')
  row.append(
    cell(
      `effect ${look.tone}`,
      create('span', { 'aria-hidden': 'true' }, `${look.symbol} `),
      create('span', { class: 'hidden' }, `${look.word}: `),
      call.effect,
    ),
    cell(
      'tool',
      create('span', { class: 'muted' }, `${callNumber(call.row)} `),
      create('span', { class: 'code', title: call.row.tool }, call.row.tool),
    ),
    cell('rule', create('span', { title: call.rule }, call.rule)),
    cell('bar', bars(callSegments(call), scale)),
    cell('time', call.row.attempts > 0 ? formatDuration(call.row.executionMs) : '–'),
  )
}

function cell(kind: string, ...parts: (Node | string)[]): HTMLElement {
  return create('div', { role: 'gridcell', class: kind }, ...parts)
}

function bars(segments: readonly Segment[], { start, durationMs }: Scale): SVGElement {
  return draw(
    'svg',
    { viewBox: `0 0 ${span} 12`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    draw('rect', { class: 'track', x: 0, y: 0, width: span, height: 12 }),
    ...segments.map((segment) => {
      const { x, width } = extentOf(segment, start, durationMs)
      return draw('rect', { class: `span-${segment.kind}`, x, y: 2, width, height: 8 })
    }),
  )
}

/** What the bars mean. */
export function legend(): HTMLElement {
  const entries = legendEntries.map(([kind, words]) => {
    const square = draw('rect', { class: `span-${kind}`, x: 0, y: 0, width: 12, height: 12 })
    const sample = draw('svg', { viewBox: '0 0 12 12', 'aria-hidden': 'true' }, square)
    return create('li', {}, sample, words)
  })
  return create('ul', { class: 'legend' }, ...entries)
}

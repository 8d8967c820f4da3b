import { columnsOf, cutEnd, cutStart, pad } from './columns.ts'
import { formatDuration, plural } from './format.ts'
import { placeText } from '../protocol/place.ts'
import { callNumber, type CallSummary, type Outcome } from './summary.ts'

type Color = 'green' | 'yellow' | 'red' | 'dim' | 'bold' | 'none'
export type Paint = (color: Color, text: string) => string

/** A list longer than this is cut, with a line that says by how much. */
const longestList = 200

/** The first of many things; of the others only the number is kept. */
export class Shortened<Item> {
  readonly shown: Item[] = []
  left = 0

  add(itemOf: () => Item): void {
    if (this.shown.length < longestList) this.shown.push(itemOf())
    else this.left++
  }
}

const symbols: Readonly<Record<Outcome, string>> = {
  executed: '✓',
  refused: '✗',
  failed: '!',
  waiting: '?',
  stopped: '-',
}

const colors: Readonly<Record<Outcome, Color>> = {
  executed: 'green',
  refused: 'red',
  failed: 'red',
  waiting: 'yellow',
  stopped: 'dim',
}

/** A line for each call, the first 200. */
export function callTable(
  { shown, left }: Shortened<CallSummary>,
  policyFile: string | undefined,
  width: number,
  paint: Paint,
): readonly string[] {
  if (shown.length === 0) return []
  const statuses = shown.map((call) => call.row.status)
  const tools = shown.map((call) => call.row.tool)
  const numbers = shown.map((call) => callNumber(call.row))
  const status = widest(['status', ...statuses], 16)
  const tool = widest(['tool', ...tools], Math.min(32, Math.max(8, width - 64)))
  const number = widest(['call', ...numbers], 8)
  // the symbol, effect and time columns are 7 and 8 wide; what is left goes to rule and place
  const rest = width - (7 + 2 + number + 2 + tool + 2 + status + 2 + 8 + 2)
  const head = `  effect ${pad('call', number)}  ${pad('tool', tool)}  ${pad('status', status)}      time  rule`
  return [
    '',
    paint('dim', head),
    ...shown.map((call) =>
      [
        paint(colorOf(call), `${symbolOf(call)} ${call.effect.padEnd(5)}`),
        pad(cutEnd(callNumber(call.row), number), number),
        pad(cutEnd(call.row.tool, tool), tool),
        pad(cutEnd(call.row.status, status), status),
        (call.row.attempts > 0 ? formatDuration(call.row.executionMs) : '-').padStart(8),
        ruleCell(call, policyFile, rest),
      ].join('  '),
    ),
    ...more(left, paint),
  ]
}

/** Columns of the widest text, at most `most`. */
function widest(texts: readonly string[], most: number): number {
  return texts.reduce((columns, text) => Math.max(columns, columnsOf(cutEnd(text, most))), 0)
}

/** What a cut list leaves out. */
export function more(count: number, paint: Paint): readonly string[] {
  return count > 0 ? [paint('dim', `  and ${plural(count, 'more call')}`)] : []
}

/** The symbol of a call; a call that ran only because of shadow mode has its own. */
export function symbolOf(call: CallSummary): string {
  return call.shadowed && call.outcome === 'executed' ? '~' : symbols[call.outcome]
}

export function colorOf(call: CallSummary): Color {
  return call.shadowed && call.outcome === 'executed' ? 'yellow' : colors[call.outcome]
}

/** Rule and place. The file is left out when it is the one the header names and room is short. */
function ruleCell(call: CallSummary, policyFile: string | undefined, columns: number): string {
  const { place, rule } = call
  if (place === undefined || columns < 16) return cutEnd(rule, columns)
  const whole = `${rule} ${placeText(place)}`
  if (columnsOf(cutEnd(whole, columns + 1)) <= columns) return cutEnd(whole, columns)
  const line = `${place.line}:${place.column}`
  const short = place.file === policyFile ? line : `${place.file}:${line}`
  const left = Math.max(
    columns - columnsOf(cutEnd(rule, columns)) - 1,
    Math.min(columns - 9, line.length + 1),
  )
  return `${cutEnd(rule, columns - left - 1)} ${cutStart(short, left)}`
}

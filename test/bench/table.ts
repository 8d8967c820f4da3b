import { digits, table } from './cells.ts'
import type { DecisionRow } from './decisions.ts'
import type { EngineRow, FailedEngine } from './engines.ts'
import type { FlowRow } from './flow.ts'
import type { HoldRow } from './hold.ts'
import type { ImportRow } from './imports.ts'
import type { LoopRow } from './loops.ts'
import { loadCells, loadHead, type LoadRow } from './loads.ts'
import type { Machine } from './machine.ts'
import type { JournalRow } from './journals.ts'
import { judgeParts, partTables } from './part-tables.ts'
import type { PartRow } from './parts.ts'
import { growthOf, type SizeRow } from './sizes.ts'
import type { SoakRow } from './soak.ts'
import { slowMs } from './toolbox.ts'
import type { WireRow } from './wires.ts'

export interface Results {
  readonly machine: Machine
  readonly seconds: number
  readonly loops: readonly LoopRow[]
  readonly wires: readonly WireRow[]
  readonly sizes: readonly SizeRow[]
  readonly hold: readonly HoldRow[]
  readonly decisions: readonly DecisionRow[]
  readonly loads: readonly LoadRow[]
  readonly flow: readonly FlowRow[]
  readonly imports: readonly ImportRow[]
  readonly parts: readonly PartRow[]
  readonly journals: readonly JournalRow[]
  readonly soak: readonly SoakRow[]
  readonly engines: readonly EngineRow[]
  readonly failedEngines: readonly FailedEngine[]
}

export interface Verdict {
  readonly what: string
  readonly value: number
  readonly bar: number
}

/** Microseconds. */
const slowestDecision = 5

/** The product's own figures beside the highest accepted ones. */
export function judge(results: Results): Verdict[] {
  const { loops, wires, sizes, hold, decisions, loads, flow, imports } = results
  const verdicts: Verdict[] = []
  for (const row of loops) verdicts.push(...judgeLoop(row))
  verdicts.push(...judgeMarginalTurn(loops))
  for (const { wire, of, toFloor, bar } of wires) {
    verdicts.push({ what: `${wire}, deltas of ${of}, CPU against floor`, value: toFloor, bar })
  }
  verdicts.push(...growthOf(sizes))
  for (const { what, streams, beyond, bar } of hold) {
    if (bar === undefined) continue
    const held = `${streams} streams held, ${what}`
    verdicts.push({ what: `${held}: RSS beyond sockets, KiB`, value: beyond.rss / 1024, bar })
    verdicts.push({ what: `${held}: heap beyond sockets, KiB`, value: beyond.heap / 1024, bar })
  }
  for (const { shape, rules, outcome, distinct, toTen, bar } of decisions) {
    if (bar === undefined) continue
    const what = `decide, ${rules} rules ${shapes[shape]}, ${distinct} calls in turn: ${outcome}`
    verdicts.push({ what: `${what}, against 10 rules`, value: toTen, bar })
  }
  if (decisions.length > 0) {
    const slowest = Math.max(...decisions.map(({ p50 }) => p50))
    verdicts.push({ what: 'decide, slowest p50, µs', value: slowest, bar: slowestDecision })
  }
  for (const { format, rules, best, bar } of loads) {
    if (bar === undefined) continue
    verdicts.push({ what: `load, ${rules} rules as ${format}, CPU ms`, value: best.cpuMs, bar })
  }
  for (const { what, p50, bar } of flow) {
    if (bar !== undefined) verdicts.push({ what: `flow, ${what}, ms`, value: p50, bar })
  }
  for (const { what, toBare, bar } of imports) {
    if (bar !== undefined) verdicts.push({ what: `${what} against bare node`, value: toBare, bar })
  }
  verdicts.push(...judgeParts(results))
  return verdicts
}

/** The highest accepted share of a peer's CPU, in the scenarios of which every agent is made. */
const peerBars: Readonly<Record<string, number>> = {
  'openrouter-kit': 0.33,
  'ai-sdk': 0.1,
  'openai-agents': 0.1,
  langgraph: 0.1,
  mastra: 0.1,
}
const everyday: ReadonlySet<string> = new Set(['s1', 's2'])

function judgeLoop({ scenario, concurrency, bar, figures }: LoopRow): Verdict[] {
  const own = figures.find(({ contestant }) => contestant === 'sallyport')
  if (own === undefined) return []
  const row = `${scenario} c${concurrency}`
  const verdicts: Verdict[] = []
  if (bar !== undefined) {
    verdicts.push({ what: `${row}, CPU against floor`, value: own.toFloor.median, bar })
  }
  if (scenario === 's2p') {
    verdicts.push({ what: `${row}, wall against one tool`, value: own.p50Ms / slowMs, bar: 1.25 })
  }
  if (!everyday.has(scenario)) return verdicts
  for (const { contestant, cpuMs } of figures) {
    const peerBar = peerBars[contestant]
    if (peerBar === undefined) continue
    const value = own.cpuMs.best / cpuMs.best
    verdicts.push({ what: `${row}, CPU against ${contestant}, best/best`, value, bar: peerBar })
  }
  return verdicts
}

/** What one more turn of a long run costs, from 100 to 200 turns. */
function judgeMarginalTurn(loops: readonly LoopRow[]): Verdict[] {
  const marginal = (contestant: string): number => {
    const [short, long] = ['s3-100', 's3-200'].map((id) => {
      const figures = loops.find(({ scenario }) => scenario === id)?.figures
      return figures?.find((one) => one.contestant === contestant)?.cpuMs.best ?? Number.NaN
    })
    return long! - short!
  }
  const value = marginal('sallyport') / marginal('floor')
  if (Number.isNaN(value)) return []
  return [{ what: 's3, CPU of a turn from 100 to 200 turns, against floor', value, bar: 0.9 }]
}

export function markdown(results: Results): string {
  const { machine, seconds, loops, wires, sizes, hold, decisions, loads, flow, imports } = results
  const about = `${machine.date}, ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}, load at start ${machine.load.toFixed(1)}, ${seconds.toFixed(0)} s`
  const parts = [about, table(verdictHead, judge(results).map(verdictCells))]
  if (loops.length > 0) parts.push(table(loopHead, loops.flatMap(loopCells)))
  if (loops.some(({ scenario }) => scenario.startsWith('s5'))) {
    parts.push(table(growthHead, growth(loops)))
  }
  if (wires.length > 0) parts.push(table(wireHead, wires.map(wireCells)))
  if (sizes.length > 0) parts.push(table(sizeHead, sizes.map(sizeCells)))
  if (hold.length > 0) parts.push(table(holdHead, hold.map(holdCells)))
  if (decisions.length > 0) parts.push(table(decisionHead, decisionCells(decisions)))
  if (loads.length > 0) parts.push(table(loadHead, loads.map(loadCells)))
  if (flow.length > 0) parts.push(table(flowHead, flow.map(flowCells)))
  if (imports.length > 0) parts.push(table(importHead, imports.map(importCells)))
  parts.push(...partTables(results))
  return `${parts.join('\n\n')}\n`
}

const verdictHead = ['bar', 'measured', 'at most', 'holds']

function verdictCells({ what, value, bar }: Verdict): string[] {
  return [what, digits(value), String(bar), value <= bar ? 'yes' : '**no**']
}

const loopHead =
  'scenario|c|contestant|CPU ms/run|best|× floor|best/best|runs/s|p50 ms|p99 ms|rounds'.split('|')

function loopCells({ scenario, concurrency, figures, failed }: LoopRow): string[][] {
  const missing = failed.map(({ contestant, why }) => {
    const cells = [scenario, String(concurrency), contestant, firstLine(why)]
    return [...cells, ...loopHead.slice(cells.length).map(() => '–')]
  })
  const measured = figures.map((own) => [
    scenario,
    String(concurrency),
    own.contestant,
    digits(own.cpuMs.median),
    digits(own.cpuMs.best),
    digits(own.toFloor.median),
    digits(own.toFloor.best),
    digits(own.runsPerSecond),
    digits(own.p50Ms),
    digits(own.p99Ms),
    String(own.rounds),
  ])
  return [...measured, ...missing]
}

/** Of an error, as a cell of the table. */
function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.replaceAll('|', '/').slice(0, 120)
}

const growthHead = ['argument', 'contestant', 'best CPU ms', 'µs per KiB']

/** Linear growth shows as an even price per KiB. */
function growth(loops: readonly LoopRow[]): string[][] {
  const sizes = loops.flatMap((row) => {
    const [, kibibytes] = /argument of (\d+) KiB/.exec(row.about) ?? []
    return kibibytes === undefined ? [] : [{ kibibytes: Number(kibibytes), row }]
  })
  return sizes.flatMap(({ kibibytes, row }) =>
    row.figures.map(({ contestant, cpuMs }) => [
      `${kibibytes} KiB`,
      contestant,
      digits(cpuMs.best),
      digits((cpuMs.best * 1000) / kibibytes),
    ]),
  )
}

const wireHead = ['wire', 'deltas of', 'floor CPU ms', 'CPU ms', '× floor']

function wireCells({ wire, of, floorMs, ownMs, toFloor }: WireRow): string[] {
  return [wire, of, digits(floorMs), digits(ownMs), digits(toFloor)]
}

const sizeHead = [
  'wire',
  'deltas of',
  'body MiB',
  'CPU ms',
  'ms per MiB',
  'most heap KiB',
  'KiB per MiB',
]

function sizeCells({ wire, of, mebibytes, cpuMs, heapBytes }: SizeRow): string[] {
  const kibibytes = heapBytes / 1024
  const cells = [mebibytes, cpuMs, cpuMs / mebibytes, kibibytes, kibibytes / mebibytes]
  return [wire, of, ...cells.map(digits)]
}

const holdHead = ['held open', 'streams', 'RSS KiB', 'beyond sockets', 'heap KiB', 'beyond sockets']

function holdCells({ what, streams, rss, heap, beyond }: HoldRow): string[] {
  const cells = [rss, beyond.rss, heap, beyond.heap]
  return [what, String(streams), ...cells.map((bytes) => digits(bytes / 1024))]
}

const shapes = { one: 'on one tool', spread: 'on many tools' } as const

const decisionHead = ['decide, p50 (p99) in µs', 'allow', 'ask', 'deny', 'default', 'mixed']

/** One row for each policy. */
function decisionCells(rows: readonly DecisionRow[]): string[][] {
  const policies = Map.groupBy(
    rows,
    ({ rules, shape, distinct }) => `${rules} rules ${shapes[shape]}, ${distinct} calls in turn`,
  )
  return [...policies].map(([policy, outcomes]) => [
    policy,
    ...outcomes.map(({ p50, p99 }) => `${digits(p50)} (${digits(p99)})`),
  ])
}

const flowHead = ['data flow', 'p50 ms', 'p99 ms']

function flowCells({ what, p50, p99 }: FlowRow): string[] {
  return [what, digits(p50), digits(p99)]
}

const importHead = ['fresh process', 'median ms', 'best ms', '× bare node']

function importCells({ what, medianMs, bestMs, toBare }: ImportRow): string[] {
  return [what, digits(medianMs), digits(bestMs), digits(toBare)]
}

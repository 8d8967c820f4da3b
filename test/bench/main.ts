// `npm run bench -- [--peers] [--quick] [--check] [--runs N] [name...]`; without names everything. The names
// are those of the scenarios and `wires sizes hold decide load flow import parts journal soak engines`.
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

import { contestantNames, peerNames } from './contestant.ts'
import type { DecisionRow } from './decisions.ts'
import { full, fullWithPeers, quick, quickWithPeers, type Effort } from './effort.ts'
import { measureEngines } from './engines.ts'
import type { FlowRow } from './flow.ts'
import { measureHold } from './hold.ts'
import { measureImports } from './imports.ts'
import type { JournalRow } from './journals.ts'
import { measureLoops, warmUpAll, type LoopRow } from './loops.ts'
import { measureLoads, type LoadRow } from './loads.ts'
import { machine } from './machine.ts'
import type { PartRow } from './parts.ts'
import { installPeers } from './peers.ts'
import { startServer, startWorker, type Worker } from './processes.ts'
import { scenarios } from './scenarios.ts'
import { measureSizes } from './sizes.ts'
import { measureSoak, type SoakRow } from './soak.ts'
import { judge, markdown, type Results } from './table.ts'
import type { WireRow } from './wires.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peers: { type: 'boolean' },
    quick: { type: 'boolean' },
    check: { type: 'boolean' },
    runs: { type: 'string' },
  },
})
const withPeers = values.peers === true
const effort =
  values.quick === true ? (withPeers ? quickWithPeers : quick) : withPeers ? fullWithPeers : full
if (withPeers) installPeers()

const known = [
  ...scenarios.map(({ id }) => id),
  'wires',
  'sizes',
  'hold',
  'decide',
  'load',
  'flow',
  'import',
  'parts',
  'journal',
  'soak',
  ...(withPeers ? ['engines'] : []),
]
for (const name of positionals) {
  if (!known.some((id) => id.startsWith(name))) {
    throw new Error(`no benchmark is called \`${name}\`: ${known.join(', ')}`)
  }
}

const started = performance.now()
const here = machine()
// first, because it builds the package and may fail
const imports = wanted('import') ? await measureImports(effort.imports) : []
const loops = await runLoops()
const wires = wanted('wires') ? await runWires() : []
const sizes = wanted('sizes') ? await runSizes() : []
const hold = wanted('hold') ? await runHold() : []
const decisions = await runDecisions()
const loads = wanted('load') ? await runLoads() : []
const flow = wanted('flow') ? await runFlow() : []
const parts = wanted('parts') ? await runParts() : []
const journals = wanted('journal') ? await runJournals() : []
const soak = wanted('soak') ? [await runSoak()] : []
const { engines, failed: failedEngines } = await runEngines()
const seconds = (performance.now() - started) / 1000
const results: Results = {
  machine: here,
  seconds,
  loops,
  wires,
  sizes,
  hold,
  decisions,
  loads,
  flow,
  imports,
  parts,
  journals,
  soak,
  engines,
  failedEngines,
}
write(results)
if (values.check === true && judge(results).some(({ value, bar }) => !(value <= bar))) {
  process.exitCode = 1
}

function wanted(id: string): boolean {
  return positionals.length === 0 || positionals.some((name) => id.startsWith(name))
}

async function runLoops(): Promise<LoopRow[]> {
  const chosen = scenarios.filter(({ id }) => wanted(id))
  if (chosen.length === 0) return []
  using processes = new DisposableStack()
  const server = processes.use(await startServer())
  const own: Worker[] = []
  for (const name of contestantNames) own.push(processes.use(await startWorker(name)))
  const others: Worker[] = []
  for (const name of withPeers ? peerNames : []) {
    others.push(processes.use(await startWorker(name)))
  }
  const cells = chosen.flatMap((scenario) =>
    scenario.concurrency.map((concurrency) => ({ scenario, concurrency })),
  )
  const deadline = performance.now() + effort.loopsMs
  const rows: LoopRow[] = []
  if (effort.firstWarmUpMs > 0) {
    await warmUpAll(chosen[0]!, { server, workers: [...own, ...others], effort })
  }
  for (const { scenario, concurrency } of cells) {
    process.stderr.write(`${scenario.id} c${concurrency}: ${scenario.about}\n`)
    const share = (deadline - performance.now()) / (cells.length - rows.length)
    // a slow machine measures the peers in fewer scenarios, rather than without end
    const invited = share > 0 ? others : []
    const workers = [...own, ...invited]
    const within = fitting(share, workers.length)
    const row = await measureLoops(scenario, concurrency, { server, workers, effort: within })
    const left = others.slice(invited.length).map(({ name }) => ({
      contestant: name,
      why: 'no time left',
    }))
    rows.push({ ...row, failed: [...row.failed, ...left] })
  }
  return rows
}

/** A row may use so many milliseconds: half of them to warm up, half to measure. */
function fitting(milliseconds: number, contestants: number): Effort {
  const half = Math.max(0, milliseconds / 2)
  return {
    ...effort,
    warmUpMs: Math.min(effort.warmUpMs, half / contestants),
    rowMs: Math.min(effort.rowMs, half),
  }
}

function runLoads(): Promise<LoadRow[]> {
  process.stderr.write('load\n')
  return measureLoads(effort.loadRounds)
}

async function runDecisions(): Promise<DecisionRow[]> {
  if (!wanted('decide')) return []
  process.stderr.write('decide\n')
  const { measureDecisions } = await import('./decisions.ts')
  return measureDecisions(effort.decisions)
}

async function runJournals(): Promise<JournalRow[]> {
  process.stderr.write('journal\n')
  const { measureJournals } = await import('./journals.ts')
  return measureJournals(effort)
}

async function runWires(): Promise<WireRow[]> {
  process.stderr.write('wires\n')
  const { measureWires } = await import('./wires.ts')
  return measureWires(effort.wireRounds)
}

function runSizes(): ReturnType<typeof measureSizes> {
  process.stderr.write('sizes\n')
  return measureSizes(effort.sizeRounds)
}

function runHold(): ReturnType<typeof measureHold> {
  process.stderr.write('hold\n')
  return measureHold(effort.holdRounds, withPeers ? peerNames : [])
}

async function runFlow(): Promise<FlowRow[]> {
  process.stderr.write('flow\n')
  const { measureFlow } = await import('./flow.ts')
  return measureFlow(effort.decisions)
}

async function runParts(): Promise<PartRow[]> {
  process.stderr.write('parts\n')
  const { measureParts } = await import('./parts.ts')
  return measureParts(effort.partRounds)
}

function runSoak(): Promise<SoakRow> {
  process.stderr.write('soak\n')
  const runs = values.runs === undefined ? effort.soakRuns : Number(values.runs)
  if (!Number.isInteger(runs) || runs < 100) {
    throw new Error(`\`--runs\` is a whole number from 100 on, not \`${values.runs}\``)
  }
  return measureSoak(runs)
}

async function runEngines(): ReturnType<typeof measureEngines> {
  if (!withPeers || !wanted('engines')) return { engines: [], failed: [] }
  process.stderr.write('engines\n')
  return measureEngines(effort.decisions)
}

function write(all: Results): void {
  const folder = new URL('results/', import.meta.url)
  const text = markdown(all)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL('last.json', folder), `${JSON.stringify(all, null, 2)}\n`)
  writeFileSync(new URL('last.md', folder), text)
  process.stdout.write(text)
}

// Kills processes that carry runs, and looks at what they leave:
// node main.ts [--journal sqlite|jsonl] [--kills N] [--runs N] [--races N] [--trees N]; without a
// number 300 kills, every boundary between two appends, 200 races and, where processes share the
// journal, 30 take-overs; of a run with agents two deep 60 kills and every boundary.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fileKinds, open, type FileKind } from './journals.ts'
import { race } from './race.ts'
import { treeRound, type TreeOptions } from './tree.ts'
import { crashRound, type RoundEnd, type RoundOptions } from './rounds.ts'

const { values } = parseArgs({
  options: {
    journal: { type: 'string' },
    kills: { type: 'string', default: '300' },
    runs: { type: 'string', default: '8' },
    races: { type: 'string', default: '200' },
    trees: { type: 'string', default: '60' },
    'take-overs': { type: 'string', default: '30' },
  },
})
const runs = Number(values.runs)
const random = Math.random

/** What was found on one kind of journal under one kind of disturbance. */
interface Row {
  readonly journal: FileKind
  readonly what: string
  runs: number
  crashes: number
  lost: number
  'done twice': number
  'in doubt': number
  'of those done': number
  faults: number
}

const rows: Row[] = []
let failed = false

function rowOf(journal: FileKind, what: string): Row {
  const counts = { runs: 0, crashes: 0, lost: 0, faults: 0 }
  const row = { journal, what, ...counts, 'done twice': 0, 'in doubt': 0, 'of those done': 0 }
  rows.push(row)
  return row
}

/** All of it takes long: each part is told when it is over. */
function tell(row: Row): void {
  console.log(JSON.stringify(row))
}

async function disturb(row: Row, options: Omit<RoundOptions, 'random'>): Promise<RoundEnd> {
  const end = await crashRound({ ...options, random })
  row.runs += end.runs
  row.crashes += end.crashes
  row.lost += end.lost
  row['done twice'] += end.duplicates.length
  row['in doubt'] += end.doubts
  row['of those done'] += end.doubtsDone
  row.faults += end.faults.length
  const isSound = end.lost === 0 && end.duplicates.length === 0 && end.faults.length === 0
  if (!isSound && options.isUnguarded !== true) {
    failed = true
    console.log(`FAIL ${row.journal}, ${row.what}: ${JSON.stringify(end, null, 2)}`)
  }
  return end
}

/** Until so many processes have died over their work; a kill may come after its end. */
async function killAtRandom(kind: FileKind): Promise<void> {
  const row = rowOf(kind, 'killed at random instants')
  while (row.crashes < Number(values.kills)) await disturb(row, { kind, runs, kills: 8 })
  tell(row)
}

/** Before and after each append of a run, until there is none left to die at. */
async function killAtBoundaries(kind: FileKind): Promise<void> {
  const row = rowOf(kind, 'killed at every append')
  for (let half = 1; ; half++) {
    const { crashes } = await disturb(row, { kind, runs: 1, lastAppend: half / 2 })
    if (crashes === 0) return tell(row)
  }
}

/** Returns how often a process has died over the run. */
async function disturbTree(row: Row, options: Omit<TreeOptions, 'random'>): Promise<number> {
  const { crashes, duplicates, faults } = await treeRound({ ...options, random })
  row.runs++
  row.crashes += crashes
  row['done twice'] += duplicates.length
  row.faults += faults.length
  if (duplicates.length + faults.length > 0) {
    failed = true
    console.log(
      `FAIL ${row.journal}, ${row.what}: ${JSON.stringify({ options, duplicates, faults })}`,
    )
  }
  return crashes
}

async function killTrees(kind: FileKind): Promise<void> {
  const row = rowOf(kind, 'with agents, killed at random instants')
  while (row.crashes < Number(values.trees)) await disturbTree(row, { kind, kills: 4 })
  tell(row)
  const each = rowOf(kind, 'with agents, killed at every append')
  for (let half = 1; (await disturbTree(each, { kind, lastAppend: half / 2 })) > 0; half++);
  tell(each)
}

async function takeOver(kind: FileKind): Promise<void> {
  const row = rowOf(kind, 'taken over from a frozen process')
  for (let taken = 0; taken < Number(values['take-overs']); taken += 3) {
    await disturb(row, { kind, runs, takeOvers: 3 })
  }
  tell(row)
}

async function raceOn(kind: FileKind): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-race-'))
  const journal = open(folder, kind)
  const module = join(import.meta.dirname, 'journals.ts')
  const wanted = Number(values.races)
  const { ends, faults } = await race({ runs: wanted, folder, module, given: [kind], journal })
  await journal.close()
  rmSync(folder, { recursive: true })
  failed ||= faults.length > 0
  console.log(`${kind}: ${wanted} runs, each taken up by two processes at once, ended as`)
  console.table(ends)
  for (const fault of faults) console.log(`FAIL ${fault}`)
}

/** With records that reach the disk too late, the same look must find something. */
async function control(kind: FileKind): Promise<void> {
  const row = rowOf(kind, 'control: intents too late')
  for (let round = 0; round < 6; round++) {
    await disturb(row, { kind, runs: 10, kills: 6, isUnguarded: true })
  }
  failed ||= row['done twice'] === 0
  tell(row)
}

const kinds = fileKinds.filter((kind) => values.journal === undefined || kind === values.journal)
for (const kind of kinds) {
  await killAtRandom(kind)
  await killAtBoundaries(kind)
  await killTrees(kind)
  // of a journal with one writer nobody can take runs over
  if (kind === 'sqlite') await takeOver(kind)
  await control(kind)
  await raceOn(kind)
}
console.table(rows)
process.exitCode = failed ? 1 : 0

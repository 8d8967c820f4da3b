import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Journal } from '../../src/journal/journal.ts'
import { readReport } from '../../src/report/read.ts'
import type { Report } from '../../src/report/report.ts'
import { verifyJournal } from '../../src/report/verify-journal.ts'
import { fakeProvider } from '../../src/testing/fake-provider.ts'
import { Child } from './child.ts'
import { effectsIn } from './judge.ts'
import { open as openIn, type FileKind } from './journals.ts'
import { calls, nextTreeTurn, turns } from './tree-turns.ts'

export interface TreeOptions {
  readonly kind: FileKind
  /** How often the process is killed at some instant. Default 0. */
  readonly kills?: number
  /** Kills itself at this append, in halves: n - 0.5 before the n-th, n after it. */
  readonly lastAppend?: number
  /** Numbers from 0 up to 1. */
  readonly random: () => number
}

/** What became of a run with agents below it. */
export interface TreeEnd {
  /** Times that a process died over it. */
  readonly crashes: number
  /** Effects that happened more than once although their tool may not be repeated. */
  readonly duplicates: readonly string[]
  /** What else should not be. */
  readonly faults: readonly string[]
}

/** How often a run is taken up at most: people have to say of calls what became of them. */
const maxStarts = 12

/** Carries a run with agents two deep in processes that are killed, until it is complete. */
export async function treeRound(options: TreeOptions): Promise<TreeEnd> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-tree-'))
  const provider = await fakeProvider({ turns: nextTreeTurn })
  try {
    return await new TreeRound(folder, provider.baseUrl, options).carry()
  } finally {
    await provider.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

class TreeRound {
  readonly #folder: string
  readonly #baseUrl: string
  readonly #options: TreeOptions
  readonly #resolutions: Record<string, 'success' | 'failed'> = {}
  readonly #faults: string[] = []
  #crashes = 0

  constructor(folder: string, baseUrl: string, options: TreeOptions) {
    this.#folder = folder
    this.#baseUrl = baseUrl
    this.#options = options
  }

  async carry(): Promise<TreeEnd> {
    const { kills = 0, lastAppend, random } = this.#options
    if (lastAppend !== undefined) await this.#start('--last-append', String(lastAppend))
    for (let kill = 0; kill < kills; kill++) {
      const child = this.#spawn()
      await child.works(Math.floor(random() * 5))
      await setTimeout(random() * 10)
      await child.kill()
      if (child.wasKilled) this.#crashes++
      await this.#attend()
    }
    for (let start = 0; start < maxStarts && (await this.#attend()); start++) await this.#start()
    return this.#judged()
  }

  #spawn(...more: readonly string[]): Child {
    return new Child('tree-agent.ts', [this.#folder, this.#baseUrl, this.#options.kind, ...more])
  }

  async #start(...more: readonly string[]): Promise<void> {
    const child = this.#spawn(...more)
    this.#faults.push(...(await child.ended()))
    if (child.wasKilled) this.#crashes++
  }

  /** Says of calls in doubt what happened; false when the whole tree is complete. */
  async #attend(): Promise<boolean> {
    const reports = await this.#withJournal(reportsIn)
    const done = new Set(effectsIn(this.#folder).map(([, key]) => key))
    for (const { callId, missing } of reports.flatMap(({ openCalls }) => openCalls)) {
      if (missing === 'outcome')
        this.#resolutions[callId] ??= done.has(callId) ? 'success' : 'failed'
    }
    writeFileSync(join(this.#folder, 'resolutions.json'), JSON.stringify(this.#resolutions))
    const first = reports.find(({ header }) => header.parent === undefined)
    return first?.end.status !== 'completed'
  }

  async #judged(): Promise<TreeEnd> {
    const reports = await this.#withJournal(reportsIn)
    const broken = await this.#withJournal(brokenIn)
    const counts = this.#counts()
    const rows = reports.flatMap((report) => report.rows)
    const asked = reports.reduce((sum, { totals }) => sum + totals.turns, 0)
    const faults = [
      ...this.#faults,
      ...broken,
      ...reports.flatMap(({ end: { error, status }, header }) =>
        status === 'completed' ? [] : [`${header.runId} ended as ${status}: ${error?.message}`],
      ),
      ...(rows.length > calls ? [`${rows.length} calls were made`] : []),
      ...(asked > turns ? [`${asked} turns were taken`] : []),
      ...rows
        .filter(({ callId, status, tool }) => {
          return tool === 'append' && counts.has(callId) !== (status === 'success')
        })
        .map(({ callId, status }) => `${callId} is no ${status} in the world`),
    ]
    const duplicates = [...counts].flatMap(([key, count]) => (count > 1 ? [key] : []))
    return { crashes: this.#crashes, duplicates, faults }
  }

  /** How often each call has happened that may not happen twice. */
  #counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const [tool, key] of effectsIn(this.#folder)) {
      if (tool === 'append') counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    return counts
  }

  async #withJournal<Value>(work: (journal: Journal) => Promise<Value>): Promise<Value> {
    const journal = openIn(this.#folder, this.#options.kind)
    try {
      return await work(journal)
    } finally {
      await journal.close()
    }
  }
}

async function reportsIn(journal: Journal): Promise<readonly Report[]> {
  const reports: Report[] = []
  for await (const runId of journal.list()) reports.push(await readReport(journal.read(runId)))
  return reports
}

async function brokenIn(journal: Journal): Promise<readonly string[]> {
  const broken: string[] = []
  for await (const { message, runId, verdict } of verifyJournal(journal)) {
    if (verdict !== 'CONSISTENT') broken.push(`${runId} is ${verdict}: ${message}`)
  }
  return broken
}

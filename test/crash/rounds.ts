import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { sqliteJournal } from '../../src/journal/sqlite.ts'
import type { Journal } from '../../src/journal/journal.ts'
import type { Report } from '../../src/report/report.ts'
import { readReport } from '../../src/report/read.ts'
import { verifyChain } from '../../src/report/verify.ts'
import { fakeProvider } from '../../src/testing/fake-provider.ts'
import { nextTurn } from './turns.ts'

export interface RoundOptions {
  /** Runs that are carried side by side. */
  readonly runs: number
  /** How often the process is killed before it may finish. */
  readonly kills: number
  /** Kills itself at this append, in halves: n - 0.5 before the n-th, n after it. */
  readonly lastAppend?: number
  /** A control: intents are written too late. */
  readonly isUnguarded?: boolean
  /** Numbers from 0 up to 1. */
  readonly random: () => number
}

/** What became of the runs of one round. */
export interface RoundEnd {
  readonly runs: number
  readonly lost: number
  /** Times that the process died while runs were open. */
  readonly crashes: number
  /** Effects that happened more than once although their tool may not be repeated. */
  readonly duplicates: readonly string[]
  /** Calls that were reported as of unknown outcome; of those, the ones whose effect was there. */
  readonly doubts: number
  readonly doubtsDone: number
  /** What else should not be. */
  readonly faults: readonly string[]
}

const agent = join(import.meta.dirname, 'agent.ts')

/** A process that is still at work after this time hangs. */
const hangsMs = 60_000

/** Carries runs in processes that are killed and started again until all runs are complete. */
export async function crashRound(options: RoundOptions): Promise<RoundEnd> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-crash-'))
  const provider = await fakeProvider({ turns: nextTurn })
  try {
    return await new Round(folder, provider.baseUrl, options).carry()
  } finally {
    await provider.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

class Round {
  readonly #folder: string
  readonly #baseUrl: string
  readonly #options: RoundOptions
  readonly #resolutions: Record<string, 'success' | 'failed'> = {}
  readonly #answered = new Set<string>()
  readonly #faults: string[] = []
  #crashes = 0

  constructor(folder: string, baseUrl: string, options: RoundOptions) {
    this.#folder = folder
    this.#baseUrl = baseUrl
    this.#options = options
  }

  async carry(): Promise<RoundEnd> {
    const { kills, lastAppend } = this.#options
    if (lastAppend !== undefined) await this.#start(lastAppend)
    for (let kill = 0; kill < kills; kill++) await this.#startAndKill()
    // people and operators need a few rounds themselves
    for (let more = 0; more < 8 && (await this.#attend()); more++) await this.#start()
    return this.#judge()
  }

  #spawn(lastAppend?: number): ChildProcessWithoutNullStreams {
    const { isUnguarded = false, runs } = this.#options
    const args = [this.#folder, this.#baseUrl, String(runs)]
    return spawn(
      process.execPath,
      [
        '--conditions=sallyport-source',
        agent,
        ...args,
        ...(lastAppend === undefined ? [] : [String(lastAppend)]),
      ],
      { env: { PATH: '', ...(isUnguarded ? { CRASH_UNGUARDED: '1' } : {}) } },
    )
  }

  /** Lets a process work to its end, or to where it kills itself. */
  async #start(lastAppend?: number): Promise<void> {
    const child = this.#spawn(lastAppend)
    const errors = textOf(child.stderr)
    child.stdout.resume()
    const timer = AbortSignal.timeout(hangsMs)
    timer.addEventListener('abort', () => child.kill('SIGKILL'))
    await once(child, 'close')
    if (timer.aborted) this.#faults.push('a process did not end')
    if (child.signalCode !== null) this.#crashes++
    else if (child.exitCode !== 0) this.#faults.push(`a process failed: ${await errors}`)
  }

  /** Kills a process at a random instant after it has begun to work. */
  async #startAndKill(): Promise<void> {
    const child = this.#spawn()
    child.stderr.resume()
    await this.#works(child, Math.floor(this.#options.random() * 4 * this.#options.runs))
    await setTimeout(this.#options.random() * 10)
    if (child.exitCode === null) child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
    if (child.signalCode !== null) this.#crashes++
    await this.#attend()
  }

  /** Resolves when so many tools have done something, or the process has nothing more to do. */
  async #works(child: ChildProcessWithoutNullStreams, effects: number): Promise<void> {
    let seen = 0
    child.stdout.setEncoding('utf8')
    await new Promise<void>((done) => {
      child.once('close', () => done())
      child.stdout.on('data', (text: string) => {
        seen += text.split('.').length - 1
        if (seen > effects) done()
      })
    })
  }

  /** Answers and resolves what waits for people; false when every run is complete. */
  async #attend(): Promise<boolean> {
    return this.#withJournal(async (journal) => {
      let isOpen = false
      let runs = 0
      for await (const runId of journal.list()) {
        runs++
        const { end, openCalls, rows } = await readReport(journal.read(runId))
        if (end.status !== 'completed') isOpen = true
        if (end.status === 'needs-approval') await this.#answer(journal, runId, rows)
        for (const { callId, missing } of openCalls) {
          if (missing === 'outcome' && end.status === 'needs-approval') this.#resolve(callId)
        }
      }
      writeFileSync(join(this.#folder, 'resolutions.json'), JSON.stringify(this.#resolutions))
      return isOpen || runs < this.#options.runs
    })
  }

  async #answer(journal: Journal, runId: string, rows: Report['rows']): Promise<void> {
    for (const { approvals, status } of rows) {
      const id = approvals.at(-1)?.approvalId
      if (id === undefined || status !== 'skipped' || this.#answered.has(id)) continue
      this.#answered.add(id)
      const by = { subject: 'lena', roles: ['lead'] }
      await journal.leaveAnswer(runId, JSON.stringify({ id, action: 'approve', by }))
    }
  }

  /** An operator looks at the world and says what happened. */
  #resolve(callId: string): void {
    const isDone = this.#effects().some(([, key]) => key === callId)
    this.#resolutions[callId] ??= isDone ? 'success' : 'failed'
  }

  #effects(): readonly (readonly [tool: string, key: string])[] {
    const path = join(this.#folder, 'effects.txt')
    if (!existsSync(path)) return []
    const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
    return lines.map((line) => line.split(' ') as [string, string])
  }

  async #judge(): Promise<RoundEnd> {
    const counts = new Map<string, number>()
    for (const [tool, key] of this.#effects()) {
      if (tool !== 'read' && tool !== 'flaky') counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    let complete = 0
    await this.#withJournal(async (journal) => {
      for await (const runId of journal.list()) {
        const report = await readReport(journal.read(runId))
        const { verdict } = await verifyChain(journal.read(runId))
        if (verdict !== 'CONSISTENT') this.#faults.push(`${runId}: ${verdict}`)
        if (report.end.status === 'completed') complete++
        else this.#faults.push(`${runId} ended as ${report.end.status}`)
        this.#checkRows(report, counts)
      }
    })
    const doubts = Object.values(this.#resolutions)
    return {
      runs: this.#options.runs,
      lost: this.#options.runs - complete,
      crashes: this.#crashes,
      duplicates: [...counts].flatMap(([key, count]) => (count > 1 ? [key] : [])),
      doubts: doubts.length,
      doubtsDone: doubts.filter((outcome) => outcome === 'success').length,
      faults: this.#faults,
    }
  }

  /** A complete run has every call of the undisturbed one, each reported as it happened. */
  #checkRows({ header: { runId }, rows, modelCalls }: Report, counts: Map<string, number>): void {
    const calls = rows.map(({ tool, args }) => `${tool} ${JSON.stringify(args)}`).join(', ')
    if (calls !== undisturbedCalls) this.#faults.push(`${runId} has other calls: ${calls}`)
    if (modelCalls.length !== 6) this.#faults.push(`${runId} asked ${modelCalls.length} times`)
    for (const { callId, status, tool } of rows) {
      const expected = this.#resolutions[callId] === 'failed' ? 'error-execution' : 'success'
      if (status !== expected) this.#faults.push(`${callId} is reported as ${status}`)
      if (tool === 'read' || tool === 'flaky') continue
      const isDone = (counts.get(callId) ?? 0) > 0
      if (isDone !== (status === 'success')) this.#faults.push(`${callId} is not what happened`)
    }
  }

  async #withJournal<Value>(work: (journal: Journal) => Promise<Value>): Promise<Value> {
    const journal = sqliteJournal(join(this.#folder, 'journal.db'))
    try {
      return await work(journal)
    } finally {
      await journal.close()
    }
  }
}

const undisturbedCalls = [
  ['read', 1],
  ['append', 1],
  ['read', 2],
  ['append', 2],
  ['append', 3],
  ['pay', 4],
  ['read', 3],
  ['flaky', 5],
  ['append', 5],
  ['append', 6],
  ['append', 7],
  ['append', 8],
]
  .map(([tool, sum]) => `${tool} {"sum":${sum}}`)
  .join(', ')

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Journal } from '../../src/journal/journal.ts'
import { readReport } from '../../src/report/read.ts'
import type { Report } from '../../src/report/report.ts'
import { fakeProvider } from '../../src/testing/fake-provider.ts'
import { Child } from './child.ts'
import { effectsIn, judgeRuns, type Judgement } from './judge.ts'
import { open as openIn, type FileKind } from './journals.ts'
import { nextTurn } from './turns.ts'
import { yesTo } from './yes.ts'

export interface RoundOptions {
  readonly kind: FileKind
  /** Runs that are carried side by side. */
  readonly runs: number
  /** How often the process is killed before it may finish. Default 0. */
  readonly kills?: number
  /**
   * How often another process takes the runs over from one that is frozen, and goes on afterwards.
   * Default 0; not for journals with one writer.
   */
  readonly takeOvers?: number
  /** Kills itself at this append, in halves: n - 0.5 before the n-th, n after it. */
  readonly lastAppend?: number
  /** A control: intents are written too late. */
  readonly isUnguarded?: boolean
  /** Numbers from 0 up to 1. */
  readonly random: () => number
}

/** What became of the runs of one round. */
export interface RoundEnd extends Judgement {
  readonly runs: number
  /** Times that the process died while runs were open. */
  readonly crashes: number
}

/** Carries runs in processes that are killed and started again until all runs are complete. */
export async function crashRound(options: RoundOptions): Promise<RoundEnd> {
  const undisturbed = await (baseline ??= undisturbedReport())
  return inFolder((folder, baseUrl) => new Round(folder, baseUrl, options).carry(undisturbed))
}

let baseline: Promise<Report> | undefined

function undisturbedReport(): Promise<Report> {
  return inFolder(async (folder, baseUrl) => {
    const options = { kind: 'sqlite', runs: 1, random: () => 1 } as const
    const [report] = await new Round(folder, baseUrl, options).undisturbed()
    return report!
  })
}

async function inFolder<Value>(
  work: (folder: string, baseUrl: string) => Promise<Value>,
): Promise<Value> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-crash-'))
  const provider = await fakeProvider({ turns: nextTurn })
  try {
    return await work(folder, provider.baseUrl)
  } finally {
    await provider.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

type Question = readonly [runId: string, approvalId: string]

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

  /** The reports of runs whose process is not killed. */
  async undisturbed(): Promise<readonly Report[]> {
    await this.#complete()
    return this.#withJournal(async (journal) => {
      const reports: Report[] = []
      for await (const runId of journal.list()) reports.push(await readReport(journal.read(runId)))
      return reports
    })
  }

  async carry(undisturbed: Report): Promise<RoundEnd> {
    const { kills = 0, lastAppend, runs, takeOvers = 0 } = this.#options
    if (lastAppend !== undefined) await this.#start('--last-append', String(lastAppend))
    for (let kill = 0; kill < kills; kill++) await this.#startAndKill()
    for (let taken = 0; taken < takeOvers; taken++) await this.#freezeAndTakeOver()
    await this.#complete()
    const [folder, resolutions] = [this.#folder, this.#resolutions]
    const judgement = await this.#withJournal((journal) =>
      judgeRuns(journal, { runs, folder, resolutions, undisturbed }),
    )
    const faults = [...this.#faults, ...judgement.faults]
    return { ...judgement, faults, runs, crashes: this.#crashes }
  }

  async #complete(): Promise<void> {
    // people and operators need a few rounds themselves
    for (let more = 0; more < 8 && (await this.#attend()); more++) await this.#start()
  }

  #spawn(...more: readonly string[]): Child {
    const { isUnguarded = false, kind, runs } = this.#options
    const given = [this.#folder, this.#baseUrl, kind, String(runs), ...more]
    return new Child('agent.ts', isUnguarded ? [...given, '--unguarded'] : given)
  }

  /** Lets a process work to its end, or to where it kills itself. */
  async #start(...more: readonly string[]): Promise<void> {
    const child = this.#spawn(...more)
    this.#faults.push(...(await child.ended()))
    if (child.wasKilled) this.#crashes++
  }

  /** Kills a process at a random instant after it has begun to work. */
  async #startAndKill(): Promise<void> {
    const child = this.#spawn()
    await this.#worksALittle(child)
    await child.kill()
    if (child.wasKilled) this.#crashes++
    await this.#attend()
  }

  /**
   * A process stops in the middle of its work, another one takes its runs and may die too, and the
   * first comes back: it must not carry them any more.
   */
  async #freezeAndTakeOver(): Promise<void> {
    const first = this.#spawn()
    await this.#worksALittle(first)
    first.signal('SIGSTOP')
    const second = this.#spawn('--take-over')
    await this.#worksALittle(second)
    if (this.#options.random() < 0.5) {
      await second.kill()
      if (second.wasKilled) this.#crashes++
    }
    const back = setTimeout(this.#options.random() * 20).then(() => first.signal('SIGCONT'))
    await second.ended()
    await back
    this.#faults.push(...(await first.ended()))
    await this.#attend()
  }

  async #worksALittle(child: Child): Promise<void> {
    const { random, runs } = this.#options
    await child.works(Math.floor(random() * 4 * runs))
    await setTimeout(random() * 10)
  }

  /** Answers and resolves what waits for people; false when every run is complete. */
  async #attend(): Promise<boolean> {
    return this.#withJournal(async (journal) => {
      let isOpen = false
      let runs = 0
      const questions: Question[] = []
      for await (const runId of journal.list()) {
        runs++
        const { end, openCalls, rows } = await readReport(journal.read(runId))
        if (end.status !== 'completed') isOpen = true
        if (end.status !== 'needs-approval') continue
        questions.push(...openQuestions(rows).map((id) => [runId, id] as const))
        for (const { callId, missing } of openCalls) {
          if (missing === 'outcome') this.#resolve(callId)
        }
      }
      await this.#answer(journal, questions)
      writeFileSync(join(this.#folder, 'resolutions.json'), JSON.stringify(this.#resolutions))
      return isOpen || runs < this.#options.runs
    })
  }

  /** Says yes to what was not answered yet, at times in a process that may die over it. */
  async #answer(journal: Journal, questions: readonly Question[]): Promise<void> {
    const open = questions.filter(([, id]) => !this.#answered.has(id))
    if (open.length === 0) return
    if (this.#options.random() < 0.3) return this.#answerElsewhere(open)
    for (const [runId, id] of open) {
      await journal.leaveAnswer(runId, yesTo(id))
      this.#answered.add(id)
    }
  }

  async #answerElsewhere(open: readonly Question[]): Promise<void> {
    const given = open.map((question) => question.join('='))
    const child = new Child('answer.ts', [this.#folder, this.#options.kind, ...given])
    await child.works(Math.floor(this.#options.random() * open.length))
    await child.kill()
    // nobody knows which answers the dead one has left: they are given again
    if (!child.wasKilled) for (const [, id] of open) this.#answered.add(id)
  }

  /** An operator looks at the world and says what happened. */
  #resolve(callId: string): void {
    const isDone = effectsIn(this.#folder).some(([, key]) => key === callId)
    this.#resolutions[callId] ??= isDone ? 'success' : 'failed'
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

function openQuestions(rows: Report['rows']): readonly string[] {
  return rows
    .filter(({ status }) => status === 'skipped')
    .flatMap(({ approvals }) => approvals.at(-1)?.approvalId ?? [])
}

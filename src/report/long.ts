import type { JournalRecord } from '../journal/journal.ts'
import { createPassingFold } from './fold.ts'
import { changed, checked, damaged, eventsOf, unreadable } from './read.ts'
import type { Redactor } from './redact.ts'
import type { ModelCallRow, Report } from './report.ts'
import { partShape } from './shape.ts'
import { summarizeCall, Tally, type CallSummary, type Summary } from './summary.ts'

/** Reads the records of one run from the first on, each time it is called. */
export type ReadRecords = () => AsyncIterable<JournalRecord>

/** Takes what a pass over the records comes by. */
export interface Visitor {
  call?(call: CallSummary): void
  modelCall?(call: ModelCallRow): void
}

/** What is known of a run beside its calls. */
export interface Outline {
  /** Without rows and model calls; totals and open calls are of all of them. */
  readonly report: Report
  readonly summary: Omit<Summary, 'calls'>
}

/**
 * The report of a run that may be larger than memory. Nothing is kept but which records are the last
 * ones of their calls; every pass reads the journal again, and what was appended since the first one
 * is left aside. Throws as `readReport` does.
 */
export class LongReport {
  readonly #read: ReadRecords
  /** By record, 1 for the last one of a call. */
  readonly #isLast: Uint8Array
  readonly #count: number
  readonly #head: string | null
  readonly #redactor: Redactor | undefined

  private constructor(
    read: ReadRecords,
    found: {
      readonly isLast: Uint8Array
      readonly count: number
      readonly head: string | null
    },
    redactor: Redactor | undefined,
  ) {
    this.#read = read
    this.#isLast = found.isLast
    this.#count = found.count
    this.#head = found.head
    this.#redactor = redactor
  }

  static async open(read: ReadRecords, redactor?: Redactor): Promise<LongReport> {
    const last = new Map<string, number>()
    let count = 0
    let head: string | null = null
    for await (const { line, hash } of read()) {
      const callId = callOf(line, count)
      if (callId !== undefined) last.set(callId, count)
      count++
      head = hash
    }
    // the ids of all calls are not kept: of a long run there are many
    const isLast = new Uint8Array(count)
    for (const place of last.values()) isLast[place] = 1
    return new LongReport(read, { isLast, count, head }, redactor)
  }

  /** Reads everything once. */
  async outline(visitor: Visitor = {}): Promise<Outline> {
    const tally = new Tally()
    let report: Report | undefined
    for await (const each of this.#pass()) {
      if (each.kind === 'model') visitor.modelCall?.(each.call)
      else if (each.kind === 'end') report = each.report
      else {
        tally.add(each.call)
        visitor.call?.(each.call)
      }
    }
    return { report: report!, summary: tally.summary(report!) }
  }

  /** Each call, in the order of proposal. */
  async *calls(): AsyncGenerator<CallSummary> {
    for await (const each of this.#pass()) if (each.kind === 'call') yield each.call
  }

  /** Each model response, in order. */
  async *modelCalls(): AsyncGenerator<ModelCallRow> {
    for await (const each of this.#pass()) if (each.kind === 'model') yield each.call
  }

  async *#pass(): AsyncGenerator<Found> {
    const [checkRow, checkModelCall] = [await partShape('row'), await partShape('modelCall')]
    const redactor = this.#redactor
    let ready: Found[] = []
    let seq = -1
    const fold = createPassingFold({
      isLast: () => this.#isLast[seq] === 1,
      row(row, open) {
        const problem = checkRow(row)
        if (problem !== undefined) throw damaged(`a call of the run: ${problem}`)
        const shown = redactor?.row(row) ?? row
        ready.push({ kind: 'call', call: summarizeCall(shown, open?.missing === 'approval') })
      },
      modelCall(call) {
        const problem = checkModelCall(call)
        if (problem !== undefined) throw damaged(`a model response of the run: ${problem}`)
        ready.push({ kind: 'model', call: redactor?.modelCall(call) ?? call })
      },
    })
    for await (const { event, hash } of eventsOf(this.#records())) {
      seq++
      try {
        fold.add(event)
      } catch (error) {
        throw unreadable(error, `record ${seq}`)
      }
      if (seq === this.#count - 1 && hash !== this.#head) throw changed()
      yield* ready
      ready = []
    }
    if (seq !== this.#count - 1) throw changed()
    const report = await checked(fold, this.#head)
    yield* ready
    yield { kind: 'end', report: redactor?.report(report) ?? report }
  }

  async *#records(): AsyncGenerator<JournalRecord> {
    let left = this.#count
    if (left === 0) return
    for await (const record of this.#read()) {
      yield record
      if (--left === 0) return
    }
  }
}

type Found =
  | { readonly kind: 'call'; readonly call: CallSummary }
  | { readonly kind: 'model'; readonly call: ModelCallRow }
  | { readonly kind: 'end'; readonly report: Report }

/** The id of the call that a line is about. */
function callOf(line: string, number: number): string | undefined {
  try {
    const { callId } = JSON.parse(line) as { readonly callId?: unknown }
    return typeof callId === 'string' ? callId : undefined
  } catch (cause) {
    throw damaged(`record ${number} is not a line of a journal`, cause)
  }
}

import { SallyportError } from '../base/errors.ts'
import { copyJson } from '../base/json.ts'
import { shorten } from '../base/text.ts'
import type {
  CallCounts,
  CallDecided,
  RunEvent,
  RunStart,
  StructuralEvent,
} from '../protocol/run-event.ts'
import type { ToolSet } from '../protocol/tool-set.ts'
import { CallFold } from './fold-call.ts'
import { ModelCallFold } from './fold-model-call.ts'
import { Passed, type FoldTaker } from './fold-passed.ts'
import {
  reportError,
  type LimitRow,
  type Report,
  type ReportEnd,
  type ReportError,
  type ReportHeader,
} from './report.ts'
import { joinedTools } from './tool-sets.ts'
import { checkIterable } from './given.ts'
import { checkOptions } from '../base/options.ts'

/** A report in the making. Adding an event costs a fraction of a microsecond. */
export interface ReportFold {
  /**
   * Takes the next event of the run; events that do not concern a report are ignored. Members that
   * were erased with their payload may be missing. Throws `bad-journal` for an event no run can
   * produce at this place: the first one is not `run-start`, or a call is named that was never
   * proposed.
   */
  add(event: RunEvent): void
  /** The calls so far, counted. */
  counts(): CallCounts
  /** The report over all events so far. `head` is the digest of the last record behind it. */
  report(head: string | null): Report
}

/** The report over the events of one run, in their order. Throws as `ReportFold.add` does. */
export function foldReport(
  events: Iterable<StructuralEvent>,
  options: { readonly head: string | null },
): Report {
  checkOptions('foldReport', options, ['head'])
  const fold = createFold()
  for (const event of checkIterable('events', events, 'pass the events of a run, in their order'))
    fold.add(event)
  return fold.report(options.head)
}

export function createFold(): ReportFold {
  return new Fold()
}

/** A fold that keeps nothing of what is over; its report is asked for once, at the end. */
export function createPassingFold(taker: FoldTaker): ReportFold {
  return new Fold(taker)
}

class Fold implements ReportFold {
  readonly #taker: FoldTaker | undefined
  #passed: Passed | undefined
  readonly #over = new Set<CallFold>()
  #header: ReportHeader | undefined
  /** The one that the run was begun with. */
  #model = ''
  #tools: ToolSet | undefined
  readonly #calls = new Map<string, CallFold>()
  readonly #modelCalls: ModelCallFold[] = []
  readonly #limits: LimitRow[] = []
  #shadow = false
  #end: ReportEnd['status'] = 'open'
  #error: ReportError | undefined
  #lastAt = ''

  constructor(taker?: FoldTaker) {
    this.#taker = taker
  }

  add(event: RunEvent): void {
    if (event.type === 'text-delta' || event.type === 'reasoning-delta') return
    this.#add(event)
    if (this.#taker !== undefined) this.#pass(event, this.#taker)
  }

  #add(event: StructuralEvent): void {
    if (this.#header === undefined && event.type !== 'run-start') {
      throw new SallyportError(
        'bad-journal',
        `the run begins with \`${shorten(event.type, 40)}\``,
        {
          help: 'fold all events of the run, from `run-start` on',
        },
      )
    }
    // an answer may be written down while the run rests; it does not set the run going
    if (event.type === 'approval-decision' && this.#end !== 'open') {
      this.#call(event).answerApproval(event)
      return
    }
    this.#lastAt = event.at
    this.#end = event.type === 'end' ? event.status : 'open'
    this.#apply(event)
  }

  #apply(event: StructuralEvent): void {
    switch (event.type) {
      case 'run-start':
        if (this.#header === undefined) this.#begin(event)
        // whoever carries the run on has got over what went wrong before
        this.#error = undefined
        this.#tools = joinedTools(this.#tools, event.tools)
        this.#shadow ||= event.policy.mode === 'shadow'
        break
      case 'tool-call':
        this.#propose(new CallFold(event))
        break
      case 'decision':
        this.#decide(event)
        break
      case 'approval-request':
        this.#call(event).requestApproval(event)
        break
      case 'approval-decision':
        this.#call(event).answerApproval(event)
        break
      case 'execution-start':
        this.#call(event).start(event)
        break
      case 'tool-result':
        this.#call(event).finish(event)
        break
      case 'turn-start':
        // a turn whose response never came is asked for again by whoever carries the run on
        if (this.#modelCalls.at(-1)?.isWithoutAnswer(event.turn) === true) this.#modelCalls.pop()
        this.#modelCalls.push(new ModelCallFold(event, event.model?.id ?? this.#model))
        break
      case 'retry':
        this.#modelCalls.at(-1)?.retry(event)
        break
      case 'fallback':
        this.#modelCalls.at(-1)?.fallback(event)
        break
      case 'usage':
        this.#modelCalls.at(-1)?.reportUsage(event)
        break
      case 'turn-end':
        this.#modelCalls.at(-1)?.finish(event)
        break
      case 'limit': {
        const { turn, limit, max, message } = event
        this.#limits.push({ turn, limit, max, message })
        break
      }
      case 'error':
        this.#error = reportError(event)
        this.#modelCalls.at(-1)?.fail(event, this.#error)
        break
      case 'execution-progress':
      case 'end':
        break
    }
  }

  #begin(event: RunStart): void {
    this.#header = headerOf(event)
    this.#model = event.model.id
  }

  #pass(event: StructuralEvent, taker: FoldTaker): void {
    const passed = (this.#passed ??= new Passed(this.#model))
    while (this.#modelCalls.length > 1) passed.modelCall(this.#modelCalls.shift()!.row(), taker)
    if (!('callId' in event) || !taker.isLast()) return
    this.#over.add(this.#call(event))
    for (const [callId, call] of this.#calls) {
      if (!this.#over.delete(call)) return
      this.#calls.delete(callId)
      passed.row(call.row(), call.open(), taker)
    }
  }

  #propose(call: CallFold): void {
    if (this.#calls.has(call.callId)) {
      throw new SallyportError(
        'bad-journal',
        `the call \`${shorten(call.callId, 100)}\` is proposed twice`,
      )
    }
    this.#calls.set(call.callId, call)
  }

  #decide(event: CallDecided): void {
    this.#call(event).decide(event)
    this.#shadow ||= event.decision.shadow === true
  }

  #call(event: { readonly type: string; readonly callId: string }): CallFold {
    const call = this.#calls.get(event.callId)
    if (call !== undefined) return call
    throw new SallyportError(
      'bad-journal',
      `\`${event.type}\` names the call \`${shorten(event.callId, 100)}\`, which was never proposed`,
    )
  }

  counts(): CallCounts {
    const counts = { allow: 0, ask: 0, deny: 0, none: 0, open: 0 }
    for (const call of this.#calls.values()) {
      counts[call.effect]++
      if (call.isOpen) counts.open++
    }
    return counts
  }

  report(head: string | null): Report {
    const header = this.#header
    if (header === undefined) {
      throw new SallyportError('bad-journal', 'the run has no events', {
        help: 'name a run that was started',
      })
    }
    const { rows, modelCalls, passed } = this.#kept()
    return {
      version: 1,
      header: {
        ...header,
        toolSet: this.#tools!,
        models: [...passed.models],
        endedAt: this.#end === 'open' ? null : this.#lastAt,
        // wall clocks jump; a report does not show negative time
        durationMs: Math.max(0, Date.parse(this.#lastAt) - Date.parse(header.startedAt)),
      },
      rows,
      modelCalls,
      limits: [...this.#limits],
      totals: passed.totals.value,
      end: {
        status: this.#end,
        ...(this.#error === undefined ? {} : { error: this.#error }),
      },
      head,
      shadow: this.#shadow,
      openCalls: passed.openCalls,
    }
  }

  /** The rows and model calls that were not taken, and what is known of all of them. */
  #kept(): Pick<Report, 'rows' | 'modelCalls'> & { readonly passed: Passed } {
    if (this.#taker !== undefined) {
      const passed = (this.#passed ??= new Passed(this.#model))
      for (const call of this.#modelCalls.splice(0)) passed.modelCall(call.row(), this.#taker)
      // none is left of a run whose records name their calls as they should
      for (const call of this.#calls.values()) passed.row(call.row(), call.open(), this.#taker)
      this.#calls.clear()
      return { rows: [], modelCalls: [], passed }
    }
    const passed = new Passed(this.#model)
    const rows = [...this.#calls.values()].map((call) => {
      const row = call.row()
      passed.row(row, call.open())
      return row
    })
    const modelCalls = this.#modelCalls.map((call) => {
      const row = call.row()
      passed.modelCall(row)
      return row
    })
    return { rows, modelCalls, passed }
  }
}

/** Without what is known only later. A copy: readers of a run may write over its events. */
function headerOf(start: RunStart): ReportHeader {
  const { claims: _claims, ...principal } = start.principal ?? {}
  return copyJson({
    runId: start.runId,
    ...(start.session === undefined ? {} : { session: start.session }),
    principal: start.principal === null ? null : (principal as ReportHeader['principal']),
    actor: start.principal?.agent ?? null,
    policy: {
      name: start.policy.name,
      digest: start.policy.digest,
      mode: start.policy.mode,
      ...(start.policy.file === undefined ? {} : { file: start.policy.file }),
    },
    toolSet: start.tools,
    provider: start.model.provider,
    models: [],
    versions: start.versions,
    ...(start.parent === undefined ? {} : { parent: start.parent }),
    ...(start.scope === undefined ? {} : { scope: start.scope }),
    startedAt: start.at,
    endedAt: null,
    durationMs: 0,
  })
}

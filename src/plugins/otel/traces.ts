import type * as Telemetry from '@opentelemetry/api'
import type { RunEvent, RunStart } from '../../protocol/run-event.ts'
import type { Telling } from './content.ts'
import type { Instruments } from './instruments.ts'
import { RunTrace } from './run-trace.ts'
import { readTraceparent } from './traceparent.ts'

/** Traces of runs, as their `traceparent`. */
export interface TraceStore {
  get(runId: string): string | undefined
  set(runId: string, traceparent: string): unknown
}

/** What all spans are made with. */
export interface TraceParts {
  readonly api: typeof Telemetry
  readonly tracer: Telemetry.Tracer
  readonly instruments: Instruments
  readonly agent: { readonly name?: string; readonly id?: string; readonly version?: string }
  readonly content: Telling
  readonly refusalsAreErrors: boolean
  readonly traceparents: TraceStore
}

/** The traces of the runs that are at work. */
export class Traces {
  readonly #parts: TraceParts
  readonly #runs = new Map<string, RunTrace>()

  constructor(parts: TraceParts) {
    this.#parts = parts
  }

  take(event: RunEvent): void {
    if (event.type === 'run-start') this.#begin(event)
    const run = this.#runs.get(event.runId)
    run?.take(event)
    if (event.type !== 'end' || run === undefined) return
    this.#runs.delete(event.runId)
    // what has ended well is not carried on
    if (event.status !== 'completed' && event.status !== 'denied') {
      this.#parts.traceparents.set(event.runId, run.traceparent)
    }
  }

  /** Where a model is being asked. */
  chatContext(runId: string): Telemetry.Context | undefined {
    return this.#runs.get(runId)?.chatContext()
  }

  /** Where a call is being carried out. */
  callContext(runId: string, callId: string): Telemetry.Context | undefined {
    return this.#runs.get(runId)?.callContext(callId)
  }

  #begin(start: RunStart): void {
    const { traceparents } = this.#parts
    // where the process that began it has died, the run began here and is at work
    const known = this.#runs.get(start.runId)?.traceparent ?? traceparents.get(start.runId)
    const before = start.resumed === undefined ? undefined : readTraceparent(known)
    // an agent that is called as a tool works under that call, whatever carries contexts along
    const { parent } = start
    const above = parent && this.callContext(parent.runId, parent.callId)
    this.#runs.set(start.runId, new RunTrace(this.#parts, start, { above, before }))
  }
}

import { AskedModel } from '../protocol/asked-model.ts'
import type { Principal } from '../protocol/principal.ts'
import type { RunEvent } from '../protocol/run-event.ts'
import { noUsage, type Cost, type Usage } from '../protocol/usage.ts'

/** What one model response has taken, and on whose behalf. */
export interface Charge {
  /** The same whenever the same response is told of again: `<run>:<turn>`. */
  readonly id: string
  readonly runId: string
  readonly turn: number
  readonly session?: string
  /** Null for a caller who is not known. */
  readonly principal: Pick<Principal, 'subject' | 'tenant' | 'agent'> | null
  /** Who was asked last for the response. */
  readonly provider: string
  /** The one that answered; where no answer says so, the one that was asked. */
  readonly model: string
  readonly usage: Usage
  /** With its source; absent where nobody has said anything. */
  readonly cost?: Cost
  /** RFC 3339. */
  readonly at: string
}

type Started = Pick<Charge, 'session' | 'principal'>
type Response = Pick<Charge, 'usage' | 'cost' | 'at' | 'turn'>

interface OpenRun {
  readonly started: Started
  readonly asked: AskedModel
  /** A response whose turn has not ended. */
  pending: Response | undefined
}

/**
 * Reads charges out of the events of runs: each response once, when its turn ends, or the run where
 * that comes first. A response of a process that died is charged by the one that takes its run up.
 */
export class Charges {
  readonly #runs = new Map<string, OpenRun>()

  read(event: RunEvent): Charge | undefined {
    if (event.type === 'run-start') {
      const started = startedBy(event)
      this.#runs.set(event.runId, { started, asked: new AskedModel(), pending: undefined })
    }
    const run = this.#runs.get(event.runId)
    if (run === undefined) return undefined
    run.asked.add(event)
    switch (event.type) {
      case 'usage':
        run.pending = responseOf(event)
        return undefined
      case 'turn-end':
        run.pending = undefined
        return chargeOf(event.runId, run, responseOf(event), event.model)
      case 'end': {
        this.#runs.delete(event.runId)
        return run.pending && chargeOf(event.runId, run, run.pending)
      }
      default:
        return undefined
    }
  }
}

function startedBy(event: Extract<RunEvent, { type: 'run-start' }>): Started {
  const { principal, session } = event
  const { agent, subject = '', tenant } = principal ?? {}
  return {
    ...(session === undefined ? {} : { session }),
    principal:
      principal === null
        ? null
        : {
            subject,
            ...(tenant === undefined ? {} : { tenant }),
            ...(agent === undefined ? {} : { agent }),
          },
  }
}

function responseOf({ at, cost, turn, usage }: Response): Response {
  return { at, turn, usage: usage ?? noUsage, ...(cost === undefined ? {} : { cost }) }
}

function chargeOf(
  runId: string,
  { asked, started }: OpenRun,
  response: Response,
  answeredBy?: string,
): Charge {
  const { provider, id } = asked.current!
  const model = answeredBy ?? id
  return { id: `${runId}:${response.turn}`, runId, ...started, provider, model, ...response }
}

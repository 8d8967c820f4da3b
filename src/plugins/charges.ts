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
  readonly provider: string
  /** The one that answered; where no answer says so, the one the run was started with. */
  readonly model: string
  readonly usage: Usage
  /** With its source; absent where nobody has said anything. */
  readonly cost?: Cost
  /** RFC 3339. */
  readonly at: string
}

type Started = Pick<Charge, 'session' | 'principal' | 'provider' | 'model'>
type Response = Pick<Charge, 'usage' | 'cost' | 'at' | 'turn'>

interface OpenRun {
  readonly started: Started
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
    const run = this.#runs.get(event.runId)
    if (event.type === 'run-start') {
      this.#runs.set(event.runId, { started: startedBy(event), pending: undefined })
      return undefined
    }
    if (run === undefined) return undefined
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
  const { model, principal, session } = event
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
    provider: model.provider,
    model: model.id,
  }
}

function responseOf({ at, cost, turn, usage }: Response): Response {
  return { at, turn, usage: usage ?? noUsage, ...(cost === undefined ? {} : { cost }) }
}

function chargeOf(
  runId: string,
  { started }: OpenRun,
  response: Response,
  model = started.model,
): Charge {
  return { id: `${runId}:${response.turn}`, runId, ...started, ...response, model }
}

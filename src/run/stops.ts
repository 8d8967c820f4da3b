import { childController, type ChildController } from '../base/signal.ts'
import { UnderWay } from '../base/under-way.ts'
import type { JudgeContext } from '../gate/verdict.ts'

/** What is to stop; without a member, everything. Members narrow each other. */
export interface StopRequest {
  /** Subject of a principal. From now on its runs and calls are refused. */
  readonly principal?: string
  /** Name of a tool. From now on its calls are refused; the runs that made them go on. */
  readonly tool?: string
  /** Id of a run. */
  readonly run?: string
  /** For the record and the model. At most 200 characters are kept. */
  readonly reason?: string
}

/** Where work happens: a run, or one execution of a tool. */
interface Work {
  readonly context: Pick<JudgeContext, 'principal' | 'runId'>
  /** Undefined for a run. */
  readonly tool: string | undefined
  stop(detail: string): void
}

/** The kill switch of a runtime: what is at work, and what may not work any more. */
export class Stops {
  readonly #work = new UnderWay<Work>()
  readonly #standing = new Set<StopRequest>()

  /**
   * Stops what fits at once. A stop of a principal or a tool stands until the returned function is
   * called; one of runs is over with them.
   */
  stop(request: StopRequest): () => void {
    const { principal, tool } = request
    if (principal !== undefined || tool !== undefined) this.#standing.add(request)
    const detail = detailOf(request)
    for (const work of this.#work.list()) if (fits(request, work)) work.stop(detail)
    return () => void this.#standing.delete(request)
  }

  /** Why a call of this tool may not run, or without a tool the run; undefined when it may. */
  refusal(tool: string | undefined, context: Work['context']): string | undefined {
    for (const request of this.#standing) {
      const isMeant =
        fits(request, { context, tool }) || fits(request, { context, tool: undefined })
      if (isMeant) return detailOf(request)
    }
    return undefined
  }

  /** A run is at work; returns what ends that. */
  enter(context: Work['context'], stop: (detail: string) => void): () => void {
    return this.#work.add({ context, tool: undefined, stop })
  }

  /** A tool is about to work: its signal, which follows that of the run. */
  start(tool: string, context: Work['context'], signal: AbortSignal): ChildController {
    const controller = childController(signal)
    const stop = (detail: string): void => controller.abort('stopped', detail)
    const leave = this.#work.add({ context, tool, stop })
    return {
      ...controller,
      dispose() {
        leave()
        controller.dispose()
      },
    }
  }
}

function fits(
  { principal, run, tool }: StopRequest,
  work: Pick<Work, 'context' | 'tool'>,
): boolean {
  return (
    tool === work.tool &&
    (run === undefined || run === work.context.runId) &&
    (principal === undefined || principal === work.context.principal?.subject)
  )
}

function detailOf({ principal, reason, tool }: StopRequest): string {
  const what = tool ?? principal
  const stopped = what === undefined ? 'the run was stopped' : `\`${what}\` was stopped`
  return reason === undefined ? stopped : `${stopped}: ${reason.slice(0, 200).toWellFormed()}`
}

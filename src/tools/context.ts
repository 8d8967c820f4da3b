import { SallyportError } from '../base/errors.ts'
import type { FetchInit } from './access/fetch.ts'
import { unfailing } from './log.ts'
import type { Grant } from './permit.ts'
import type { Stop } from './stop.ts'
import { giveDelegate, type Delegate, type ToolContext, type ToolLog } from './tool.ts'

/** What is the same for all attempts of a call. */
interface CallSurroundings {
  readonly runId: string
  readonly idempotencyKey: string
  readonly deps: unknown
  readonly log?: ToolLog | undefined
  /** Where the tool is an agent. */
  readonly delegate?: Delegate | undefined
}

/** What a tool is told; its signal is made when it is asked for. */
export class CallContext implements ToolContext {
  readonly principal: ToolContext['principal']
  readonly runId: string
  readonly callId: string
  readonly turn: number
  readonly attempt: number
  readonly idempotencyKey: string
  readonly deadline: number
  readonly log: ToolLog
  readonly deps: unknown
  trace: ToolContext['trace']
  readonly #grant: Grant
  readonly #stop: Stop

  constructor(
    grant: Grant,
    context: CallSurroundings,
    stop: Stop,
    attempt: number,
    deadline: number,
  ) {
    const { call, principal } = grant
    this.#grant = grant
    this.principal = principal
    this.runId = context.runId
    this.callId = call.callId
    this.turn = call.turn
    this.attempt = attempt
    this.idempotencyKey = context.idempotencyKey
    this.deadline = deadline
    this.log = unfailing(context.log)
    this.deps = context.deps
    this.#stop = stop
    if (context.delegate !== undefined) giveDelegate(this, context.delegate)
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  // functions by themselves, so that tools can take them out of the context
  get open(): ToolContext['open'] {
    return async (path, flags) => {
      const { openFile } = await import('./access/open.ts')
      const { access, tool } = this.#ongoing()
      const handle = await openFile(access, tool.name, path, flags)
      if (this.#stop.over) await handle.close()
      this.#ongoing()
      return handle
    }
  }

  get fetch(): ToolContext['fetch'] {
    return async (url, init) => {
      const { fetchUrl } = await import('./access/fetch.ts')
      const { access, tool } = this.#ongoing()
      return fetchUrl(access, { tool: tool.name, signal: this.signal }, url, this.#traced(init))
    }
  }

  /** What the tool says itself wins. */
  #traced(init: FetchInit | undefined): FetchInit | undefined {
    if (this.trace === undefined) return init
    return { ...init, headers: { ...this.trace, ...init?.headers } }
  }

  /** What the permit grants ends with the call. */
  #ongoing(): Grant {
    if (!this.#stop.over) return this.#grant
    throw new SallyportError('access-denied', 'the call is over')
  }
}

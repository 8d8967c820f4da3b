import type { JsonValue } from '../base/json.ts'
import type { CallDefect } from './call.ts'
import type { ModelEnd, ModelErrorData, ModelEvent } from './event.ts'
import { addCost, addUsage, type Cost, type FinishReason, type Usage } from './usage.ts'

/** A call as it came out of a turn. */
export interface AssembledCall {
  readonly providerId: string
  readonly tool: string
  readonly arguments: string
  readonly opaque?: JsonValue
  readonly defect?: CallDefect
}

/** One model response, complete. */
export interface AssembledTurn {
  readonly text: string
  readonly reasoning: string
  /** Addresses of the pictures, in their order. */
  readonly images: readonly string[]
  readonly refusal: string | undefined
  readonly calls: readonly AssembledCall[]
  readonly finishReason: FinishReason
  readonly usage: Usage | undefined
  readonly cost: Cost | undefined
  readonly error: ModelErrorData | undefined
  readonly opaque: ModelEnd['opaque']
  readonly provider: string | undefined
  readonly model: string | undefined
  readonly responseId: string | undefined
}

interface Spent {
  readonly usage?: Usage | undefined
  readonly cost?: Cost | undefined
}

/**
 * Folds the events of one model response into a turn. Text only grows by appending: looking into
 * a growing string would flatten it at every delta and make long answers quadratic.
 *
 * Calls of a turn that did not end well (cut by length, filtered, failed) are kept, marked as
 * truncated, so that they are recorded and answered but never run. What a failed attempt has said
 * is dropped when another one begins; what it has used is added up.
 */
export class TurnAssembler {
  #text = ''
  #reasoning = ''
  #images: string[] = []
  #calls: Extract<ModelEvent, { type: 'tool-call' }>[] = []
  /** By attempts that failed. */
  #spent: Spent = {}
  #usage: Usage | undefined
  #cost: Cost | undefined
  #error: ModelErrorData | undefined
  #end: ModelEnd | undefined

  add(event: ModelEvent): void {
    switch (event.type) {
      case 'text-delta':
        this.#text += event.text
        break
      case 'reasoning-delta':
        this.#reasoning += event.text
        break
      case 'image':
        this.#images.push(event.url)
        break
      case 'tool-call':
        this.#calls.push(event)
        break
      case 'usage':
        this.#usage = event.usage
        this.#cost = event.cost
        break
      case 'error':
        this.#error ??= event.error
        break
      case 'end':
        this.#end = event
        break
      case 'retry':
      case 'fallback':
        this.#startOver()
        break
      case 'tool-call-start':
      case 'tool-call-delta':
        break
    }
  }

  #startOver(): void {
    this.#spent = this.#total()
    this.#text = ''
    this.#reasoning = ''
    this.#images = []
    this.#calls = []
    this.#usage = undefined
    this.#cost = undefined
    this.#error = undefined
  }

  #total(): Spent {
    const { usage, cost } = this.#spent
    if (usage === undefined) return { usage: this.#usage, cost: this.#cost }
    if (this.#usage === undefined) return this.#spent
    const sum = addCost(cost, this.#cost)
    const known = cost !== undefined && this.#cost !== undefined
    return {
      usage: addUsage(usage, this.#usage),
      cost: sum === undefined || known ? sum : { ...sum, source: 'unknown' },
    }
  }

  finish(): AssembledTurn {
    const end = this.#end
    const { usage, cost } = this.#total()
    const finishReason = end?.finishReason ?? { unified: 'error', raw: null }
    const cut = this.#error !== undefined || !runsCalls(finishReason)
    return {
      text: this.#text,
      reasoning: this.#reasoning,
      images: this.#images,
      refusal: end?.refusal,
      calls: this.#calls.map((call) => assembleCall(call, cut, finishReason)),
      finishReason,
      usage,
      cost,
      error: this.#error,
      opaque: end?.opaque,
      provider: end?.provider,
      model: end?.model,
      responseId: end?.responseId,
    }
  }
}

/** Only these finish reasons are evidence that the calls of a turn are complete. */
function runsCalls(finish: FinishReason): boolean {
  return finish.unified === 'tool-calls' || finish.unified === 'stop'
}

function assembleCall(
  call: Extract<ModelEvent, { type: 'tool-call' }>,
  cut: boolean,
  finish: FinishReason,
): AssembledCall {
  const defect = cut ? cutBy(finish) : malformed(call.defect)
  return {
    providerId: call.providerId,
    tool: call.tool,
    arguments: call.arguments,
    ...(call.opaque === undefined ? {} : { opaque: call.opaque }),
    ...(defect === undefined ? {} : { defect }),
  }
}

function cutBy({ unified }: FinishReason): CallDefect {
  const message = `the turn ended by \`${unified}\` before its calls were complete`
  return { status: 'truncated', message }
}

function malformed(message: string | undefined): CallDefect | undefined {
  return message === undefined ? undefined : { status: 'error-parsing', message }
}

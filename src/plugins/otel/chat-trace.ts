import type { Attributes, Context, Span } from '@opentelemetry/api'
import { shorten } from '../../base/text.ts'
import { modelNamed } from '../../protocol/asked-model.ts'
import type { ModelErrorData } from '../../protocol/event.ts'
import type {
  FellBack,
  Retried,
  RunFailed,
  RunStart,
  TurnEnded,
  TurnStart,
  UsageReported,
} from '../../protocol/run-event.ts'
import type { Usage } from '../../protocol/usage.ts'
import { messageParts } from './content.ts'
import { conventional, operations, own } from './names.ts'
import type { TraceParts } from './traces.ts'

/** The span of one model response, retries and fallbacks included. */
export class ChatTrace {
  readonly #parts: TraceParts
  readonly #span: Span
  readonly #startedAt: number
  readonly context: Context
  #model: RunStart['model']
  #answeredAt: number | undefined
  #isComplete = false
  #attempts = 1
  #failure: string | undefined
  #ended = false

  constructor(
    parts: TraceParts,
    parent: Context,
    ofRun: RunStart['model'],
    { at, model: ofTurn, turn }: TurnStart,
  ) {
    const { api, tracer } = parts
    this.#parts = parts
    const model = ofTurn ?? ofRun
    this.#model = model
    this.#startedAt = Date.parse(at)
    this.#span = tracer.startSpan(
      `${operations.chat} ${model.id}`,
      {
        kind: api.SpanKind.CLIENT,
        startTime: new Date(at),
        attributes: { ...this.#common, [own.turn]: turn },
      },
      parent,
    )
    this.context = api.trace.setSpan(parent, this.#span)
  }

  /** What spans and metrics of a response both say. */
  get #common(): Attributes {
    return {
      [conventional.operationName]: operations.chat,
      [conventional.providerName]: this.#model.provider,
      [conventional.requestModel]: this.#model.id,
    }
  }

  tryAgain(event: Retried | FellBack): void {
    this.#attempts++
    // what is counted from here on is of the model that answers
    if (event.type === 'fallback') this.#model = modelNamed(event.to, this.#model.provider)
    const attributes = {
      [conventional.errorType]: errorType(event.error),
      ...(event.type === 'fallback'
        ? { [own.fallbackFrom]: event.from, [own.fallbackTo]: event.to }
        : {}),
    }
    this.#span.addEvent(`sallyport.${event.type}`, attributes, new Date(event.at))
  }

  answered({ at, cost, finishReason, message, usage }: UsageReported): void {
    const { content, instruments } = this.#parts
    this.#answeredAt = Date.parse(at)
    this.#isComplete = finishReason !== undefined && finishReason.unified !== 'error'
    this.#span.setAttributes({
      ...usageAttributes(usage),
      ...(finishReason === undefined
        ? {}
        : { [conventional.finishReasons]: [told(finishReason.raw ?? finishReason.unified)] }),
      ...(message === null || message === undefined
        ? {}
        : content('output', () => messageParts([message]))),
    })
    const kinds = { input: usage.inputTokens, output: usage.outputTokens }
    for (const [kind, count] of Object.entries(kinds)) {
      const attributes = { ...this.#common, [conventional.tokenType]: kind }
      instruments.tokenUsage.record(count, attributes, this.context)
    }
    if (cost === undefined || cost.source === 'unknown') return
    const estimated = cost.source !== 'provider'
    this.#span.setAttributes({
      [own.costAmount]: cost.amount,
      [own.costCurrency]: cost.currency,
      [own.costEstimated]: estimated,
    })
    instruments.cost.add(
      cost.amount,
      { ...this.#common, [own.costEstimated]: estimated },
      this.context,
    )
  }

  /** Does not concern a response that is complete: something else of its turn has failed. */
  fail({ at, code }: RunFailed): void {
    if (this.#isComplete) return
    this.#failure = code
    this.end(at)
  }

  finish({ at, model, responseId }: TurnEnded): void {
    if (model !== undefined) this.#span.setAttribute(conventional.responseModel, told(model))
    if (responseId !== undefined) {
      this.#span.setAttribute(conventional.responseId, told(responseId))
    }
    // what went wrong is told next
    if (this.#isComplete) this.end(at)
  }

  /** Ends when the response was complete; its calls have spans of their own. */
  end(at: string): void {
    if (this.#ended) return
    this.#ended = true
    const { api, instruments } = this.#parts
    const endedAt = Math.max(this.#startedAt, this.#answeredAt ?? Date.parse(at))
    const failed = this.#failure === undefined ? {} : { [conventional.errorType]: this.#failure }
    this.#span.setAttributes({ ...failed, [own.attempts]: this.#attempts })
    if (this.#failure !== undefined) this.#span.setStatus({ code: api.SpanStatusCode.ERROR })
    const duration = (endedAt - this.#startedAt) / 1000
    instruments.chatDuration.record(duration, { ...this.#common, ...failed }, this.context)
    this.#span.end(new Date(endedAt))
  }
}

export function usageAttributes(usage: Usage): Attributes {
  return {
    [conventional.inputTokens]: usage.inputTokens,
    [conventional.outputTokens]: usage.outputTokens,
    [conventional.cacheReadTokens]: usage.cacheReadTokens,
    [conventional.cacheWriteTokens]: usage.cacheWriteTokens,
    [conventional.reasoningTokens]: usage.reasoningTokens,
  }
}

/** A word of the provider, which may write anything there. */
function told(word: string): string {
  return shorten(word, 128)
}

/** Codes only: messages may quote what was said. */
function errorType({ code, status }: ModelErrorData): string {
  return status === undefined ? code : String(status)
}

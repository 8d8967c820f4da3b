import { isObject } from '../../base/json.ts'
import type { ModelErrorData, ModelEvent } from '../../protocol/event.ts'
import type { Cost, FinishReason, Usage } from '../../protocol/usage.ts'
import { parsed } from '../chat/chunk.ts'
import { readCost, readUsage } from '../chat/usage.ts'
import { certainError } from '../bare-error.ts'
import { hasError, listAt, objectAt, textAt } from '../read.ts'
import type { WireBounds } from '../settings.ts'
import { envelopeError, modelError } from '../status.ts'
import type { Decoder } from '../wire.ts'
import { DeltaCutter, type Growing } from './cutter.ts'
import type { ResponsesDialect } from './options.ts'
import { errorIn, finishOf } from './outcome.ts'
import { Output } from './output.ts'
import { Sink } from './sink.ts'
import { Source } from './source.ts'

/** Longest model name, response id or finish word kept, in characters. */
const maxWord = 256

export interface ResponsesDecoderOptions {
  readonly bounds: WireBounds
  readonly toolName: (wireName: string) => string
  readonly toolCallDeltas: boolean
  readonly dialect: ResponsesDialect
}

/**
 * Reads one Responses answer, streamed or whole. Only `response.completed`, `response.incomplete`,
 * `response.failed` and errors end it; types of events and items that are not known are ignored.
 * Every error is reported once, and after it the response keeps its usage and its calls, which then
 * never run.
 */
export class ResponsesDecoder implements Decoder {
  readonly #dialect: ResponsesDialect
  readonly #sink: Sink
  readonly #output: Output
  #usage: { readonly usage: Usage; readonly cost: Cost | undefined } | undefined
  #model: string | undefined
  #responseId: string | undefined
  #finish: FinishReason | undefined
  #done = false
  readonly #cutter = new DeltaCutter()

  constructor({ bounds, toolName, toolCallDeltas, dialect }: ResponsesDecoderOptions) {
    this.#dialect = dialect
    this.#sink = new Sink(bounds.maxTextLength)
    this.#output = new Output({ sink: this.#sink, bounds, toolName, toolCallDeltas })
  }

  get events(): ModelEvent[] {
    return this.#sink.events
  }

  get complete(): boolean {
    return this.#done || this.#sink.failed
  }

  get broken(): boolean {
    return this.#sink.broken
  }

  push(data: string, eventName?: string): void {
    if (this.#done || (!this.#sink.failed && this.#cutter.cut(data))) return
    const event = parsed(data)
    if (isObject(event)) this.#event(event, data, eventName)
    else if (eventName === 'error') this.#sink.fail(envelopeError(event ?? data))
    else if (event === undefined) this.#unparsed(data)
    else this.#sink.refuse('an event of the answer is not an object')
  }

  pushBody(text: string): void {
    const body = parsed(text)
    if (body === undefined) return this.#sink.refuse('the body of the response is not JSON')
    const isAnswer = isObject(body) && (Array.isArray(body['output']) || hasError(body))
    if (isAnswer) this.#ended(body as Record<string, unknown>, undefined, new Source(text))
    else {
      const stranger = modelError('model-protocol', 'the body is not an answer of a model')
      this.#sink.fail(certainError(body) ?? stranger)
    }
  }

  finish(cut?: ModelErrorData): void {
    const sink = this.#sink
    if (cut !== undefined) sink.fail(cut)
    if (!sink.failed) this.#output.check()
    if (!sink.failed && this.#finish === undefined) {
      sink.fail(modelError('model-incomplete', 'the answer ended before the model had finished'))
    }
    const finishReason = this.#finishReason()
    const { unified } = finishReason
    this.#output.finish(unified === 'tool-calls' || unified === 'stop')
    if (this.#usage !== undefined) {
      const { usage, cost } = this.#usage
      sink.events.push({ type: 'usage', usage, ...(cost === undefined ? {} : { cost }) })
    }
    const { refusal, kept } = this.#output
    const opaque = sink.failed || kept.length === 0 ? undefined : kept
    sink.events.push({
      type: 'end',
      finishReason,
      ...(refusal === '' ? {} : { refusal }),
      ...(opaque === undefined
        ? {}
        : { opaque: { wire: 'responses', value: { dialect: this.#dialect, items: opaque } } }),
      ...(this.#model === undefined ? {} : { model: this.#model }),
      ...(this.#responseId === undefined ? {} : { responseId: this.#responseId }),
    })
  }

  #finishReason(): FinishReason {
    const { raw, unified } = this.#finish ?? { raw: null, unified: 'error' }
    if (this.#sink.failed) return { raw, unified: 'error' }
    return unified === 'stop' && this.#output.callCount > 0
      ? { raw, unified: 'tool-calls' }
      : { raw, unified }
  }

  /** The end mark of chat streams is sent here as well; it proves nothing. */
  #unparsed(data: string): void {
    const text = data.trim()
    if (text !== '' && text !== '[DONE]') this.#sink.refuse('an event of the answer is not JSON')
  }

  #event(event: Record<string, unknown>, data: string, eventName: string | undefined): void {
    const type = typeof event['type'] === 'string' ? event['type'] : (eventName ?? '')
    const response = objectAt(event, 'response')
    if (response !== undefined) this.#response(response, type, new Source(data))
    if (this.#sink.failed) return
    const isError = type === 'error' || type === 'response.error' || hasError(event)
    if (isError || (eventName === 'error' && !type.startsWith('response.'))) {
      this.#sink.fail(envelopeError(event))
    } else if (response === undefined) {
      const bare = type === '' ? certainError(event) : undefined
      if (bare === undefined) this.#grow(event, type, data)
      else this.#sink.fail(bare)
    }
  }

  /** Deltas come by the thousand, and most of them need not be parsed once one of them was. */
  #grow(event: Record<string, unknown>, type: string, data: string): void {
    const { itemCount } = this.#output
    const growing = this.#delta(event, type)
    if (growing === undefined || this.#output.itemCount > itemCount) this.#cutter.forget()
    // whose type is the name of the event means something else under another name
    const isTyped = typeof event['type'] === 'string'
    if (growing !== undefined && isTyped) this.#cutter.learn(data, event, growing)
    else if (!type.endsWith('.delta')) this.#part(event, type, data)
  }

  #delta(event: Record<string, unknown>, type: string): Growing | undefined {
    const output = this.#output
    switch (type) {
      case 'response.output_text.delta':
        return output.say(event, 'prose')
      case 'response.function_call_arguments.delta':
        return output.callDelta(event, 'function_call')
      case 'response.reasoning_summary_text.delta':
        return output.think(event, 'summary')
      case 'response.reasoning_text.delta':
      case 'response.reasoning.delta':
        return output.think(event, 'content')
      case 'response.custom_tool_call_input.delta':
        return output.callDelta(event, 'custom_tool_call')
      case 'response.refusal.delta':
        return output.say(event, 'refusal')
    }
    return undefined
  }

  #part(event: Record<string, unknown>, type: string, data: string): void {
    const output = this.#output
    switch (type) {
      case 'response.output_text.done':
        return output.said(event, 'prose', textAt(event, 'text'))
      case 'response.refusal.done':
        return output.said(event, 'refusal', textAt(event, 'refusal'))
      case 'response.reasoning_summary_text.done':
        return output.thought(event, 'summary')
      case 'response.reasoning_text.done':
      case 'response.reasoning.done':
        return output.thought(event, 'content')
      case 'response.function_call_arguments.done':
        return output.callWhole(event, 'function_call', new Source(data))
      case 'response.custom_tool_call_input.done':
        return output.callWhole(event, 'custom_tool_call', new Source(data))
      case 'response.output_item.added':
        return output.added(event)
      case 'response.output_item.done':
        return output.done(event, new Source(data))
    }
  }

  /** An event about the whole response. */
  #response(response: Record<string, unknown>, type: string, source: Source): void {
    const ending = /^response\.(completed|incomplete|failed|cancelled|done|error)$/.exec(type)
    if (ending !== null) this.#ended(response, ending[1], source.at('response'))
    else if (!this.#sink.failed) this.#begun(response)
  }

  #begun(response: Record<string, unknown>): void {
    this.#model ??= textAt(response, 'model')?.slice(0, maxWord)
    this.#responseId ??= textAt(response, 'id')?.slice(0, maxWord)
    const error = errorIn(response, undefined)
    if (error !== undefined) this.#sink.fail(error)
  }

  /** `event` is the word that ended a stream; a whole answer has only its own status. */
  #ended(response: Record<string, unknown>, event: string | undefined, source: Source): void {
    this.#done = true
    const usage = objectAt(response, 'usage')
    if (usage !== undefined) this.#usage = { usage: readUsage(usage), cost: readCost(usage) }
    this.#model = textAt(response, 'model')?.slice(0, maxWord) ?? this.#model
    this.#responseId ??= textAt(response, 'id')?.slice(0, maxWord)
    const error = errorIn(response, event)
    if (error !== undefined) return this.#sink.fail(error)
    if (this.#sink.failed) return
    this.#output.complete(listAt(response, 'output'), source.at('output'))
    this.#finish = finishOf(response, event)
  }
}

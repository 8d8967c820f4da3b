import { isObject, type JsonValue } from '../../base/json.ts'
import { itemsAt, locate } from '../../base/json-source.ts'
import type { ModelErrorData, ModelEvent } from '../../protocol/event.ts'
import { parsed } from '../chat/chunk.ts'
import { finishError } from '../chat/finish.ts'
import { certainError } from '../bare-error.ts'
import { hasError, listAt, objectAt, textAt } from '../read.ts'
import type { WireBounds } from '../settings.ts'
import { envelopeError, modelError } from '../status.ts'
import type { Decoder } from '../wire.ts'
import { amend, isIndex, openBlock, replayOf, type Block } from './blocks.ts'
import { Calls, givenInput } from './calls.ts'
import { DeltaCutter, textMembers } from './delta.ts'
import { MessageFacts } from './facts.ts'
import { unifyStop } from './finish.ts'

/** What a block counts for that nobody has opened. */
const blockSize = 64

type Fields = Record<string, unknown>

/**
 * Reads one Messages answer, streamed or whole. Blocks are known by their index; what a reader
 * could put together in two ways fails the response. Only `tool_use` blocks are calls; what the
 * provider runs itself is kept to be sent back and otherwise of no interest. Every error is
 * reported once, and after it the response keeps its usage and its calls, which then never run.
 */
export class AnthropicDecoder implements Decoder {
  readonly events: ModelEvent[] = []
  readonly #maxTextLength: number
  readonly #calls: Calls
  readonly #cutter = new DeltaCutter()
  readonly #blocks = new Map<number, Block>()
  /** Characters that are kept of the response. */
  #kept = 0
  readonly #facts = new MessageFacts()
  #refusal: string | undefined
  #done = false
  #failed = false
  #broken = false

  constructor(bounds: WireBounds, toolName: (wireName: string) => string, toolCallDeltas: boolean) {
    this.#maxTextLength = bounds.maxTextLength
    const fail = (error: ModelErrorData): void => this.#fail(error)
    this.#calls = new Calls({ events: this.events, bounds, toolName, toolCallDeltas, fail })
  }

  get complete(): boolean {
    return this.#done || this.#failed
  }

  get broken(): boolean {
    return this.#broken
  }

  push(data: string, eventName?: string): void {
    if (this.#done) return
    const text = eventName === 'error' ? undefined : this.#cutter.cut(data)
    if (text !== undefined) this.#textDelta(this.#cutter.index, this.#cutter.type, text)
    else if (data.trim() !== '') this.#parse(data, eventName)
  }

  pushBody(text: string): void {
    const body = parsed(text)
    if (!isObject(body)) return this.#refuse('the body of the response is no JSON object')
    if (isError(body, undefined)) return this.#fail(envelopeError(body))
    if (!Array.isArray(body['content'])) {
      const stranger = modelError('model-protocol', 'the body is not an answer of a model')
      return this.#fail(certainError(body) ?? stranger)
    }
    this.#start(body, text, [])
    this.#message(body, body)
    this.#done = true
  }

  finish(cut?: ModelErrorData): void {
    if (cut !== undefined) this.#fail(cut)
    if (!this.#failed) this.#checkEvidence()
    const { id, model, stop, used } = this.#facts
    const unified = this.#failed ? 'error' : unifyStop(stop!, this.#calls.count > 0)
    this.#calls.finish(unified === 'tool-calls')
    if (used !== undefined) this.events.push({ type: 'usage', ...used })
    const opaque = this.#failed ? undefined : this.#replayed()
    this.events.push({
      type: 'end',
      finishReason: { raw: stop ?? null, unified },
      ...(this.#refusal === undefined ? {} : { refusal: this.#refusal }),
      ...(opaque === undefined ? {} : { opaque: { wire: 'anthropic', value: opaque } }),
      ...(model === undefined ? {} : { model }),
      ...(id === undefined ? {} : { responseId: id }),
    })
  }

  #replayed(): JsonValue | undefined {
    const blocks = replayOf([...this.#blocks.values()])
    const { container } = this.#facts
    if (blocks === undefined && container === undefined) return undefined
    return { blocks: blocks ?? [], ...(container === undefined ? {} : { container }) }
  }

  /** Both the stop reason and the end of the message have to be seen. */
  #checkEvidence(): void {
    const { stop } = this.#facts
    if (!this.#done || stop === undefined) {
      this.#fail(modelError('model-incomplete', 'the answer ended before the model had finished'))
    } else if (stop === 'tool_use' && this.#calls.count === 0) {
      this.#refuse('the answer announces tool calls but holds none')
    } else {
      const failure = finishError(stop, undefined)
      if (failure !== undefined) this.#fail(failure)
    }
  }

  #parse(data: string, eventName: string | undefined): void {
    const event = parsed(data)
    if (isError(event, eventName)) return this.#fail(envelopeError(event ?? data))
    // some routers end every stream by this mark, which proves nothing here
    if (event === undefined && data.trim() === '[DONE]') return
    if (!isObject(event)) return this.#refuse('an event of the answer is no JSON object')
    const type = textAt(event, 'type') ?? eventName
    const bare = type === undefined ? certainError(event) : undefined
    if (bare !== undefined) return this.#fail(bare)
    if (this.#failed && type !== 'message_delta') return
    this.#event(type, event, data)
  }

  /** Events of other types, pings among them, are of no interest. */
  #event(type: string | undefined, event: Fields, data: string): void {
    switch (type) {
      case 'message_start':
        return this.#start(objectAt(event, 'message') ?? {}, data, ['message'])
      case 'content_block_start':
        // what is kept of a block is at most what was sent of it
        if (!this.#fits(data.length)) return
        return this.#open(
          event['index'],
          event['content_block'],
          () => locate(data, ['content_block', 'input']),
          data,
        )
      case 'content_block_delta':
        return this.#delta(event['index'], objectAt(event, 'delta') ?? {}, data.length)
      case 'content_block_stop':
        return this.#close(event['index'])
      case 'message_delta':
        return this.#message(event, objectAt(event, 'delta') ?? {})
      case 'message_stop':
        this.#done = true
    }
  }

  /** The opening of a message; it may hold the content, as a whole answer does. */
  #start(message: Fields, text: string, path: readonly string[]): void {
    if (!this.#facts.open(message, this.#blocks.size > 0)) {
      return this.#refuse('a second message begins before the first one has ended')
    }
    const content = listAt(message, 'content')
    if (content.length === 0 || !this.#fits(text.length)) return
    const places = itemsAt(text, locate(text, [...path, 'content']) ?? text.length)
    for (const [index, block] of content.entries()) {
      this.#open(index, block, () => locate(text, ['input'], places[index] ?? text.length), text)
      this.#close(index)
    }
    this.#stop(message)
  }

  /** How the message as a whole ended; `holder` has the members that concern the stop. */
  #message(event: Fields, holder: Fields): void {
    this.#facts.count(event)
    if (this.#failed) return
    this.#facts.place(holder)
    this.#stop(holder)
  }

  #stop(holder: Fields): void {
    if (!this.#facts.end(holder)) this.#refuse('the answer names two reasons why it stopped')
    const explanation = textAt(objectAt(holder, 'stop_details') ?? {}, 'explanation')
    if (explanation !== undefined && this.#fits(explanation.length)) this.#refusal = explanation
  }

  #open(index: unknown, start: unknown, findInput: () => number | undefined, text: string): void {
    if (this.#failed) return
    if (!isIndex(index) || !isObject(start)) return this.#refuse('a block has no place or no form')
    if (this.#blocks.has(index)) return this.#refuse('two blocks have the same place')
    const isCall = start['type'] === 'tool_use'
    const block = isCall ? this.#call(start, findInput, text) : openBlock(start)
    if (block === undefined) return
    this.#blocks.set(index, block)
    if (block.type === 'fallback') this.#calls.relieve()
    if (block.type === 'text') this.#grow(block, textAt(start, 'text') ?? '')
    if (block.type === 'thinking') this.#grow(block, textAt(start, 'thinking') ?? '')
  }

  #call(start: Fields, findInput: () => number | undefined, text: string): Block | undefined {
    const given = givenInput(start['input'], text, findInput)
    if (given === undefined) {
      return void this.#refuse('the input of a tool call stands there twice')
    }
    const slot = this.#calls.open(textAt(start, 'id') ?? '', textAt(start, 'name') ?? '', given)
    return slot === undefined ? undefined : openBlock(start, slot)
  }

  #close(index: unknown): void {
    const block = this.#failed ? undefined : this.#blocks.get(index as number)
    if (block === undefined || block.closed) return
    block.closed = true
    if (block.slot !== undefined) this.#calls.close(block.slot)
  }

  #delta(index: unknown, delta: Fields, length: number): void {
    const type = textAt(delta, 'type') ?? ''
    const member = textMembers.get(type)
    if (member !== undefined) {
      const text = delta[member] ?? ''
      if (typeof text !== 'string') return this.#refuse('the text of a delta is no text')
      return this.#textDelta(index as number, type, text)
    }
    if ('partial_json' in delta) return this.#refuse('the input of a call comes as something else')
    const block = this.#blocks.get(index as number)
    if (block === undefined || !this.#fits(length)) return
    if (block.closed) return this.#refuse('a block goes on after its end')
    amend(block, type, delta)
  }

  #textDelta(index: number, type: string, text: string): void {
    if (this.#failed) return
    const block = this.#blocks.get(index) ?? this.#implied(index, type)
    if (block === undefined) return this.#refuse('a part of the input of a call belongs to no call')
    if (block.closed) return this.#refuse('a block goes on after its end')
    if (block.grows !== type) return this.#misfit(block, type)
    this.#grow(block, text)
  }

  /** Some endpoints send text without opening its block; arguments need theirs. */
  #implied(index: unknown, type: string): Block | undefined {
    if (!isIndex(index) || type === 'input_json_delta') return undefined
    this.#fits(blockSize)
    const block = openBlock({ type: type === 'text_delta' ? 'text' : 'thinking' })
    this.#blocks.set(index, block)
    return block
  }

  /** A delta that is not of the kind of its block: harmless only where no call and no text is lost. */
  #misfit(block: Block, type: string): void {
    if (block.slot !== undefined || type === 'input_json_delta') {
      this.#refuse('a delta does not fit its block')
    } else block.partial = true
  }

  #grow(block: Block, text: string): void {
    if (text === '') return
    if (block.slot !== undefined) return this.#calls.append(block.slot, text)
    // thinking is kept twice: as reasoning, and to be sent back
    if (!this.#fits(block.type === 'thinking' ? 2 * text.length : text.length)) return
    block.length += text.length
    if (block.type !== 'text') block.text += text
    if (block.type === 'text') this.events.push({ type: 'text-delta', text })
    else if (block.type === 'thinking') this.events.push({ type: 'reasoning-delta', text })
  }

  /** Counts what is kept of the response; false when it is too much. */
  #fits(length: number): boolean {
    this.#kept += length
    if (this.#kept <= this.#maxTextLength) return true
    const message = `the answer has more than ${this.#maxTextLength} characters`
    this.#fail(modelError('model-too-large', message))
    return false
  }

  #refuse(message: string): void {
    this.#fail(modelError('model-protocol', message))
  }

  #fail(error: ModelErrorData): void {
    if (this.#failed) return
    this.#failed = true
    this.#broken = error.code === 'model-too-large' || error.code === 'model-protocol'
    this.events.push({ type: 'error', error })
  }
}

function isError(event: unknown, eventName: string | undefined): boolean {
  if (eventName === 'error') return true
  return isObject(event) && (event['type'] === 'error' || hasError(event))
}

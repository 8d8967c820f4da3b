import { isObject, type JsonObject } from '../../base/json.ts'
import type { ModelErrorData, ModelEvent } from '../../protocol/event.ts'
import { isImageData } from '../../protocol/image.ts'
import type { Cost, Usage } from '../../protocol/usage.ts'
import { listAt, textAt } from '../read.ts'
import type { WireBounds } from '../settings.ts'
import { envelopeError, modelError } from '../status.ts'
import type { Decoder } from '../wire.ts'
import { CallSlots } from './calls.ts'
import { errorOf, findChoice, holderIn, losesCalls, parsed } from './chunk.ts'
import { imagesIn, piecesOf, type Piece } from './content.ts'
import { DeltaCutter, type Appended, type Hole } from './cutter.ts'
import { callEntries, type CallEntry } from './entries.ts'
import { finishError, laterWord, meaningOf, unifyFinish } from './finish.ts'
import { ReasoningDetails } from './reasoning.ts'
import { findUsage, readCost, readUsage } from './usage.ts'

/** Longest model name, response id or finish word kept, in characters. */
const maxWord = 256

/**
 * Reads one Chat Completions answer, streamed or whole. Only the choice with index 0 counts, and
 * calls in another one fail the response; ids and roles of chunks mean nothing. Every error is
 * reported once, and after it the response keeps its usage and its calls, which then never run.
 */
export class ChatDecoder implements Decoder {
  readonly events: ModelEvent[] = []
  readonly #bounds: WireBounds
  readonly #calls: CallSlots
  readonly #cutter = new DeltaCutter()
  readonly #details = new ReasoningDetails()
  readonly #images = new Set<string>()
  #textLength = 0
  #refusal = ''
  /** Some endpoints send the same reasoning in two members. */
  #plainReasoning = false
  /** Hosts that send reasoning under this name may refuse a history without it. */
  #reasoningContent = ''
  #usage: { readonly usage: Usage; readonly cost: Cost | undefined } | undefined
  #model: string | undefined
  #responseId: string | undefined
  #finish: string | undefined
  #native: string | undefined
  /** A call went on after a finish word, which is then no evidence that it was complete. */
  #late = false
  #done = false
  #failed = false
  #broken = false
  /** Characters of the event at hand, the measure of what is kept of it as it is. */
  #eventLength = 0
  #appended: Appended = { count: 0, hole: undefined, slot: 0, text: '' }

  constructor(bounds: WireBounds, toolName: (wireName: string) => string, toolCallDeltas: boolean) {
    this.#bounds = bounds
    const fail = (error: ModelErrorData): void => this.#fail(error)
    this.#calls = new CallSlots({ events: this.events, bounds, toolName, toolCallDeltas, fail })
  }

  get complete(): boolean {
    return this.#done || this.#failed
  }

  get broken(): boolean {
    return this.#broken
  }

  push(data: string, eventName?: string): void {
    if (this.#done) return
    const cut = this.#failed || eventName !== undefined ? undefined : this.#cutter.cut(data)
    if (cut !== undefined) this.#append(this.#cutter.hole, cut, this.#cutter.slot)
    else if (data.length < 64 && data.trim() === '[DONE]') this.#done = true
    else if (data.trim() !== '') this.#parse(data, eventName)
  }

  pushBody(text: string): void {
    this.#done = true
    const body = parsed(text)
    if (body === undefined) {
      return this.#fail(modelError('model-protocol', 'the body of the response is not JSON'))
    }
    const isAnswer = isObject(body) && findChoice(listAt(body, 'choices')) !== undefined
    if (isObject(body) && (isAnswer || body['error'] != null)) this.#chunk(body, text, true)
    else this.#fail(modelError('model-protocol', 'the body is not an answer of a model'))
  }

  finish(cut?: ModelErrorData): void {
    if (cut !== undefined) this.#fail(cut)
    if (!this.#failed) this.#calls.check()
    if (!this.#failed) this.#checkEvidence()
    const unified = this.#failed
      ? 'error'
      : unifyFinish(this.#finish, this.#native, this.#calls.count > 0)
    // a word nobody knows is no evidence that missing bytes were meant to be none
    const known = this.#finish !== undefined && meaningOf(this.#finish) !== 'other'
    this.#calls.finish(known && (unified === 'tool-calls' || unified === 'stop'))
    if (this.#usage !== undefined) {
      const { usage, cost } = this.#usage
      this.events.push({ type: 'usage', usage, ...(cost === undefined ? {} : { cost }) })
    }
    const opaque = this.#replayed()
    this.events.push({
      type: 'end',
      finishReason: { raw: this.#finish ?? null, unified },
      ...(this.#refusal === '' ? {} : { refusal: this.#refusal }),
      ...(opaque === undefined ? {} : { opaque: { wire: 'chat', value: opaque } }),
      ...(this.#model === undefined ? {} : { model: this.#model }),
      ...(this.#responseId === undefined ? {} : { responseId: this.#responseId }),
    })
  }

  /** What the endpoint wants back with the message, in its own words. */
  #replayed(): JsonObject | undefined {
    const details = this.#details.value
    if (details !== undefined) return { reasoning_details: details }
    return this.#reasoningContent === '' ? undefined : { reasoning_content: this.#reasoningContent }
  }

  /** An answer that just stops is not complete, however complete its last call looks. */
  #checkEvidence(): void {
    if (!this.#done && (this.#finish === undefined || this.#late)) {
      this.#fail(modelError('model-incomplete', 'the answer ended before the model had finished'))
    } else if (this.#finish !== undefined && this.#calls.count === 0) {
      if (meaningOf(this.#finish) !== 'tool-calls') return
      this.#fail(modelError('model-protocol', 'the answer announces tool calls but holds none'))
    }
  }

  #parse(data: string, eventName: string | undefined): void {
    const chunk = parsed(data)
    if (eventName === 'error' && !(isObject(chunk) && chunk['error'] != null)) {
      return this.#fail(envelopeError(chunk ?? data))
    }
    if (chunk === undefined) {
      return this.#fail(modelError('model-protocol', 'an event of the answer is not JSON'))
    }
    if (!isObject(chunk)) {
      return this.#fail(modelError('model-protocol', 'an event of the answer is not an object'))
    }
    const appended: Appended = { count: 0, hole: undefined, slot: 0, text: '' }
    this.#appended = appended
    this.#eventLength = data.length
    this.#chunk(chunk, data, false)
    if (appended.count !== 1 || appended.hole === undefined || this.#failed) return
    if (eventName !== undefined) return
    this.#cutter.learn(data, chunk, appended.hole, appended.slot, appended.text)
  }

  #chunk(chunk: Record<string, unknown>, text: string, whole: boolean): void {
    this.#model ??= textAt(chunk, 'model')?.slice(0, maxWord)
    this.#responseId ??= textAt(chunk, 'id')?.slice(0, maxWord)
    const choices = listAt(chunk, 'choices')
    const found = findChoice(choices)
    const choice = found?.choice
    const usage = findUsage(chunk, choice)
    if (usage !== undefined) {
      this.#usage = { usage: readUsage(usage), cost: readCost(usage) }
      this.#appended.count += 2
    }
    const error = errorOf(chunk)
    if (error !== undefined) return this.#fail(envelopeError(error))
    if (losesCalls(choices, found)) {
      return this.#fail(modelError('model-protocol', 'the answer has more than one choice'))
    }
    if (choice === undefined) return
    const holder = holderIn(choice, whole, this.#textLength === 0 && this.#calls.count === 0)
    const delta = choice[holder]
    if (isObject(delta) && !this.#failed) {
      this.#delta(delta)
      const entries = callEntries(delta, text, ['choices', found!.position, holder])
      for (const entry of entries) this.#call(entry)
    }
    this.#finishWords(choice)
    const failure =
      choice['error'] == null ? finishError(this.#finish, this.#native) : envelopeError(choice)
    if (failure !== undefined) this.#fail(failure)
  }

  #finishWords(choice: Record<string, unknown>): void {
    const raw = textAt(choice, 'finish_reason')
    const native = textAt(choice, 'native_finish_reason')
    if (raw === undefined && native === undefined) return
    this.#finish = laterWord(this.#finish, raw?.slice(0, maxWord))
    this.#native = laterWord(this.#native, native?.slice(0, maxWord))
    this.#appended.count += 2
  }

  #delta(delta: Record<string, unknown>): void {
    this.#reasoning(delta)
    const { content } = delta
    if (typeof content === 'string') this.#append('content', content)
    else if (Array.isArray(content)) this.#pieces(piecesOf(content))
    this.#pieces(imagesIn(listAt(delta, 'images')))
    const refusal = textAt(delta, 'refusal')
    if (refusal !== undefined && this.#fits(refusal.length)) {
      this.#refusal += refusal
      this.#appended.count += 2
    }
  }

  #reasoning(delta: Record<string, unknown>): void {
    const details = listAt(delta, 'reasoning_details')
    let detailText = ''
    if (details.length > 0) {
      this.#cutter.forget('detailed')
      const added = this.#details.add(details, this.#eventLength)
      if (!this.#fits(added.kept)) return
      detailText = added.text
    }
    const hole = textAt(delta, 'reasoning') === undefined ? 'reasoning_content' : 'reasoning'
    const plain = textAt(delta, hole)
    if (plain !== undefined) {
      this.#plainReasoning = true
      this.#append(hole, plain)
    } else if (!this.#plainReasoning) this.#append('reasoning', detailText)
    if (details.length === 0) return
    const twice = details.length === 1 && detailText === plain && this.#details.continues
    if (twice) this.#appended.hole = 'detailed'
    else this.#appended.count += 2
  }

  #pieces(pieces: readonly Piece[]): void {
    if (pieces.length === 0) return
    for (const { kind, text } of pieces) {
      if (kind === 'image') this.#image(text)
      else this.#append(kind === 'text' ? 'content' : 'reasoning', text)
    }
    this.#appended.count += 2
  }

  /** Some endpoints send a picture in two places. */
  #image(url: string): void {
    if (this.#failed || this.#images.has(url) || !this.#fits(url.length)) return
    const most = this.#bounds.maxImages
    if (this.#images.size >= most) {
      const message = `the answer has more than ${most} pictures`
      return this.#fail(modelError('model-too-large', message))
    }
    this.#images.add(url)
    this.events.push({ type: 'image', url })
    this.#appended.count += 2
  }

  #call({ entry, source }: CallEntry): void {
    if (this.#failed) return
    this.#late ||= this.#finish !== undefined
    const opaque = isObject(entry) && entry['extra_content'] != null
    if (opaque && !this.#fits(this.#eventLength)) return
    const taken = this.#calls.add(entry, source)
    if (taken === undefined) return
    const appended = this.#appended
    if (taken.opened) this.#cutter.forget('arguments')
    if (taken.opened || !taken.settled || opaque || source !== undefined) appended.count += 2
    if (taken.text === '') return
    appended.count++
    appended.hole = 'arguments'
    appended.slot = taken.slot
    appended.text = taken.text
  }

  #append(hole: Hole, text: string, slot = 0): void {
    if (text === '' || this.#failed) return
    if (hole === 'arguments') {
      this.#late ||= this.#finish !== undefined
      return void this.#calls.append(slot, text)
    }
    // content that is nothing but the data of a picture is one
    if (hole === 'content' && isImageData(text)) return this.#image(text)
    const isKeptTwice = hole === 'detailed' || hole === 'reasoning_content'
    if (!this.#fits(isKeptTwice ? 2 * text.length : text.length)) return
    if (hole === 'detailed') this.#details.lengthen(text)
    else if (hole === 'reasoning_content') this.#reasoningContent += text
    const type = hole === 'content' ? 'text-delta' : 'reasoning-delta'
    this.events.push({ type, text })
    const appended = this.#appended
    appended.count++
    appended.hole = hole
    appended.text = text
  }

  /** Counts what is kept of the response; false when it is too much. */
  #fits(length: number): boolean {
    this.#textLength += length
    const most = this.#bounds.maxTextLength
    if (this.#textLength <= most) return true
    const message = `the answer has more than ${most} characters`
    this.#fail(modelError('model-too-large', message))
    return false
  }

  #fail(error: ModelErrorData): void {
    if (this.#failed) return
    this.#failed = true
    this.#broken = error.code === 'model-too-large' || error.code === 'model-protocol'
    this.events.push({ type: 'error', error })
  }
}

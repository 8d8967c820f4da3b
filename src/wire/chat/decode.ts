import { isObject, type JsonObject } from '../../base/json.ts'
import type { ModelErrorData, ModelEvent } from '../../protocol/event.ts'
import { isImageData } from '../../protocol/image.ts'
import { certainError } from '../bare-error.ts'
import { hasError, listAt, textAt } from '../read.ts'
import type { WireBounds } from '../settings.ts'
import { envelopeError, modelError } from '../status.ts'
import type { Decoder } from '../wire.ts'
import { CallSlots } from './calls.ts'
import { errorOf, findChoice, hasCallsElsewhere, hasTwoFirst, holderIn, parsed } from './chunk.ts'
import { imagesIn, piecesOf, type Piece } from './content.ts'
import { copies, DeltaCutter, isTwice, type Appended, type Hole } from './cutter.ts'
import { callEntries, type CallEntry } from './entries.ts'
import { Evidence } from './evidence.ts'
import { ReasoningDetails } from './reasoning.ts'
import { findUsage, laterUsage, type Used } from './usage.ts'

/** Longest model name and response id kept, in characters. */
const maxWord = 256

/** What endpoints call reasoning that is a text; of several members one counts. */
const reasoningNames = ['reasoning', 'reasoning_content', 'reasoning_text', 'thinking'] as const

/**
 * Reads one Chat Completions answer, streamed or whole. Only the choice with index 0 counts; where
 * it has no calls but another one has, the response fails. Ids and roles of chunks mean nothing.
 * Every error is reported once, and after it the response keeps its usage and its calls, which then
 * never run.
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
  #used: Used | undefined
  readonly #evidence = new Evidence()
  #model: string | undefined
  #responseId: string | undefined
  #done = false
  #failed = false
  #broken = false
  #callsElsewhere = false
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
    const isAnswer = isObject(body) && findChoice(listAt(body, 'choices'), true) !== undefined
    if (isObject(body) && (isAnswer || hasError(body))) this.#chunk(body, text, true)
    else {
      const stranger = modelError('model-protocol', 'the body is not an answer of a model')
      this.#fail(certainError(body) ?? stranger)
    }
  }

  finish(cut?: ModelErrorData): void {
    if (cut !== undefined) this.#fail(cut)
    if (!this.#failed) this.#calls.check()
    if (!this.#failed && this.#callsElsewhere && this.#calls.count === 0)
      this.#fail(tooManyChoices())
    if (!this.#failed) this.#checkEvidence()
    const finishReason = this.#evidence.finishReason(this.#failed, this.#calls.count > 0)
    const endedWell = finishReason.unified === 'tool-calls' || finishReason.unified === 'stop'
    this.#calls.finish(endedWell && this.#evidence.isKnown)
    if (this.#used !== undefined) {
      const { usage, cost } = this.#used
      this.events.push({ type: 'usage', usage, ...(cost === undefined ? {} : { cost }) })
    }
    const opaque = this.#replayed()
    this.events.push({
      type: 'end',
      finishReason,
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

  #checkEvidence(): void {
    const callCount = this.#calls.count
    const isSilent = this.#textLength === 0 && callCount === 0
    const defect = this.#evidence.defect({ isDone: this.#done, callCount, isSilent })
    if (defect !== undefined) this.#fail(defect)
  }

  #parse(data: string, eventName: string | undefined): void {
    const chunk = parsed(data)
    if (eventName === 'error' && !(isObject(chunk) && hasError(chunk))) {
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
    const found = findChoice(choices, whole)
    const choice = found?.choice
    const usage = findUsage(chunk, choice)
    if (usage !== undefined) {
      this.#used = laterUsage(this.#used, usage)
      this.#appended.count += 2
    }
    const error = errorOf(chunk)
    const told = error === undefined ? this.#evidence.notice(chunk) : envelopeError(error)
    if (told !== undefined) return this.#fail(told)
    if (hasTwoFirst(choices, found)) return this.#fail(tooManyChoices())
    this.#callsElsewhere ||= hasCallsElsewhere(choices, found)
    if (choice === undefined) return
    const holder = holderIn(choice, whole, this.#textLength === 0 && this.#calls.count === 0)
    // a whole message is read in place of deltas only where it comes first
    if (holder === 'message') this.#appended.count += 2
    const delta = choice[holder]
    if (isObject(delta) && !this.#failed) {
      this.#delta(delta)
      const entries = callEntries(delta, text, ['choices', found!.position, holder])
      for (const entry of entries) this.#call(entry)
    }
    if (this.#evidence.take(choice)) this.#appended.count += 2
    const failure = hasError(choice) ? envelopeError(choice) : this.#evidence.failure
    if (failure !== undefined) this.#fail(failure)
  }

  #delta(delta: Record<string, unknown>): void {
    this.#reasoning(delta)
    const { content } = delta
    if (typeof content === 'string') this.#append('content', content)
    else this.#pieces(piecesOf(content))
    this.#pieces(imagesIn(listAt(delta, 'images')))
    this.#refuse(textAt(delta, 'refusal') ?? '')
  }

  #reasoning(delta: Record<string, unknown>): void {
    const details = listAt(delta, 'reasoning_details')
    let detailText = ''
    if (details.length > 0) {
      this.#cutter.forget('detailed', 'detailed_content')
      const added = this.#details.add(details, this.#eventLength)
      if (!this.#fits(added.kept)) return
      detailText = added.text
    }
    const name = reasoningNames.find((key) => textAt(delta, key) !== undefined)
    const plain = name && textAt(delta, name)
    const hole = name === 'reasoning_content' ? name : 'reasoning'
    if (plain !== undefined) {
      this.#plainReasoning = true
      this.#append(hole, plain)
    } else if (!this.#plainReasoning) this.#append('reasoning', detailText)
    if (details.length === 0) return
    const twice = details.length === 1 && detailText === plain && this.#details.continues
    if (twice) this.#appended.hole = name === 'reasoning_content' ? 'detailed_content' : 'detailed'
    else this.#appended.count += 2
  }

  #pieces(pieces: readonly Piece[]): void {
    if (pieces.length === 0) return
    for (const { kind, text } of pieces) {
      if (kind === 'image') this.#image(text)
      else if (kind === 'refusal') this.#refuse(text)
      else this.#append(kind === 'text' ? 'content' : 'reasoning', text)
    }
    this.#appended.count += 2
  }

  #refuse(text: string): void {
    if (text === '' || !this.#fits(text.length)) return
    this.#refusal += text
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
    this.#evidence.callWentOn()
    const opaque = isObject(entry) && entry['extra_content'] != null
    if (opaque && !this.#fits(this.#eventLength)) return
    const taken = this.#calls.add(entry, source)
    if (taken === undefined) return
    const appended = this.#appended
    if (taken.changed) this.#cutter.forget('arguments')
    const isMore = taken.changed || !taken.settled || opaque || source !== undefined
    // of a call that goes on without a text nothing would be left to tell
    appended.count += isMore || taken.text === '' ? 2 : 1
    appended.hole = 'arguments'
    appended.slot = taken.slot
    appended.text = taken.text
  }

  #append(hole: Hole, text: string, slot = 0): void {
    if (text === '' || this.#failed) return
    if (hole === 'arguments') {
      this.#evidence.callWentOn()
      return void this.#calls.append(slot, text)
    }
    // content that is nothing but the data of a picture is one
    if (hole === 'content' && isImageData(text)) return this.#image(text)
    const isTold = hole === 'content' || hole === 'reasoning'
    if (!isTold && isTwice(hole)) this.#details.lengthen(text)
    if (!this.#fits(isTold ? text.length : copies[hole] * text.length)) return
    if (hole === 'reasoning_content') this.#reasoningContent += text
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

function tooManyChoices(): ModelErrorData {
  return modelError('model-protocol', 'the answer has more than one choice')
}

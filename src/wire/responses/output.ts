import { isObject, type JsonObject } from '../../base/json.ts'
import { amountAt, countAt, isKeepable, listAt, objectAt, textAt } from '../read.ts'
import { Calls, type Call, type CallsOptions } from './calls.ts'
import type { Growing } from './cutter.ts'
import { fits, Items, type Item, type ItemPlace } from './items.ts'
import { kept, restOf } from './keep.ts'
import { pictureOf } from './pictures.ts'
import { Channel, Prose } from './prose.ts'
import type { Sink } from './sink.ts'
import type { Source } from './source.ts'

/** Items in one response; more of them fail it. */
const maxItems = 4096

type Event = Readonly<Record<string, unknown>>
type CallType = 'function_call' | 'custom_tool_call'
/** The two forms reasoning is told in. */
type Form = 'summary' | 'content'

/**
 * What a response holds, put together from up to three tellings of each item: its deltas, the item
 * as a whole, and the output of the complete response. Each may be missing; a later one adds what
 * the earlier ones left out.
 */
export class Output {
  readonly #sink: Sink
  readonly #calls: Calls
  readonly #items = new Items()
  readonly #text: Channel
  readonly #reasoning: Channel
  readonly #refusals: Channel
  #refusal = ''
  #pictures = 0
  /** The items in the order of the complete response, if it lists any. */
  #order: readonly Item[] | undefined

  constructor(options: CallsOptions) {
    const { sink } = options
    this.#sink = sink
    this.#calls = new Calls(options)
    this.#text = new Channel(sink, (text) => sink.tell({ type: 'text-delta', text }))
    this.#reasoning = new Channel(sink, (text) => sink.tell({ type: 'reasoning-delta', text }))
    this.#refusals = new Channel(sink, (text) => {
      this.#refusal += text
    })
  }

  get callCount(): number {
    return this.#calls.count
  }

  get itemCount(): number {
    return this.#items.all.length
  }

  get refusal(): string {
    return this.#refusal
  }

  /** What to send back with the message. */
  get kept(): readonly JsonObject[] {
    return kept(this.#order ?? this.#items.all)
  }

  /** A further piece of the text or the refusal of a message. */
  say(event: Event, part: 'prose' | 'refusal'): Growing | undefined {
    return grow(event, this.#itemOf(event, 'message')[part]!)
  }

  /** A part of a message as a whole. */
  said(event: Event, part: 'prose' | 'refusal', text: string | undefined): void {
    if (text === undefined) return
    this.#itemOf(event, 'message')[part]!.settlePart(countAt(event, 'content_index') ?? 0, text)
  }

  think(event: Event, form: Form): Growing | undefined {
    const item = this.#itemOf(event, 'reasoning')
    item.form ??= form
    return item.form === form ? grow(event, item.prose!) : undefined
  }

  /** A part of reasoning as a whole. */
  thought(event: Event, form: Form): void {
    const text = textAt(event, 'text')
    if (text === undefined) return
    const item = this.#itemOf(event, 'reasoning')
    item.form ??= form
    const index = countAt(event, form === 'summary' ? 'summary_index' : 'content_index') ?? 0
    if (item.form === form) item.prose!.settlePart(index, text)
  }

  callDelta(event: Event, type: CallType): Growing | undefined {
    const call = this.#itemOf(event, type).call!
    return grow(event, { append: (text) => this.#calls.append(call, text) })
  }

  /** The arguments of a call as a whole, maybe with its name. */
  callWhole(event: Event, type: CallType, source: Source): void {
    const call = this.#itemOf(event, type).call!
    this.#calls.identify(call, '', textAt(event, 'name') ?? '')
    this.#settleCall(call, event, source)
  }

  added(event: Event): void {
    const whole = event['item']
    if (!isObject(whole)) return
    const place = placeOf(event, whole['id'])
    const known = this.#items.find(place)
    const isKnown = known !== undefined && !known.isDone && fits(known, whole)
    const { call } = isKnown ? known : this.#open(place, whole)
    // what else an item says at its beginning may be less than all of it
    if (call !== undefined) this.#name(call, whole)
  }

  done(event: Event, source: Source): void {
    const whole = event['item']
    if (!isObject(whole)) return
    const place = placeOf(event, whole['id'])
    const known = this.#items.find(place)
    const isKnown = known !== undefined && fits(known, whole)
    this.#settle(isKnown ? known : this.#open(place, whole), whole, source.at('item'))
  }

  /** The output of the complete response. */
  complete(output: readonly unknown[], source: Source): void {
    if (output.length > maxItems) return this.#sink.refuse('the response has too many items')
    const wholes = output.filter(isObject)
    if (wholes.length === 0) return
    const matched = this.#items.match(wholes)
    const missing = new Set(this.#items.all)
    this.#order = wholes.map((whole, at) => {
      const item = matched[at] ?? this.#open({ index: undefined, id: '' }, whole)
      missing.delete(item)
      this.#settle(item, whole, source.at(output.indexOf(whole)))
      return item
    })
    for (const { call } of missing) {
      if (call !== undefined) call.defect ??= 'the complete response does not hold the call'
    }
  }

  /** Emits what is still held back, up to the calls. */
  finish(endedWell: boolean): void {
    this.#text.flush()
    this.#reasoning.flush()
    this.#refusals.flush()
    this.#calls.finish(endedWell)
  }

  /** Fails the response for what only its end shows. */
  check(): void {
    this.#calls.check()
  }

  #settle(item: Item, whole: Record<string, unknown>, source: Source): void {
    item.isDone = true
    this.#keep(item, whole)
    if (item.call !== undefined) {
      this.#name(item.call, whole)
      this.#settleCall(item.call, whole, source)
      setStatus(item.call, whole)
    } else if (item.type === 'message') {
      const parts = listAt(whole, 'content')
      const { content } = whole
      item.prose!.settle(typeof content === 'string' ? content : joined(parts, 'text', 'prose'))
      item.refusal!.settle(joined(parts, 'refusal', 'refusal'))
    } else if (item.type === 'reasoning') {
      const content = joined(listAt(whole, 'content'), 'text')
      const summary = joined(listAt(whole, 'summary'), 'text')
      item.form ??= content === '' ? 'summary' : 'content'
      item.prose!.settle(item.form === 'content' ? content : summary)
    } else if (item.type === 'image_generation_call') this.#picture(item, whole)
  }

  /** A later telling replaces an earlier one unless it lacks the proof that the earlier one had. */
  #keep(item: Item, whole: Record<string, unknown>): void {
    const isLess = item.rest?.['encrypted_content'] != null && whole['encrypted_content'] == null
    const rest = isLess ? undefined : restOf(whole)
    if (rest === undefined || !isKeepable(rest)) return
    const size = JSON.stringify(rest).length
    if (!this.#sink.fits(Math.max(0, size - (item.size ?? 0)))) return
    item.size = Math.max(size, item.size ?? 0)
    item.rest = rest
  }

  #picture(item: Item, whole: Record<string, unknown>): void {
    const url = item.picture === undefined ? pictureOf(whole) : undefined
    if (url === undefined || !this.#sink.fits(url.length)) return
    item.picture = this.#pictures++
    this.#sink.tell({ type: 'image', url })
  }

  #name(call: Call, whole: Record<string, unknown>): void {
    this.#calls.identify(call, textAt(whole, 'call_id') ?? '', textAt(whole, 'name') ?? '')
  }

  #settleCall(call: Call, whole: Event, source: Source): void {
    const member = call.isCustom ? 'input' : 'arguments'
    const value = whole[member] ?? ''
    // what is written as JSON instead of a text that holds it is judged as it was written
    const text = typeof value === 'string' ? value : source.at(member).text()
    if (text !== undefined) this.#calls.settle(call, text)
    else this.#sink.refuse('the arguments of a tool call stand there twice')
  }

  /** The item that a part of it belongs to; one that was not announced is opened. */
  #itemOf(event: Event, type: string): Item {
    const place = placeOf(event, event['item_id'])
    const known = this.#items.find(place)
    return known?.type === type ? known : this.#open(place, { type })
  }

  #open({ index, id }: ItemPlace, whole: Record<string, unknown>): Item {
    if (this.#items.all.length >= maxItems) this.#sink.refuse('the response has too many items')
    const type = String(whole['type'])
    const item = { type, index, id, isDone: false }
    switch (type) {
      case 'message': {
        const prose = new Prose(this.#text)
        return this.#items.add({ ...item, prose, refusal: new Prose(this.#refusals) })
      }
      case 'reasoning':
        return this.#items.add({ ...item, prose: new Prose(this.#reasoning) })
      case 'function_call':
      case 'custom_tool_call':
        return this.#items.add({ ...item, call: this.#calls.open(type === 'custom_tool_call') })
    }
    return this.#items.add(item)
  }
}

/** Lengthens something by the delta of an event. */
function grow(event: Event, growing: Growing): Growing | undefined {
  const text = textAt(event, 'delta')
  if (text === undefined) return undefined
  growing.append(text)
  return growing
}

function placeOf(event: Event, id: unknown): ItemPlace {
  return { index: amountAt(event, 'output_index'), id: typeof id === 'string' ? id : '' }
}

/** Types of the parts of a message; some servers leave out what kind of text it is. */
const partTypes = {
  prose: ['output_text', 'text'],
  refusal: ['refusal'],
} as const

/** The texts of the parts of a kind, or of all parts. */
function joined(parts: readonly unknown[], member: string, kind?: keyof typeof partTypes): string {
  const types: readonly unknown[] | undefined = kind && partTypes[kind]
  return parts
    .filter(isObject)
    .map((part) =>
      types === undefined || types.includes(part['type']) ? textAt(part, member) : '',
    )
    .join('')
}

/** An item that is in progress may be told again when it is complete; one that broke off stays so. */
function setStatus(call: Call, whole: Record<string, unknown>): void {
  const { status } = whole
  call.isInProgress = status === 'in_progress' && !waits(whole)
  if (typeof status !== 'string' || status === 'completed' || status === 'in_progress') return
  call.defect ??= 'the call is reported as not complete'
}

/** A call by a program of the model is told as a whole, and in progress until the program has its result. */
function waits(whole: Record<string, unknown>): boolean {
  return whole['status'] === 'in_progress' && objectAt(whole, 'caller')?.['type'] === 'program'
}

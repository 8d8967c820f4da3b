import { isObject, type JsonValue } from '../../base/json.ts'
import type { ModelErrorData, ModelEvent } from '../../protocol/event.ts'
import { isShallow, objectAt, textAt } from '../read.ts'
import type { WireBounds } from '../settings.ts'
import { modelError } from '../status.ts'

/** Highest `index` accepted; indices are keys, never positions in an array. */
const maxIndex = 1023

/** Longest id and name accepted, in characters. */
const maxIdLength = 4096
const maxNameLength = 512

/** A call while its fragments arrive. */
interface Slot {
  readonly number: number
  readonly index: number | undefined
  id: string
  name: string
  /** Only ever appended to: reading it would flatten it at every fragment. */
  text: string
  length: number
  started: boolean
  opaque: JsonValue | undefined
  /** Free text goes to it instead of arguments. */
  isCustom: boolean
  /** The call that was opened after this one where it stood. */
  next: Slot | undefined
}

/** What one fragment did. */
export interface Taken {
  /** True when it opened the call or gave it its id: later ones may belong to other calls than before. */
  readonly changed: boolean
  /** True when the same fragment, sent again before a call is opened, belongs to the same call. */
  readonly settled: boolean
  readonly slot: number
  readonly text: string
}

export interface CallSlotsOptions {
  readonly events: ModelEvent[]
  readonly bounds: WireBounds
  /** The name of a tool on our side for its name on the wire. */
  readonly toolName: (wireName: string) => string
  /** Whether to tell of every fragment. */
  readonly toolCallDeltas: boolean
  /** Called with the reason why the whole response has to fail. */
  readonly fail: (error: ModelErrorData) => void
}

/**
 * Puts the calls of one response together from fragments whose identity providers express in
 * different ways. Every fragment finds its call by these rules, in this order:
 *
 * 1. an id that a call already has names that call;
 * 2. an `index` names the call last opened there, except that a new id together with a name opens
 *    the next call at the same index (bridges that number every call 0, while others send one call
 *    with a fresh id in every nameless fragment);
 * 3. without an `index`, a new id or a name opens a call; a fragment with neither continues the
 *    last one.
 *
 * Id and name are set once. What two readers could put together differently fails the response.
 */
export class CallSlots {
  readonly #options: CallSlotsOptions
  readonly #slots: Slot[] = []
  readonly #byIndex = new Map<number, Slot>()
  readonly #byId = new Map<string, Slot>()

  constructor(options: CallSlotsOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#slots.length
  }

  /**
   * Takes one fragment; undefined when the response failed by it. `source` is the text of arguments
   * that are no text themselves.
   */
  add(entry: unknown, source?: string): Taken | undefined {
    if (!isObject(entry)) return this.#refuse('a tool call is not an object')
    const custom = objectAt(entry, 'custom')
    const body = objectAt(entry, 'function') ?? custom ?? {}
    const id = textAt(entry, 'id') ?? ''
    const name = textAt(body, 'name') ?? ''
    if (id.length > maxIdLength || name.length > maxNameLength) {
      return this.#refuse('the id or the name of a tool call is too long')
    }
    const index = entry['index'] ?? undefined
    if (index !== undefined && !isIndex(index)) {
      return this.#refuse(`the index of a tool call is not an integer from 0 to ${maxIndex}`)
    }
    const owner = id === '' ? undefined : this.#byId.get(id)
    if (owner !== undefined && index !== undefined && (owner.index ?? index) !== index) {
      return this.#refuse('two tool calls have the same id')
    }
    const known = owner ?? this.#find(index, id, name)
    const slot = known ?? this.#open(index)
    const idBefore = slot?.id
    if (slot === undefined || !this.#identify(slot, id, name)) return undefined
    keepOpaque(slot, entry['extra_content'])
    slot.isCustom ||= body === custom
    const text = source ?? argumentText(body[body === custom ? 'input' : 'arguments'])
    if (text === undefined) return this.#refuse('the arguments of a tool call stand there twice')
    if (!this.append(slot.number, text)) return undefined
    const settled = owner !== undefined || isBare(index, id, name)
    const changed = known === undefined || slot.id !== idBefore
    return { changed, settled, slot: slot.number, text }
  }

  /** Appends argument text to a call; false when the response failed by it. */
  append(number: number, text: string): boolean {
    if (text === '') return true
    const slot = this.#slots[number]!
    const most = this.#options.bounds.maxArgumentsLength
    slot.length += text.length
    if (slot.length > most) {
      const message = `a tool call has more than ${most} characters of arguments`
      this.#options.fail(modelError('model-too-large', message))
      return false
    }
    slot.text += text
    if (slot.started) this.#tell(number, text)
    return true
  }

  /** What only the end of the response shows; may fail it. */
  check(): void {
    for (const slot of this.#slots) {
      if (slot.name === '') return void this.#refuse('a tool call has no name')
      // fragments of one call taken for several would make a call out of a part of its arguments
      if (slot.next !== undefined && slot.length > 0 && !isJsonObject(slot.text)) {
        return void this.#refuse('a tool call begins before the one in its place is complete')
      }
    }
  }

  /**
   * Emits every call that was started, in order of first appearance. Empty argument text stands for `{}` only when
   * the response has `endedWell`; otherwise missing bytes would become a call without arguments.
   */
  finish(endedWell: boolean): void {
    for (const slot of this.#slots) {
      // a call without a name was never shown, and has failed the response
      if (!slot.started) continue
      const defect = defectOf(slot)
      this.#options.events.push({
        type: 'tool-call',
        slot: slot.number,
        providerId: slot.id,
        tool: this.#options.toolName(slot.name),
        arguments: slot.length === 0 && endedWell ? '{}' : slot.text,
        ...(slot.opaque === undefined ? {} : { opaque: slot.opaque }),
        ...(defect === undefined ? {} : { defect }),
      })
    }
  }

  /** The call that a fragment with an unknown id continues; undefined if it opens one. */
  #find(index: number | undefined, id: string, name: string): Slot | undefined {
    const slot = index === undefined ? this.#slots.at(-1) : this.#byIndex.get(index)
    if (slot === undefined) return undefined
    if (isBare(index, id, name) || (index !== undefined && slot.name === '')) return slot
    // what comes late completes its call instead of opening another
    const fits = slot.id === '' && (slot.name === '' || slot.name === name)
    return fits && slot.length === 0 ? slot : undefined
  }

  #open(index: number | undefined): Slot | undefined {
    const most = this.#options.bounds.maxCalls
    if (this.#slots.length >= most) {
      return this.#refuse(`the response has more than ${most} tool calls`)
    }
    const slot: Slot = {
      number: this.#slots.length,
      index,
      id: '',
      name: '',
      text: '',
      length: 0,
      started: false,
      opaque: undefined,
      isCustom: false,
      next: undefined,
    }
    const replaced = index === undefined ? this.#slots.at(-1) : this.#byIndex.get(index)
    if (replaced !== undefined) replaced.next = slot
    this.#slots.push(slot)
    if (index !== undefined) this.#byIndex.set(index, slot)
    return slot
  }

  #identify(slot: Slot, id: string, name: string): boolean {
    if (slot.id === '' && id !== '') {
      slot.id = id
      this.#byId.set(id, slot)
    }
    if (name === '' || name === slot.name) return true
    if (slot.name !== '') {
      this.#refuse('a tool call changes its name')
      return false
    }
    slot.name = name
    this.#start(slot)
    return true
  }

  #start(slot: Slot): void {
    if (slot.started) return
    slot.started = true
    const { events, toolName } = this.#options
    const tool = toolName(slot.name)
    events.push({ type: 'tool-call-start', slot: slot.number, providerId: slot.id, tool })
    if (slot.length > 0) this.#tell(slot.number, slot.text)
  }

  #tell(slot: number, text: string): void {
    const { events, toolCallDeltas } = this.#options
    if (toolCallDeltas) events.push({ type: 'tool-call-delta', slot, text })
  }

  #refuse(message: string): undefined {
    this.#options.fail(modelError('model-protocol', message))
  }
}

/**
 * A call without arguments that was followed by one of the same name in the same place may be the
 * first fragment of that one.
 */
function defectOf(slot: Slot): string | undefined {
  if (slot.isCustom) return 'the call holds free text, and no tool takes any'
  if (slot.length > 0 || slot.next?.name !== slot.name) return undefined
  return 'a call of the same tool took its place before its arguments came'
}

function isJsonObject(text: string): boolean {
  try {
    return isObject(JSON.parse(text))
  } catch {
    return false
  }
}

/** True for a fragment that continues a call rather than opening one. */
function isBare(index: number | undefined, id: string, name: string): boolean {
  return index === undefined ? id === '' && name === '' : id === '' || name === ''
}

function isIndex(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= maxIndex
}

/** Arguments come as text; absent ones add nothing. Undefined for values, whose source is needed. */
function argumentText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : undefined
}

/** Data the provider wants back with the call; it may come in a fragment without anything else. */
function keepOpaque(slot: Slot, extra: unknown): void {
  if (!isObject(extra) || !isShallow(extra)) return
  slot.opaque = { ...(isObject(slot.opaque) ? slot.opaque : {}), ...extra } as JsonValue
}

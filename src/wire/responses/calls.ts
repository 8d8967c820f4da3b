import { isObject, parseJson } from '../../base/json.ts'
import { canonicalJson } from '../../base/digest.ts'
import type { WireBounds } from '../settings.ts'
import { modelError } from '../status.ts'
import type { Sink } from './sink.ts'

/** Longest id and name accepted, in characters. */
const maxIdLength = 4096
const maxNameLength = 512

/** How often the arguments of a call may be sent as a whole; three times is usual. */
const maxWholes = 8

/** A call while it arrives. */
export interface Call {
  /** Free text goes to it instead of arguments. */
  readonly isCustom: boolean
  /** Set when it is shown; calls are numbered in that order. */
  slot: number | undefined
  id: string
  name: string
  text: string
  /** How often its arguments were sent as a whole. */
  wholes: number
  defect: string | undefined
  /** The last telling of it said that it was still in progress. */
  isInProgress: boolean
}

export interface CallsOptions {
  readonly sink: Sink
  readonly bounds: WireBounds
  /** The name of a tool on our side for its name on the wire. */
  readonly toolName: (wireName: string) => string
  /** Whether to tell of every fragment. */
  readonly toolCallDeltas: boolean
}

/**
 * The calls of one response. Id and name are set once. Arguments come in fragments and up to three
 * times as a whole; wholes that mean something else than what came before leave a call that must
 * not run. Every method may fail the response.
 */
export class Calls {
  readonly #options: CallsOptions
  readonly #all: Call[] = []
  readonly #shown: Call[] = []

  constructor(options: CallsOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#all.length
  }

  open(isCustom: boolean): Call {
    const most = this.#options.bounds.maxCalls
    if (this.#all.length >= most)
      this.#options.sink.refuse(`the response has more than ${most} tool calls`)
    const call: Call = {
      isCustom,
      slot: undefined,
      id: '',
      name: '',
      text: '',
      wholes: 0,
      defect: undefined,
      isInProgress: false,
    }
    this.#all.push(call)
    return call
  }

  identify(call: Call, id: string, name: string): void {
    if (id.length > maxIdLength || name.length > maxNameLength) {
      return this.#options.sink.refuse('the id or the name of a tool call is too long')
    }
    if (id !== '' && call.id !== id) {
      if (call.id !== '') return this.#options.sink.refuse('a tool call changes its id')
      if (this.#all.some((other) => other.id === id)) {
        return this.#options.sink.refuse('two tool calls have the same id')
      }
      call.id = id
    }
    if (name === '' || call.name === name) return
    if (call.name !== '') return this.#options.sink.refuse('a tool call changes its name')
    call.name = name
    this.#show(call)
  }

  append(call: Call, text: string): void {
    // after the error nothing is told any more, and a call holds what was told of it
    if (text === '' || this.#options.sink.failed) return
    const most = this.#options.bounds.maxArgumentsLength
    if (call.text.length + text.length > most) {
      const message = `a tool call has more than ${most} characters of arguments`
      return this.#options.sink.fail(modelError('model-too-large', message))
    }
    call.text += text
    if (call.slot !== undefined) this.#tell(call.slot, text)
  }

  /** Takes the arguments as a whole; fragments may have been lost or left out. */
  settle(call: Call, whole: string): void {
    if (++call.wholes > maxWholes)
      return this.#options.sink.refuse('a tool call is sent again and again')
    if (whole === '' || whole === call.text) return
    if (whole.startsWith(call.text)) this.append(call, whole.slice(call.text.length))
    else if (call.isCustom || !meanSame(call.text, whole)) {
      call.defect ??= 'the arguments of the call were sent twice and differ'
    }
  }

  /** What only the end of the response shows. */
  check(): void {
    if (this.#all.some((call) => call.slot === undefined))
      this.#options.sink.refuse('a tool call has no name')
  }

  /**
   * Emits every call that was shown, in that order. Empty arguments stand for `{}` only when the
   * response has `endedWell`; otherwise missing bytes would become a call without arguments.
   */
  finish(endedWell: boolean): void {
    for (const call of this.#shown) {
      const defect = defectOf(call)
      const isEmpty = call.text === '' && endedWell && defect === undefined
      this.#options.sink.events.push({
        type: 'tool-call',
        slot: call.slot!,
        providerId: call.id,
        tool: this.#options.toolName(call.name),
        arguments: isEmpty ? '{}' : call.text,
        ...(defect === undefined ? {} : { defect }),
      })
    }
  }

  #show(call: Call): void {
    const { sink, toolName } = this.#options
    // a call that was not shown is not closed either
    if (sink.failed) return
    call.slot = this.#shown.push(call) - 1
    const tool = toolName(call.name)
    sink.tell({ type: 'tool-call-start', slot: call.slot, providerId: call.id, tool })
    if (call.text !== '') this.#tell(call.slot, call.text)
  }

  #tell(slot: number, text: string): void {
    const { sink, toolCallDeltas } = this.#options
    if (toolCallDeltas) sink.tell({ type: 'tool-call-delta', slot, text })
  }
}

function defectOf(call: Call): string | undefined {
  if (call.isCustom) return 'the call holds free text, and no tool takes any'
  if (call.defect !== undefined) return call.defect
  if (call.isInProgress) return 'the call is reported as not complete'
  return call.wholes > 0 ? undefined : 'the call was never reported as complete'
}

/** True when both texts are the same object, written differently. */
function meanSame(one: string, other: string): boolean {
  const [first, second] = [parseJson(one), parseJson(other)]
  if (!first.ok || !second.ok || !isObject(first.value)) return false
  return canonicalJson(first.value) === canonicalJson(second.value)
}

import { isDeepStrictEqual } from 'node:util'
import { isObject, parseJson } from '../../base/json.ts'
import { sourceAt } from '../../base/json-source.ts'
import type { ModelErrorData, ModelEvent } from '../../protocol/event.ts'
import type { WireBounds } from '../settings.ts'
import { modelError } from '../status.ts'

/** Longest id and name accepted, in characters. */
const maxIdLength = 4096
const maxNameLength = 512

const relievedCall = 'another model has taken over from the one that made the call'

interface Call {
  readonly id: string
  readonly tool: string
  /** Arguments that came with the opening of the block, as written; empty for none. */
  readonly given: string
  /** Only ever appended to: reading it would flatten it at every fragment. */
  text: string
  length: number
  closed: boolean
}

export interface CallsOptions {
  readonly events: ModelEvent[]
  readonly bounds: WireBounds
  /** The name of a tool on our side for its name on the wire. */
  readonly toolName: (wireName: string) => string
  /** Whether to tell of every fragment. */
  readonly toolCallDeltas: boolean
  /** Called with the reason why the whole response has to fail. */
  readonly fail: (error: ModelErrorData) => void
}

/** The `tool_use` blocks of one response, which are ours to run, in their order. */
export class Calls {
  readonly #options: CallsOptions
  readonly #calls: Call[] = []
  readonly #ids = new Set<string>()
  /** How many calls were made before another model went on with the answer. */
  #relieved = 0

  constructor(options: CallsOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#calls.length
  }

  /** Opens a call and returns its slot; undefined when the response failed by it. */
  open(id: string, name: string, given: string): number | undefined {
    const { events, bounds, toolName } = this.#options
    const slot = this.#calls.length
    if (slot >= bounds.maxCalls) {
      return this.#refuse(`the response has more than ${bounds.maxCalls} tool calls`)
    }
    if (id.length > maxIdLength || name.length > maxNameLength) {
      return this.#refuse('the id or the name of a tool call is too long')
    }
    if (name === '') return this.#refuse('a tool call has no name')
    // the same call told twice would be run twice
    if (id !== '' && this.#ids.has(id)) return this.#refuse('two tool calls have the same id')
    this.#ids.add(id)
    const tool = toolName(name)
    this.#calls.push({ id, tool, given, text: '', length: given.length, closed: false })
    events.push({ type: 'tool-call-start', slot, providerId: id, tool })
    return this.#fits(given.length) ? slot : undefined
  }

  append(slot: number, text: string): void {
    const call = this.#calls[slot]!
    call.length += text.length
    if (text === '' || !this.#fits(call.length)) return
    call.text += text
    this.#tell(slot, text)
  }

  close(slot: number): void {
    const call = this.#calls[slot]!
    call.closed = true
    if (call.text === '' && call.given !== '') this.#tell(slot, call.given)
  }

  /** Another model goes on with the answer: the calls so far must not run. */
  relieve(): void {
    this.#relieved = this.#calls.length
  }

  /**
   * Emits every call. No arguments at all stand for `{}` only when the response has `endedWell`
   * and the block was closed; otherwise missing bytes would become a call without arguments.
   */
  finish(endedWell: boolean): void {
    for (const [slot, call] of this.#calls.entries()) {
      const { id, tool, given, closed } = call
      const sent = call.text === '' ? given : call.text
      const defect = slot < this.#relieved ? relievedCall : defectOf(call)
      this.#options.events.push({
        type: 'tool-call',
        slot,
        providerId: id,
        tool,
        arguments: sent === '' && endedWell && closed ? '{}' : sent,
        ...(defect === undefined ? {} : { defect }),
      })
    }
  }

  #fits(length: number): boolean {
    const most = this.#options.bounds.maxArgumentsLength
    if (length <= most) return true
    const message = `a tool call has more than ${most} characters of arguments`
    this.#options.fail(modelError('model-too-large', message))
    return false
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
 * Input that came with the opening of a call, as written in `text`: a parsed value shows less.
 * Empty for input that says nothing yet; undefined when it stands there twice.
 */
export function givenInput(
  input: unknown,
  text: string,
  find: () => number | undefined,
): string | undefined {
  if (input == null) return ''
  if (typeof input === 'string') return input
  if (isObject(input) && Object.keys(input).length === 0) return ''
  const at = find()
  return at === undefined ? undefined : sourceAt(text, at)
}

function defectOf({ given, text }: Call): string | undefined {
  const isTwofold = text !== '' && given !== '' && !isSame(given, text)
  return isTwofold ? 'the arguments came twice and differ' : undefined
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [parseJson(a), parseJson(b)]
  return one.ok && other.ok && isDeepStrictEqual(one.value, other.value)
}

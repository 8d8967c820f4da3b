import { compose, type Wrap } from '../base/compose.ts'
import { deepFreeze } from '../base/json.ts'
import { childController, unheeded } from '../base/signal.ts'
import { TurnAssembler, type AssembledTurn } from '../protocol/assemble.ts'
import { checkEvent } from '../protocol/event-check.ts'
import type { ModelEvent } from '../protocol/event.ts'
import type { ForeignText } from '../protocol/foreign.ts'
import type { Model, ModelStreamOptions } from '../protocol/model.ts'
import type { ModelRequest } from '../protocol/request.ts'
import { charged, isForeignAnswer } from './foreign-answer.ts'
import { comparedRequest, type ComparedRequest } from './foreign-text.ts'

type Stream = AsyncIterable<ModelEvent>

/**
 * Stands round one response of the model, retries and fallbacks included. Gets a frozen copy of the
 * request and may pass on another one, and yields what the model has said, under the same law as a
 * model: its calls are judged like all others. Text that it adds or alters, in the request or in the
 * answer, is of nobody known: the session is untrusted before the calls of the answer are judged.
 * Whole messages in another order mark nothing, nor does what is left out: messages and tools, parts
 * of a message, and what is round one contiguous piece of a text; what is left of messages stays in
 * their order, and each counts once. A call is the model's once, where it is exactly as the model
 * made it in an answer that ended well. What the model has used counts, whatever a wrapper makes of
 * it. `next` counts once, and only until the wrapper has ended; else it throws `bad-plugin`. It
 * throws `bad-option` for messages that are none.
 */
export type ModelWrapper = (
  request: ModelRequest,
  next: (request: ModelRequest) => Stream,
  options: Pick<ModelStreamOptions, 'signal' | 'caller'>,
) => Stream

/** Events that are read again at the end of a response. */
const kept: ReadonlySet<ModelEvent['type']> = new Set(['tool-call', 'usage', 'end'])

/** One response of a model with wrappers round it, the first outermost. */
export class WrappedResponse {
  readonly #model: Model
  readonly #wrappers: readonly ModelWrapper[]
  readonly #said = new TurnAssembler()
  #given: ModelRequest | undefined
  #asked: ComparedRequest | undefined

  constructor(model: Model, wrappers: readonly ModelWrapper[]) {
    this.#model = model
    this.#wrappers = wrappers
  }

  async *stream(request: ModelRequest, options: ModelStreamOptions): AsyncGenerator<ModelEvent> {
    // a wrapper that leaves the stream of the model open must not leave its connection open
    const { abort, dispose, signal } = childController(options.signal)
    const own = Object.freeze({ ...options, signal })
    const wraps = this.#wrappers.map<Wrap<ModelRequest, Stream>>(
      (wrapper) => (subject, next) => wrapper(subject, next, own),
    )
    const given = deepFreeze(structuredClone(request))
    this.#given = given
    const ask = (asked: ModelRequest): Stream => {
      this.#asked = comparedRequest(given, asked)
      return this.#listen(this.#model.stream(this.#asked.request, own))
    }
    try {
      yield* compose(wraps, ask, until)(given)
    } finally {
      dispose()
      abort('ended')
    }
  }

  /** What is in the request and in the complete answer that neither run nor model has given. */
  foreignTo(answer: AssembledTurn): ForeignText {
    const { foreign: messages = [], request = this.#given } = this.#asked ?? {}
    if (request === undefined) return {}
    const foreign: ('request' | 'answer')[] = messages.length === 0 ? [] : ['request']
    if (isForeignAnswer(answer, this.#said.finish(), request)) foreign.push('answer')
    return {
      ...(foreign.length === 0 ? {} : { foreign }),
      ...(messages.length === 0 ? {} : { foreignMessages: messages }),
    }
  }

  /** The complete answer with what it has used; a wrapper can make that more, and never less. */
  charged(answer: AssembledTurn): AssembledTurn {
    return charged(answer, this.#said.finish())
  }

  async *#listen(events: Stream): AsyncGenerator<ModelEvent> {
    for await (const event of events) {
      checkEvent(event)
      // what is compared is what the model said, whatever a wrapper does to the event
      this.#said.add(kept.has(event.type) ? structuredClone(event) : event)
      yield event
    }
  }
}

async function* until(work: () => Stream, over: () => void): AsyncGenerator<ModelEvent> {
  try {
    const events = work()
    // that of an async function is none, and fails as such
    unheeded(events)
    yield* events
  } finally {
    over()
  }
}

import { compose, type Wrap } from '../base/compose.ts'
import { deepFreeze } from '../base/json.ts'
import { childController } from '../base/signal.ts'
import { TurnAssembler, type AssembledTurn } from '../protocol/assemble.ts'
import type { ModelEvent } from '../protocol/event.ts'
import type { ForeignText } from '../protocol/foreign.ts'
import type { Model, ModelStreamOptions } from '../protocol/model.ts'
import type { ModelRequest } from '../protocol/request.ts'
import { comparedRequest, isForeignAnswer, type ComparedRequest } from './foreign-text.ts'

type Stream = AsyncIterable<ModelEvent>

/**
 * Stands round one response of the model, retries and fallbacks included. Gets a frozen copy of the
 * request and may pass on another one, and yields what the model has said, under the same law as a
 * model: its calls are judged like all others. Text that it adds or alters, in the request or in the
 * answer, is of nobody known: the session is untrusted before the calls of the answer are judged.
 * What is left out, or cut to a contiguous piece of one text, marks nothing; a call is the model's
 * where it is exactly as the model made it. `next` counts once, and only until the wrapper has
 * ended; else it throws `bad-plugin`. It throws `bad-option` for messages that are none.
 */
export type ModelWrapper = (
  request: ModelRequest,
  next: (request: ModelRequest) => Stream,
  options: Pick<ModelStreamOptions, 'signal' | 'caller'>,
) => Stream

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

  async *#listen(events: Stream): AsyncGenerator<ModelEvent> {
    for await (const event of events) {
      // what is compared is what the model said, whatever a wrapper does to the event
      const isKept = event.type === 'tool-call' || event.type === 'end'
      this.#said.add(isKept ? structuredClone(event) : event)
      yield event
    }
  }
}

async function* until(work: () => Stream, over: () => void): AsyncGenerator<ModelEvent> {
  try {
    yield* work()
  } finally {
    over()
  }
}

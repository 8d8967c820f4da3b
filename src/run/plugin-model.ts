import { compose, type Wrap } from '../base/compose.ts'
import { deepFreeze } from '../base/json.ts'
import { childController } from '../base/signal.ts'
import type { ModelEvent } from '../protocol/event.ts'
import type { Model, ModelStreamOptions } from '../protocol/model.ts'
import type { ModelRequest } from '../protocol/request.ts'

type Stream = AsyncIterable<ModelEvent>

/**
 * Stands round one response of the model, retries and fallbacks included. Gets a frozen copy of the
 * request and may pass on another one; what it adds is no source that data flow trusts, and
 * makes no session untrusted: text of others comes by `prepareTurn`, which is labelled. What it
 * yields is what the model has said, under the same law as of a model: its calls are judged like all
 * others. `next` counts once, and only until the wrapper has ended; else it throws `bad-plugin`.
 */
export type ModelWrapper = (
  request: ModelRequest,
  next: (request: ModelRequest) => Stream,
  options: Pick<ModelStreamOptions, 'signal' | 'caller'>,
) => Stream

/** The model with wrappers round it, the first outermost. */
export function wrapModel(model: Model, wrappers: readonly ModelWrapper[]): Model {
  return {
    id: model.id,
    provider: model.provider,
    stream: (request, options) => streamWrapped(model, wrappers, request, options),
  }
}

async function* streamWrapped(
  model: Model,
  wrappers: readonly ModelWrapper[],
  request: ModelRequest,
  options: ModelStreamOptions,
): AsyncGenerator<ModelEvent> {
  // a wrapper that leaves the stream of the model open must not leave its connection open
  const { abort, dispose, signal } = childController(options.signal)
  const own = Object.freeze({ ...options, signal })
  const wraps = wrappers.map<Wrap<ModelRequest, Stream>>(
    (wrapper) => (subject, next) => wrapper(subject, next, own),
  )
  const ask = (asked: ModelRequest): Stream => model.stream(asked, own)
  try {
    yield* compose(wraps, ask, until)(deepFreeze(structuredClone(request)))
  } finally {
    dispose()
    abort('ended')
  }
}

async function* until(work: () => Stream, over: () => void): AsyncGenerator<ModelEvent> {
  try {
    yield* work()
  } finally {
    over()
  }
}

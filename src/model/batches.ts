import type { ModelEvent } from '../protocol/event.ts'
import type { Model, ModelStreamOptions } from '../protocol/model.ts'
import type { ModelRequest } from '../protocol/request.ts'

/** The events of a model in lists, also of one that tells them one by one. */
export async function* batchesOf(
  model: Model,
  request: ModelRequest,
  options: ModelStreamOptions,
): AsyncGenerator<readonly ModelEvent[], void, undefined> {
  if (model.streamBatches !== undefined) yield* model.streamBatches(request, options)
  else for await (const event of model.stream(request, options)) yield [event]
}

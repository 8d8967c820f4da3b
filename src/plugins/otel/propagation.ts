import type * as Telemetry from '@opentelemetry/api'
import type { ModelEvent } from '../../protocol/event.ts'
import type { TraceHeaders } from '../../protocol/request.ts'
import type { PluginParts } from '../../run/plugin.ts'
import { traceparentOf } from './traceparent.ts'
import type { Traces } from './traces.ts'

type Api = typeof Telemetry

/** Wrappers in which the span of the work at hand is active, and that tell others of it. */
export function propagating(api: Api, traces: Traces): Pick<PluginParts, 'wrapModel' | 'wrapTool'> {
  return {
    wrapModel(request, next, { caller }) {
      const context = caller && traces.chatContext(caller.ownRunId ?? caller.runId)
      if (context === undefined) return next(request)
      return within(api, context, next({ ...request, trace: headersOf(api, context) }))
    },
    wrapTool({ callId, runId }, next) {
      const context = traces.callContext(runId, callId)
      if (context === undefined) return next()
      return api.context.with(context, () => next({ trace: headersOf(api, context) }))
    },
  }
}

/** The same events, each asked for inside of the context: a generator runs in that of who asks. */
async function* within(
  api: Api,
  context: Telemetry.Context,
  events: AsyncIterable<ModelEvent>,
): AsyncGenerator<ModelEvent> {
  const iterator = events[Symbol.asyncIterator]()
  const ask = (): Promise<IteratorResult<ModelEvent>> => iterator.next()
  try {
    for (;;) {
      const step = await api.context.with(context, ask)
      if (step.done === true) return
      yield step.value
    }
  } finally {
    await api.context.with(context, () => iterator.return?.())
  }
}

/** What the global propagator writes; where there is none, what it would write by default. */
function headersOf(api: Api, context: Telemetry.Context): TraceHeaders {
  const headers: Record<string, string> = {}
  api.propagation.inject(context, headers)
  const span = api.trace.getSpanContext(context)
  const isEmpty = Object.keys(headers).length === 0
  if (isEmpty && span !== undefined && api.isSpanContextValid(span)) {
    headers['traceparent'] = traceparentOf(span)
  }
  return headers
}

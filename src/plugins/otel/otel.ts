import type * as Telemetry from '@opentelemetry/api'
import { SallyportError } from '../../base/errors.ts'
import { checkOptions } from '../../base/options.ts'
import { version } from '../../base/version.ts'
import { checkGiven, hasMethods, isFlag, isObjectOf, isText } from '../../protocol/option-checks.ts'
import type { RunEvent } from '../../protocol/run-event.ts'
import type { Plugin, PluginParts } from '../../run/plugin.ts'
import { contentOf, type Content } from './content.ts'
import { createInstruments } from './instruments.ts'
import { schemaUrl } from './names.ts'
import { propagating } from './propagation.ts'
import { Traces, type TraceStore } from './traces.ts'

export interface OtelOptions {
  /** What spans are called by, and what `gen_ai.agent.*` say. Default: nothing. */
  readonly agent?: { readonly name?: string; readonly id?: string; readonly version?: string }
  /**
   * What was said, on spans: messages of a run, answers of models, arguments and results of calls,
   * as whoever iterates the run sees them. With a function only what it returns, so that it can
   * redact; undefined leaves it out. Up to 16,384 characters of each. Default false: none.
   */
  readonly content?: Content
  /**
   * Makes the span of the work at hand the active one, and tells servers of models and
   * `context.fetch` of tools what trace they are asked for (W3C `traceparent`, or what the global
   * propagator writes). Default true; false for a gate that stands alone.
   */
  readonly propagate?: boolean
  /**
   * Marks spans of calls that were refused as errors, with `error.type` `policy_denied`. Default
   * false.
   */
  readonly refusalsAreErrors?: boolean
  /**
   * Where the trace of a run that waits is kept, as its `traceparent`, so that the run that carries
   * it on links to it. Default: 10,000 in memory; another process needs a store they share.
   */
  readonly traceparents?: TraceStore
  /** Default: the global ones of `@opentelemetry/api`. */
  readonly tracerProvider?: Telemetry.TracerProvider
  readonly meterProvider?: Telemetry.MeterProvider
}

const isContent = (name: string, value: unknown): void => {
  if (typeof value !== 'function') isFlag(name, value)
}

const checks = {
  agent: isObjectOf({ name: isText, id: isText, version: isText }),
  content: isContent,
  propagate: isFlag,
  refusalsAreErrors: isFlag,
  traceparents: hasMethods(
    'a store of traces',
    ['get', 'set'],
    'pass a Map, or what is used like one',
  ),
  tracerProvider: hasMethods('a tracer provider', ['getTracer'], 'pass that of your SDK'),
  meterProvider: hasMethods('a meter provider', ['getMeter'], 'pass that of your SDK'),
}

/**
 * A plugin that turns the events of runs into spans and metrics by the conventions of OpenTelemetry
 * for generative AI: `invoke_agent` over `chat {model}` and `execute_tool {name}`, with `sallyport.*`
 * for what was decided, by which rule, and who was asked. Needs `@opentelemetry/api` 1.9 or later,
 * which is loaded when the runtime is set up, and the SDK of your choice. Throws `bad-option`.
 *
 * @example
 * ```ts
 * const runtime = createRuntime({ model, plugins: [otel({ agent: { name: 'desk' } })] })
 * ```
 */
export function otel(options: OtelOptions = {}): Plugin {
  checkOptions('otel', options, Object.keys(checks))
  checkGiven(options, checks)
  return {
    name: 'otel',
    async setup(): Promise<PluginParts> {
      const api = await loadApi()
      const { tracerProvider = api.trace, meterProvider = api.metrics } = options
      const traces = new Traces({
        api,
        tracer: tracerProvider.getTracer('sallyport', version, { schemaUrl }),
        instruments: createInstruments(meterProvider.getMeter('sallyport', version, { schemaUrl })),
        agent: options.agent ?? {},
        content: contentOf(options.content ?? false),
        refusalsAreErrors: options.refusalsAreErrors ?? false,
        traceparents: options.traceparents ?? new RecentTraces(),
      })
      return {
        deltas: false,
        onEvent: (event: RunEvent) => traces.take(event),
        ...(options.propagate === false ? {} : propagating(api, traces)),
      }
    },
  }
}

async function loadApi(): Promise<typeof Telemetry> {
  try {
    return await import('@opentelemetry/api')
  } catch (cause) {
    throw new SallyportError('bad-plugin', '`@opentelemetry/api` cannot be loaded', {
      help: 'install it, with the SDK that brings the spans where you want them',
      cause,
    })
  }
}

const maxTraces = 10_000

/** Of more, those that were written longest ago are forgotten. */
class RecentTraces implements TraceStore {
  readonly #traces = new Map<string, string>()

  get(runId: string): string | undefined {
    return this.#traces.get(runId)
  }

  set(runId: string, traceparent: string): void {
    this.#traces.delete(runId)
    this.#traces.set(runId, traceparent)
    const [oldest] = this.#traces.keys()
    if (this.#traces.size > maxTraces) this.#traces.delete(oldest!)
  }
}

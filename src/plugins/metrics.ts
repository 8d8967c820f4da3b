import { checkOptions } from '../base/options.ts'
import { checkGiven, isNumber, isText } from '../protocol/option-checks.ts'
import type { RunEvent } from '../protocol/run-event.ts'
import type { Plugin, PluginContext } from '../run/plugin.ts'
import { Charges, type Charge } from './charges.ts'
import { exposition, Series, type Sample, type SeriesOptions } from './series.ts'

export interface MetricsOptions {
  /**
   * Sets of labels of one metric at most, from 2: names of tools and models come from outside.
   * Those that come later are counted together under `(other)`. Default 1,000.
   */
  readonly maxSets?: number
  /** Default `metrics`. */
  readonly name?: string
}

/** Numbers by the name of their metric. */
export type MetricsSnapshot = Readonly<Record<string, readonly Sample[]>>

export interface MetricsPlugin extends Plugin {
  /** What has been counted since the plugin was made, as plain data. */
  snapshot(): MetricsSnapshot
  /** The same in the text format of Prometheus, version 0.0.4 (`text/plain; version=0.0.4`). */
  prometheus(): string
}

const metricsOf = {
  runs: ['sallyport_runs_total', 'Runs that have ended, by their status.', ['status']],
  turns: ['sallyport_turns_total', 'Turns that have ended, by why the model stopped.', ['finish']],
  calls: ['sallyport_calls_total', 'Calls that have their result.', ['tool', 'status']],
  seconds: ['sallyport_call_seconds_total', 'Time that tools have taken.', ['tool']],
  decisions: ['sallyport_decisions_total', 'Decisions of the gate.', ['effect', 'rule']],
  approvals: ['sallyport_approvals_total', 'Answers of people.', ['action']],
  tokens: ['sallyport_tokens_total', 'Tokens of model responses.', ['provider', 'model', 'kind']],
  cost: ['sallyport_cost_dollars_total', 'Cost of responses.', ['provider', 'model', 'source']],
  retries: ['sallyport_model_retries_total', 'Requests to a model again.', ['code']],
  fallbacks: ['sallyport_model_fallbacks_total', 'Models that were replaced.', ['from', 'to']],
  limits: ['sallyport_limits_total', 'Limits of runs that were reached.', ['limit']],
  errors: ['sallyport_errors_total', 'Errors of runs.', ['code']],
} as const satisfies Record<string, readonly [string, string, readonly string[]]>

type Kind = keyof typeof metricsOf

const active = {
  name: 'sallyport_runs_active',
  help: 'Runs at work.',
  type: 'gauge',
} as const satisfies Partial<SeriesOptions>

const faults = {
  name: 'sallyport_plugin_faults_total',
  help: 'Parts of plugins that have failed.',
  type: 'counter',
} as const satisfies Partial<SeriesOptions>

/** A tool that does not exist has the name a model made up. */
const noTool = '(unknown)'

/**
 * Counts what runs do, for as many runtimes as it is a plugin of one after the other. Throws
 * `bad-option`.
 *
 * @example
 * ```ts
 * const plugin = metrics()
 * const runtime = createRuntime({ model, plugins: [plugin] })
 * response.end(plugin.prometheus())
 * ```
 */
export function metrics(options: MetricsOptions = {}): MetricsPlugin {
  checkOptions('metrics', options, ['maxSets', 'name'])
  checkGiven(options, { maxSets: isNumber({ min: 2, integer: true }), name: isText })
  const { maxSets = 1_000, name = 'metrics' } = options
  const counts = new Counts(maxSets)
  let countFaults: PluginContext['faults'] | undefined
  const gauges = (): readonly (readonly [typeof active | typeof faults, readonly Sample[]])[] => [
    [active, [{ labels: {}, value: counts.active }]],
    [
      faults,
      Object.entries(countFaults?.() ?? {}).map(([plugin, value]) => ({
        labels: { plugin },
        value,
      })),
    ],
  ]
  return {
    name,
    setup(context) {
      countFaults = context.faults
      return { deltas: false, onEvent: (event) => counts.see(event) }
    },
    snapshot: () =>
      Object.fromEntries([
        ...counts.all.map((series) => [series.name, series.samples()] as const),
        ...gauges().map(([metric, samples]) => [metric.name, samples] as const),
      ]),
    prometheus: () =>
      [
        ...counts.all.map((series) => series.text()),
        ...gauges().map(([metric, samples]) => exposition(metric, samples)),
      ].join(''),
  }
}

class Counts {
  readonly all: readonly Series[]
  readonly #series: Readonly<Record<Kind, Series>>
  readonly #charges = new Charges()
  readonly #active = new Set<string>()

  constructor(maxSets: number) {
    const made = Object.entries(metricsOf).map(([kind, [name, help, labels]]) => {
      const series = new Series({ name, help, type: 'counter', labels, maxSets })
      return [kind, series] as const
    })
    this.all = made.map(([, series]) => series)
    this.#series = Object.fromEntries(made) as Record<Kind, Series>
  }

  get active(): number {
    return this.#active.size
  }

  see(event: RunEvent): void {
    const series = this.#series
    const charge = this.#charges.read(event)
    if (charge !== undefined) this.#charge(charge)
    switch (event.type) {
      case 'run-start':
        this.#active.add(event.runId)
        break
      case 'end':
        this.#active.delete(event.runId)
        series.runs.add(1, event.status)
        break
      case 'turn-end':
        series.turns.add(1, event.finishReason.unified)
        break
      case 'decision':
        series.decisions.add(1, event.decision.effect, event.decision.rule)
        break
      case 'tool-result': {
        const tool = event.status === 'error-not-found' ? noTool : event.tool
        series.calls.add(1, tool, event.status)
        if (event.attempts > 0) series.seconds.add(event.executionMs / 1000, tool)
        break
      }
      case 'approval-decision':
        series.approvals.add(1, event.action)
        break
      case 'retry':
        series.retries.add(1, event.error.code)
        break
      case 'fallback':
        series.fallbacks.add(1, event.from, event.to)
        break
      case 'limit':
        series.limits.add(1, event.limit)
        break
      case 'error':
        series.errors.add(1, event.code)
        break
    }
  }

  #charge({ cost, model, provider, usage }: Charge): void {
    const { tokens, cost: money } = this.#series
    const { cacheReadTokens, cacheWriteTokens, inputTokens, outputTokens, reasoningTokens } = usage
    const kinds = {
      input: inputTokens,
      output: outputTokens,
      'cache-read': cacheReadTokens,
      'cache-write': cacheWriteTokens,
      reasoning: reasoningTokens,
    }
    for (const [kind, count] of Object.entries(kinds)) {
      if (count > 0) tokens.add(count, provider, model, kind)
    }
    if (cost !== undefined) money.add(cost.amount, provider, model, cost.source)
  }
}

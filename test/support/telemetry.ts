import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type DataPoint,
  type Histogram,
} from '@opentelemetry/sdk-metrics'
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace'
import type { OtelOptions } from '../../src/plugins/otel/otel.ts'

/** The SDK of OpenTelemetry with what it would export kept in memory. */
export interface Telemetry {
  readonly providers: Required<Pick<OtelOptions, 'tracerProvider' | 'meterProvider'>>
  /** Those that have ended, oldest first. */
  spans(): readonly ReadableSpan[]
  /** The only one of a name. */
  span(name: string): ReadableSpan
  points(metric: string): Promise<readonly DataPoint<number | Histogram>[]>
}

export function telemetry(): Telemetry {
  const exporter = new InMemorySpanExporter()
  const tracerProvider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  })
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter: metrics })
  const meterProvider = new MeterProvider({ readers: [reader] })
  const spans = (): readonly ReadableSpan[] => exporter.getFinishedSpans()
  return {
    providers: { tracerProvider, meterProvider },
    spans,
    span(name) {
      const [found, ...more] = spans().filter((span) => span.name === name)
      if (found !== undefined && more.length === 0) return found
      const names = spans().map((span) => span.name)
      throw new Error(`${more.length + (found ? 1 : 0)} spans \`${name}\` of ${names.join(', ')}`)
    },
    async points(metric) {
      await reader.forceFlush()
      const found = metrics
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap((scope) => scope.metrics)
        .filter(({ descriptor }) => descriptor.name === metric)
      return (found ?? []).flatMap(({ dataPoints }) => dataPoints as DataPoint<number>[])
    },
  }
}

/** Makes contexts follow promises, as every SDK for Node does; undone by what it returns. */
export function withContexts(): () => void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  return () => {
    context.disable()
    propagation.disable()
    trace.disable()
  }
}

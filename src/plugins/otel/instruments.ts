import type { Counter, Histogram, Meter } from '@opentelemetry/api'
import { metrics } from './names.ts'

export interface Instruments {
  readonly chatDuration: Histogram
  readonly tokenUsage: Histogram
  readonly toolDuration: Histogram
  readonly decisions: Counter
  readonly approvalWait: Histogram
  readonly cost: Counter
}

/** Boundaries that the conventions advise. */
const seconds = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
]
const tokens = [
  1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216,
  67_108_864,
]
/** People take longer than machines. */
const waits = [1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400, 604_800]

export function createInstruments(meter: Meter): Instruments {
  const duration = (name: string, description: string, boundaries = seconds): Histogram =>
    meter.createHistogram(name, {
      description,
      unit: 's',
      advice: { explicitBucketBoundaries: boundaries },
    })
  return {
    chatDuration: duration(metrics.chatDuration, 'Time of a model response.'),
    tokenUsage: meter.createHistogram(metrics.tokenUsage, {
      description: 'Tokens of a model response, by kind.',
      unit: '{token}',
      advice: { explicitBucketBoundaries: tokens },
    }),
    toolDuration: duration(metrics.toolDuration, 'Time for which a tool ran.'),
    decisions: meter.createCounter(metrics.decisions, {
      description: 'Decisions about calls, by effect and class.',
      unit: '{decision}',
    }),
    approvalWait: duration(metrics.approvalWait, 'Time for which a call waited for people.', waits),
    cost: meter.createCounter(metrics.cost, {
      description: 'What model responses cost.',
      unit: '{USD}',
    }),
  }
}

import { setImmediate } from 'node:timers/promises'
import type { StopReason } from '../base/signal.ts'
import type { Stop } from './stop.ts'

/** How an attempt went. Boxed, so that awaiting an outcome never awaits what it holds. */
export type Outcome =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'stopped'; readonly reason: StopReason }

/** How a tool that was left behind ended after all. */
export type LateOutcome = Exclude<Outcome['kind'], 'stopped'>

export interface AttemptHooks {
  onProgress(value: unknown): void
  onLate(outcome: LateOutcome): void
}

/** How many values a generator may yield before timers and signals get their turn. */
const yieldsPerTurn = 64

/** Starts the tool and waits for it or for the stop, whichever is first; never rejects. */
export function runAttempt(
  start: () => unknown,
  stop: Stop,
  hooks: AttemptHooks,
): Outcome | Promise<Outcome> {
  try {
    const output = start()
    if (isPrimitive(output)) return { kind: 'returned', value: output }
    const generator = asGenerator(output)
    const settled = generator === undefined ? settle(output) : drain(generator, stop, hooks)
    return race(settled, stop, hooks, generator)
  } catch (error) {
    return { kind: 'threw', error }
  }
}

function isPrimitive(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function')
}

function asGenerator(value: unknown): AsyncGenerator | undefined {
  const candidate = value as Partial<AsyncGenerator>
  return typeof candidate.next === 'function' && Symbol.asyncIterator in (value as object)
    ? (value as AsyncGenerator)
    : undefined
}

/**
 * What a tool returns, for somebody who stands between it and the attempt: progress is reported on
 * the way. Rejects with what the tool throws.
 */
export async function outputOf(
  start: () => unknown,
  stop: Stop,
  hooks: AttemptHooks,
): Promise<unknown> {
  const output = start()
  const generator = isPrimitive(output) ? undefined : asGenerator(output)
  if (generator === undefined) return output
  stop.signal.addEventListener('abort', () => close(generator), { once: true })
  const outcome = await drain(generator, stop, hooks)
  if (outcome.kind === 'returned') return outcome.value
  throw outcome.kind === 'threw' ? outcome.error : stop.signal.reason
}

async function settle(output: unknown): Promise<Outcome> {
  try {
    return { kind: 'returned', value: await output }
  } catch (error) {
    return { kind: 'threw', error }
  }
}

function race(
  settled: Promise<Outcome>,
  stop: Stop,
  hooks: AttemptHooks,
  generator: AsyncGenerator | undefined,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let leftBehind = false
    stop.onStop((reason) => {
      leftBehind = true
      resolve({ kind: 'stopped', reason })
      if (generator !== undefined) close(generator)
    })
    void settled.then((outcome) => {
      if (leftBehind && outcome.kind !== 'stopped') hooks.onLate(outcome.kind)
      else resolve(outcome)
    })
  })
}

async function drain(generator: AsyncGenerator, stop: Stop, hooks: AttemptHooks): Promise<Outcome> {
  try {
    for (let yields = 1; ; yields++) {
      const step = await generator.next()
      if (step.done === true) return { kind: 'returned', value: step.value }
      if (stop.reason !== undefined) return { kind: 'returned', value: undefined }
      hooks.onProgress(step.value)
      if (yields % yieldsPerTurn === 0) await setImmediate()
    }
  } catch (error) {
    close(generator)
    return { kind: 'threw', error }
  }
}

/** Asks a generator to clean up, without waiting for it. */
function close(generator: AsyncGenerator): void {
  new Promise((resolve) => resolve(generator.return(undefined))).catch(() => undefined)
}

import { systemClock } from './base/clock.ts'
import { newId } from './base/ids.ts'
import { Lazy } from './base/lazy.ts'
import { memoryJournal } from './journal/memory.ts'
import { enforced } from './loading/mode.ts'
import { EventQueue } from './run/queue.ts'
import type { OutputOf, OutputSchema } from './run/output.ts'
import { startRun, type Run } from './run/run.ts'
import { defaultLimits } from './run/stop.ts'
import { checkResumeOptions, claimedRun, isSnapshot, type ResumeOptions } from './resume-options.ts'
import type { CarryOptions, StartedRun } from './carry.ts'
import type { Carry } from './runtime-parts.ts'
import {
  checkRunOptions,
  checkRuntimeOptions,
  narrowedLimits,
  type RunOptions,
  type RunResult,
  type Runtime,
  type RuntimeOptions,
} from './runtime-options.ts'
import { toTools } from './tools/tool.ts'

/**
 * Wires model, tools, policy and journal together. Throws `bad-option`, `bad-tool` or `bad-policy`
 * for what is wrong with them.
 *
 * @example
 * ```ts
 * const runtime = createRuntime({ model, tools: [refund], policy: await loadPolicy('desk.yaml') })
 * const result = await runtime.run({ input: 'refund order O-7', auth: { bearer } }).result()
 * ```
 */
export function createRuntime(options: RuntimeOptions): Runtime {
  checkRuntimeOptions(options)
  const limits = { ...defaultLimits, ...options.limits }
  const clock = options.clock ?? systemClock
  const journal = options.journal ?? memoryJournal()
  const tools = toTools(options.tools ?? [])
  const policy = options.policy && enforced(options.policy, tools, options.allowShadow)
  // everything that carries a run is loaded with the first one: it is most of the library
  const carry = new Lazy<Carry>(async () => {
    const { assembleRuntime } = await import('./runtime-parts.ts')
    return assembleRuntime({ options, limits, clock, journal, tools, policy })
  })

  const begin = <Options extends CarryOptions & Pick<RunOptions, 'limits' | 'signal'>, Output>(
    runId: string,
    run: Options,
    carryOut: (carry: Carry, started: StartedRun<Options>) => Promise<RunResult>,
    admitted?: Promise<unknown>,
  ): Run<RunResult<Output>> => {
    const runLimits = narrowedLimits(limits, run.limits)
    const queue = new EventQueue()
    return startRun({
      id: runId,
      queue,
      journal,
      signal: run.signal,
      timeoutMs: runLimits.runTimeoutMs,
      admitted,
      async carry(signal) {
        const started = { runId, run, queue, limits: runLimits, signal }
        // the schema has checked the output
        return (await carryOut(await carry.load(), started)) as RunResult<Output>
      },
    })
  }

  return {
    async ready() {
      await carry.load()
    },
    run<Schema extends OutputSchema>(run: RunOptions<Schema>) {
      checkRunOptions(run)
      const runId = newId('run', clock.now())
      return begin<typeof run, OutputOf<Schema>>(runId, run, (c, started) => c.run(started))
    },
    resume<Schema extends OutputSchema>(named: string, run: ResumeOptions<Schema> = {}) {
      checkResumeOptions(named, run)
      const runId = isSnapshot(named) ? claimedRun(named) : named
      const admitted = runId === named ? undefined : carry.load().then((c) => c.admit(named))
      return begin<typeof run, OutputOf<Schema>>(
        runId,
        run,
        async (c, started) => c.resume(started, await admitted),
        admitted,
      )
    },
  }
}

import { systemClock } from './base/clock.ts'
import { SallyportError } from './base/errors.ts'
import { newId } from './base/ids.ts'
import { Lazy } from './base/lazy.ts'
import { checkNumber, ownOptions, withDefaults } from './base/options.ts'
import { after } from './base/signal.ts'
import { UnderWay } from './base/under-way.ts'
import { memoryJournal } from './journal/memory.ts'
import { enforced } from './loading/file.ts'
import { EventQueue } from './run/queue.ts'
import type { OutputOf, OutputSchema } from './run/output.ts'
import { startRun, Steering, type Run } from './run/run.ts'
import { defaultLimits } from './run/stop.ts'
import { checkResumeOptions, claimedRun, isSnapshot, type ResumeOptions } from './resume-options.ts'
import type { Runtime } from './runtime-handle.ts'
import type { Carry } from './runtime-parts.ts'
import {
  checkRunOptions,
  checkRuntimeOptions,
  checkStopRequest,
  narrowedLimits,
  type RunOptions,
  type RunResult,
  type RuntimeOptions,
} from './runtime-options.ts'
import type { CarryOptions, StartedRun } from './started-run.ts'
import { withToolsOfAgents } from './sub-agent.ts'
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
  const limits = withDefaults(defaultLimits, options.limits)
  const clock = options.clock ?? systemClock
  const journal = options.journal ?? memoryJournal()
  const tools = toTools(options.tools ?? [])
  const { plugins = [] } = options
  // where plugins have a say in the tools, the policy is held against what they say
  const isOpen = plugins.some((plugin) => plugin.tools !== undefined)
  const policy =
    isOpen || options.policy === undefined
      ? undefined
      : enforced(options.policy, withToolsOfAgents(tools), options.allowShadow)
  const draining = new AbortController()
  const atWork = new UnderWay<Run<unknown>>()
  // everything that carries a run is loaded with the first one: it is most of the library
  const carry = new Lazy<Carry>(async () => {
    const { assembleRuntime } = await import('./runtime-parts.ts')
    const drain = draining.signal
    return assembleRuntime({ options, limits, clock, journal, tools, policy, drain })
  })

  const load = (): Promise<Carry> => {
    if (draining.signal.aborted && carry.value === undefined) return Promise.reject(closed())
    return carry.load()
  }

  const checkOpen = (): void => {
    if (draining.signal.aborted) throw closed()
  }

  const begin = <Options extends CarryOptions & Pick<RunOptions, 'limits' | 'signal'>, Output>(
    runId: string,
    run: Options,
    carryOut: (carry: Carry, started: StartedRun<Options>) => Promise<RunResult>,
    admitted?: Promise<unknown>,
  ): Run<RunResult<Output>> => {
    const runLimits = narrowedLimits(limits, run.limits)
    const queue = new EventQueue()
    const steering = new Steering()
    const handle = startRun({
      id: runId,
      queue,
      steering,
      journal,
      signal: run.signal,
      timeoutMs: runLimits.runTimeoutMs,
      admitted,
      carry({ abort, signal }) {
        const stop = (detail: string): void => abort('stopped', detail)
        const started = { runId, run, queue, steering, limits: runLimits, signal, stop }
        const loaded = carry.value
        const result =
          loaded === undefined
            ? carry.load().then((parts) => carryOut(parts, started))
            : carryOut(loaded, started)
        // the schema has checked the output
        return result as Promise<RunResult<Output>>
      },
    })
    const leave = atWork.add(handle)
    handle.result().then(leave, leave)
    return handle
  }

  const close = async ({ graceMs = 10_000 }: { readonly graceMs?: number } = {}): Promise<void> => {
    checkNumber('graceMs', graceMs, { min: 0 })
    draining.abort()
    const stopTimer = after(graceMs, () => {
      for (const run of atWork.list()) run.cancel()
    })
    await Promise.allSettled(atWork.list().map((run) => run.result()))
    stopTimer()
    await (await carry.settled())?.dispose()
  }

  return {
    async ready() {
      await load()
    },
    run<Schema extends OutputSchema>(run: RunOptions<Schema>) {
      checkRunOptions(run)
      checkOpen()
      const runId = newId('run', clock.now())
      const own = asAsked(run)
      return begin<typeof run, OutputOf<Schema>>(runId, own, (c, started) => c.run(started))
    },
    resume<Schema extends OutputSchema>(named: string, run: ResumeOptions<Schema> = {}) {
      checkResumeOptions(named, run)
      const runId = isSnapshot(named) ? claimedRun(named) : named
      checkOpen()
      const own = asAnswered(run)
      const admitted = runId === named ? undefined : carry.load().then((c) => c.admit(named))
      return begin<typeof run, OutputOf<Schema>>(
        runId,
        own,
        async (c, started) => c.resume(started, await admitted),
        admitted,
      )
    },
    async stop(request = {}) {
      checkStopRequest(request)
      return (await load()).stop(request)
    },
    pluginFaults: () => carry.value?.faults() ?? {},
    close,
    [Symbol.asyncDispose]: () => close(),
  }
}

function closed(): SallyportError {
  return new SallyportError('runtime-closed', 'this runtime was closed and takes no more runs', {
    help: 'make another runtime; runs that had to stop can be resumed there',
  })
}

/** What names the caller may hold what cannot be copied, which is for the authenticator alone. */
function asAsked<Options extends RunOptions>(run: Options): Options {
  const { auth } = run
  const own = ownOptions(run, ['input', 'messages', 'scope'])
  return auth === undefined ? own : { ...own, auth: { ...auth } }
}

function asAnswered<Options extends ResumeOptions>(run: Options): Options {
  const { answeredBy } = run
  const own = ownOptions(run, ['decisions', 'resolve', 'revoke', 'acceptTools'])
  return answeredBy === undefined ? own : { ...own, answeredBy: { ...answeredBy } }
}

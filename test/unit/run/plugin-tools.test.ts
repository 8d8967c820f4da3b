import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { summarize } from '../../../src/report/summary.ts'
import type { PluginParts } from '../../../src/run/plugin.ts'
import type { ToolWrapper, WrappedCall } from '../../../src/tools/wrap.ts'
import type { ToolDefinition } from '../../../src/tools/tool.ts'
import {
  agentOf,
  allowing,
  finish,
  noting,
  policyOf,
  user,
  type Finished,
} from '../../support/agent.ts'
import { pluginOf } from '../../support/plugins.ts'

const script = [{ calls: [{ tool: 'act', args: { a: 1 } }] }, { text: 'ok' }]

interface Wrapped extends Finished {
  readonly calls: readonly unknown[]
}

/** A run that calls `act` once with these wrappers round it. */
async function wrappedBy(
  wrappers: readonly ToolWrapper[],
  fields: Partial<ToolDefinition> = {},
  policy = allowing('act'),
): Promise<Wrapped> {
  const { tool, calls } = noting('act', fields)
  const parts = wrappers.map((wrapTool): PluginParts => ({ wrapTool }))
  const plugins = parts.map((part, at) => pluginOf(part, `p${at}`))
  const { start } = agentOf(script, { tools: [tool], policy, plugins })
  return { ...(await finish(start())), calls }
}

function resultOf({ recorded }: Finished): object {
  return recorded.find((event) => event.type === 'tool-result')!
}

describe('a wrapper of tools', () => {
  test('S2-62: wrappers stand round the execution, the first outermost', async () => {
    const notes: string[] = []
    const noted =
      (name: string): ToolWrapper =>
      async (_, next) => {
        notes.push(`>${name}`)
        const value = await next()
        notes.push(`<${name}`)
        return `${name}(${String(value)})`
      }
    const finished = await wrappedBy([noted('a'), noted('b')])
    expect(notes).toEqual(['>a', '>b', '<b', '<a'])
    expect(resultOf(finished)).toMatchObject({ status: 'success', result: 'a(b(done))' })
  })

  test('sees the call as it was judged, and cannot change it', async () => {
    const seen: WrappedCall[] = []
    const finished = await wrappedBy([
      (call, next) => {
        seen.push(call)
        Object.freeze(next)
        for (const change of [
          () => Object.assign(call, { tool: 'other', args: { a: 2 } }),
          () => Object.assign(call.args, { a: 2 }),
          () => Object.assign(call.principal!, { subject: 'root' }),
          () => (call.principal!.roles as string[]).push('lead'),
        ]) {
          expect(change).toThrow(TypeError)
        }
        return (next as (args: unknown) => unknown)({ a: 2 })
      },
    ])
    expect(finished.calls).toEqual([{ a: 1 }])
    expect(seen[0]).toMatchObject({ tool: 'act', args: { a: 1 }, attempt: 1, principal: user })
  })

  test('cannot start the tool once a wrapper further out has ended', async () => {
    const late = Promise.withResolvers<unknown>()
    const finished = await wrappedBy([
      (_, next) => {
        void next().catch(() => undefined)
        return 'from elsewhere'
      },
      async (_, next) => {
        await sleep(20)
        late.resolve(await next().catch((error: unknown) => error))
      },
    ])
    expect(resultOf(finished)).toMatchObject({ result: 'from elsewhere', attempts: 0 })
    expect(await late.promise).toMatchObject({ code: 'bad-plugin' })
    expect(finished.calls).toEqual([])
  })

  test('is not asked about a call that is refused', async () => {
    let asked = 0
    const finished = await wrappedBy([() => ++asked], {}, policyOf())
    expect(asked).toBe(0)
    expect(resultOf(finished)).toMatchObject({ status: 'error-security' })
  })

  test('runs the tool once, however often it calls `next`', async () => {
    const finished = await wrappedBy([
      async (_, next) => {
        const [first, second] = await Promise.allSettled([next(), next()])
        expect(second).toMatchObject({ reason: { code: 'bad-plugin' } })
        return first
      },
    ])
    expect(finished.calls).toHaveLength(1)
    expect(resultOf(finished)).toMatchObject({ result: { status: 'fulfilled', value: 'done' } })
  })

  test('that does not call `next` answers in place of the tool, which the record shows', async () => {
    const finished = await wrappedBy([() => 'from the cache'])
    expect(finished.calls).toEqual([])
    expect(resultOf(finished)).toMatchObject({
      status: 'success',
      result: 'from the cache',
      attempts: 0,
    })
    expect(finished.result.report.rows[0]).toMatchObject({ status: 'success', attempts: 0 })
    const { calls } = summarize(finished.result.report)
    expect(calls[0]!.reasons).toEqual([
      'a wrapper answered in place of the tool, which did not run',
    ])
  })

  test('that calls `next` when it has ended runs nothing', async () => {
    const late = Promise.withResolvers<unknown>()
    const finished = await wrappedBy([
      (_, next) => {
        setImmediate(() => late.resolve(next().catch((error: unknown) => error)))
        return 'early'
      },
    ])
    expect(await late.promise).toMatchObject({ code: 'bad-plugin' })
    expect(finished.calls).toEqual([])
  })

  test('that does not wait for the tool is not done before the tool is', async () => {
    let ended = false
    const finished = await wrappedBy(
      [
        (_, next) => {
          void next()
          return 'early'
        },
      ],
      {
        async execute() {
          await new Promise((resolve) => setTimeout(resolve, 20))
          ended = true
          throw new Error('nobody looks')
        },
      },
    )
    expect(ended).toBe(true)
    expect(resultOf(finished)).toMatchObject({ status: 'success', result: 'early', attempts: 1 })
  })

  test('that hangs is left behind in time, and its `next` runs nothing then', async () => {
    const carryOn = Promise.withResolvers<void>()
    const late = Promise.withResolvers<unknown>()
    const finished = await wrappedBy(
      [
        async (_, next) => {
          await carryOn.promise
          late.resolve(await next().catch((error: unknown) => error))
        },
      ],
      { timeoutMs: 10 },
    )
    carryOn.resolve()
    expect(await late.promise).toMatchObject({ reason: 'tool-timeout' })
    expect(finished.calls).toEqual([])
    expect(resultOf(finished)).toMatchObject({
      status: 'timeout',
      attempts: 0,
      error: { message: expect.stringContaining('before it started') },
    })
  })

  test.each<[string, ToolWrapper, string, number]>([
    [
      'before the tool',
      () => {
        throw new Error('out of order')
      },
      'the tool did not run: a wrapper failed: out of order',
      0,
    ],
    [
      'after the tool',
      async (_, next) => {
        await next()
        throw new Error('out of order')
      },
      'the tool ran, but a wrapper failed: out of order',
      1,
    ],
  ])('that throws %s makes a failure that says so', async (_, wrapper, message, attempts) => {
    const finished = await wrappedBy([wrapper])
    expect(finished.calls).toHaveLength(attempts)
    expect(resultOf(finished)).toMatchObject({
      status: 'error-execution',
      attempts,
      error: { code: 'wrapper-failed', message },
    })
  })

  test('passes on what the tool throws as a failure of the tool', async () => {
    const finished = await wrappedBy([(_, next) => next()], {
      execute() {
        throw new Error('no such order')
      },
    })
    expect(resultOf(finished)).toMatchObject({
      error: { code: 'tool-failed', message: 'no such order' },
    })
  })

  test('answers under the output schema and the bounds of the tool', async () => {
    const numbers = await wrappedBy([() => 'no number'], { output: { type: 'number' } })
    expect(resultOf(numbers)).toMatchObject({ status: 'error-output' })
    const long = await wrappedBy([() => 'x'.repeat(1000)], { maxResultBytes: 256 })
    expect(resultOf(long)).toMatchObject({ status: 'success', truncated: true })
    const nonsense = await wrappedBy([() => 10n])
    expect(resultOf(nonsense)).toMatchObject({ status: 'error-output' })
  })

  test('answers under the output rules of the policy', async () => {
    const policy = policyOf({
      rules: [{ id: 'allowed', allow: ['act'], who: { roles: ['user'] } }],
      output: [{ tools: ['**'], strip: ['ansi'] }],
    })
    const finished = await wrappedBy([() => '\u001B[31mred'], {}, policy)
    expect(resultOf(finished)).toMatchObject({ result: 'red' })
  })

  test('lets the progress of a tool through', async () => {
    const finished = await wrappedBy([(_, next) => next()], {
      async *execute() {
        yield 'half'
        return 'whole'
      },
    })
    const progress = finished.recorded.filter(({ type }) => type === 'execution-progress')
    expect(progress).toMatchObject([{ value: 'half' }])
    expect(resultOf(finished)).toMatchObject({ result: 'whole' })
  })

  test('does not keep a generator open that is left behind', async () => {
    const closed = Promise.withResolvers<void>()
    const finished = await wrappedBy([(_, next) => next()], {
      timeoutMs: 20,
      async *execute() {
        try {
          for (;;) {
            yield 'more'
            await new Promise((resolve) => setTimeout(resolve, 1))
          }
        } finally {
          closed.resolve()
        }
      },
    })
    await closed.promise
    expect(resultOf(finished)).toMatchObject({ status: 'timeout', attempts: 1 })
  })

  test('stands round each attempt of an idempotent tool', async () => {
    const attempts: number[] = []
    let left = 2
    const finished = await wrappedBy(
      [
        (call, next) => {
          attempts.push(call.attempt)
          return next()
        },
      ],
      {
        annotations: { idempotent: true },
        retry: { attempts: 3, delayMs: 1 },
        execute() {
          if (--left > 0) throw new Error('busy')
          return 'done'
        },
      },
    )
    expect(attempts).toEqual([1, 2])
    expect(resultOf(finished)).toMatchObject({ status: 'success', attempts: 2 })
  })

  test('answers that the model sees are sources for data flow like results', async () => {
    const policy = policyOf({
      rules: [{ id: 'allowed', allow: ['**'], who: { roles: ['user'] } }],
      tools: {
        act: { kind: 'read', output: { trust: 'untrusted' } },
        send: { kind: 'write', args: { to: { steers: true } } },
      },
      flow: { untrustedSteering: 'deny' },
    })
    const { tool: act } = noting('act')
    const { tool: send, calls } = noting('send', {
      input: { type: 'object', properties: { to: { type: 'string' } } },
    })
    const turns = [
      { calls: [{ tool: 'act' }] },
      { calls: [{ tool: 'send', args: { to: 'mallory' } }] },
      { text: 'ok' },
    ]
    const plugins = [
      pluginOf({ wrapTool: (call, next) => (call.tool === 'act' ? 'to mallory' : next()) }),
    ]
    const { start } = agentOf(turns, { tools: [act, send], policy, plugins })
    const { result } = await finish(start())
    expect(result.report.rows[1]).toMatchObject({ decision: { rule: 'flow.untrustedSteering' } })
    expect(calls).toEqual([])
  })

  test('that damages its signal neither keeps the run at work nor starts the tool late', async () => {
    const began = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<unknown>()
    const { tool, calls } = noting('act')
    const wrapTool: ToolWrapper = async ({ signal }, next) => {
      const stopped = new Promise((resolve) => signal.addEventListener('abort', resolve))
      Object.assign(signal, {
        addEventListener: () => undefined,
        throwIfAborted: () => undefined,
      })
      began.resolve()
      await stopped
      const late = next()
      late.then(ended.resolve, ended.resolve)
      return late
    }
    const plugins = [pluginOf({ wrapTool })]
    const run = agentOf(script, { tools: [tool], policy: allowing('act'), plugins }).start()
    await began.promise
    run.cancel()
    expect((await run.result()).status).toBe('cancelled')
    await ended.promise
    expect(calls).toEqual([])
  })
})

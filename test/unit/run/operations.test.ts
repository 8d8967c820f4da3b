import { getEventListeners } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { watchPolicy } from '../../../src/loading/watched.ts'
import { Stops } from '../../../src/run/stops.ts'
import type { RuntimeOptions } from '../../../src/runtime-options.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import type { ToolContext } from '../../../src/tools/tool.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { agentOf, allowing, policyOf, toolOf, user, type Agent } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'

const twice = [
  { calls: [{ tool: 'act' }] },
  { calls: [{ tool: 'act' }, { tool: 'other' }] },
  { text: 'done' },
]

interface Held extends Agent {
  /** Resolves when the tool is at work. */
  readonly atWork: Promise<ToolContext>
  finish(): void
}

/** An agent whose tool `act` works until it is told to finish, or is stopped. */
function held(options: Partial<RuntimeOptions> = {}, turns = twice): Held {
  const atWork = Promise.withResolvers<ToolContext>()
  const finish = Promise.withResolvers<void>()
  const act = toolOf('act', {
    async execute(_, context) {
      atWork.resolve(context)
      await finish.promise
      return 'acted'
    },
  })
  const agent = agentOf(turns, {
    tools: [act, toolOf('other')],
    policy: allowing('act', 'other'),
    ...options,
  })
  return { ...agent, atWork: atWork.promise, finish: () => finish.resolve() }
}

describe('a stop', () => {
  test.each<[string, (runId: string) => object, string]>([
    ['of everything', () => ({}), 'the run was stopped'],
    ['of the run', (run) => ({ run, reason: 'too dear' }), 'the run was stopped: too dear'],
    ['of its caller', () => ({ principal: 'user-1' }), '`user-1` was stopped'],
  ])('%s ends a run at work, on record, and it can be resumed', async (_, request, message) => {
    const { atWork, runtime, start, finish } = held()
    const run = start()
    const { signal } = await atWork
    const lift = await runtime.stop(request(run.id))
    const result = await run.result()
    expect(signal.aborted).toBe(true)
    expect(result).toMatchObject({ status: 'cancelled', error: { code: 'stopped', message } })
    expect(result.report.rows).toMatchObject([{ status: 'cancelled', error: { code: 'stopped' } }])
    lift()
    finish()
    expect((await runtime.resume(run.id).result()).status).toBe('completed')
  })

  test('ends the wait for a person', async () => {
    const asked = Promise.withResolvers<void>()
    const { runtime, start } = held({
      policy: policyOf({
        rules: [{ id: 'asks', ask: ['act', 'other'], who: { roles: ['user'] } }],
      }),
      approve: () => {
        asked.resolve()
        return new Promise(() => undefined)
      },
    })
    const run = start()
    await asked.promise
    await runtime.stop()
    expect(await run.result()).toMatchObject({ status: 'cancelled', error: { code: 'stopped' } })
  })

  test('ends questions that nobody can answer now, beside a tool at work', async () => {
    const { atWork, finish, runtime, start } = held(
      {
        policy: policyOf({
          rules: [
            { id: 'free', allow: ['act'], who: { roles: ['user'] } },
            { id: 'asked', ask: ['other'], who: { roles: ['user'] } },
          ],
          limits: [{ id: 'once', tools: ['other'], per: 'subject', max: 1, over: 'deny' }],
        }),
      },
      [{ calls: [{ tool: 'other' }, { tool: 'act' }] }, { calls: [{ tool: 'other' }] }],
    )
    const run = start()
    await atWork
    await runtime.stop()
    const { approvals, messages, report, status } = await run.result()
    expect([status, approvals]).toEqual(['cancelled', []])
    expect(report.rows).toMatchObject([
      { tool: 'other', status: 'cancelled', attempts: 0, error: { code: 'stopped' } },
      { tool: 'act', status: 'cancelled', attempts: 1, error: { code: 'stopped' } },
    ])
    expect(messages.filter(({ role }) => role === 'tool')).toHaveLength(2)
    finish()
    // the place of the call is free again
    expect((await runtime.resume(run.id).result()).status).toBe('needs-approval')
  })

  test('ends a run whose caller is not known yet', async () => {
    const asked = Promise.withResolvers<void>()
    const known = Promise.withResolvers<typeof user>()
    const { model, runtime, start } = held({
      authenticator: () => {
        asked.resolve()
        return known.promise
      },
    })
    const run = start()
    await asked.promise
    await runtime.stop()
    known.resolve(user)
    expect(await run.result()).toMatchObject({ status: 'cancelled', error: { code: 'stopped' } })
    expect(model.requests).toEqual([])
  })

  test('leaves alone what it does not name', async () => {
    const { atWork, finish, runtime, start } = held()
    const run = start()
    await atWork
    await runtime.stop({ run: 'run_0' })
    await runtime.stop({ principal: 'somebody' })
    await runtime.stop({ principal: 'somebody', tool: 'act' })
    await runtime.stop({ tool: 'acts' })
    finish()
    const { report, status } = await run.result()
    expect([status, report.totals.calls]).toEqual(['completed', 3])
    for (const row of report.rows) expect(row.status).toBe('success')
  })

  test('of a caller keeps its next runs out until it is lifted', async () => {
    const { finish, model, runtime, start } = held()
    finish()
    const lift = await runtime.stop({ principal: 'user-1', reason: 'left the firm' })
    expect(await start().result()).toMatchObject({
      status: 'denied',
      error: { code: 'stopped', message: '`user-1` was stopped: left the firm' },
    })
    expect(model.requests).toEqual([])
    const other = { custom: { ...user, subject: 'user-2' } }
    expect((await start({ auth: other }).result()).status).toBe('completed')
    lift()
    expect((await start().result()).error?.code).not.toBe('stopped')
  })

  test('of a caller keeps its runs from being resumed', async () => {
    const journal = memoryJournal()
    const first = held({ journal })
    const run = first.start()
    await first.atWork
    await first.runtime.stop()
    await run.result()
    const { calls, runtime } = { calls: [], ...held({ journal }) }
    await runtime.stop({ principal: 'user-1' })
    await expect(runtime.resume(run.id).result()).rejects.toMatchObject({ code: 'stopped' })
    expect(calls).toEqual([])
  })

  test('of a caller ends a run of theirs that is about to be carried on', async () => {
    const journal = memoryJournal()
    const first = held({ journal })
    const run = first.start()
    await first.atWork
    await first.runtime.stop()
    await run.result()
    let isStopped = false
    const { model, runtime } = held({
      journal: {
        ...journal,
        async append(...records) {
          if (!isStopped) await runtime.stop({ principal: 'user-1' })
          isStopped = true
          return journal.append(...records)
        },
      },
    })
    const result = await runtime.resume(run.id).result()
    expect(result).toMatchObject({ status: 'cancelled', error: { code: 'stopped' } })
    expect(model.requests).toEqual([])
  })

  test('of a tool stops its work and refuses its calls, while the run goes on', async () => {
    const { atWork, runtime, start } = held()
    const run = start()
    const { signal } = await atWork
    const lift = await runtime.stop({ tool: 'act', reason: 'it misbehaves' })
    const { report, status } = await run.result()
    expect([status, signal.aborted]).toEqual(['completed', true])
    expect(report.rows).toMatchObject([
      { tool: 'act', status: 'cancelled', error: { code: 'stopped' } },
      {
        tool: 'act',
        status: 'error-security',
        decision: {
          effect: 'deny',
          rule: 'stopped',
          reasons: ['`act` was stopped: it misbehaves'],
        },
      },
      { tool: 'other', status: 'success' },
    ])
    lift()
  })

  test('reaches no run that is over, also one that was resumed', async () => {
    let reached = 0
    const { enter } = Stops.prototype
    const watched = vi.spyOn(Stops.prototype, 'enter').mockImplementation(function (
      this: Stops,
      context,
      stop,
    ) {
      return enter.call(this, context, (detail) => {
        reached++
        stop(detail)
      })
    })
    onTestFinished(() => watched.mockRestore())
    const { atWork, finish, runtime, start } = held()
    const run = start()
    await atWork
    run.cancel()
    await run.result()
    finish()
    expect((await runtime.resume(run.id).result()).status).toBe('completed')
    await runtime.stop()
    expect([watched.mock.calls.length > 3, reached]).toEqual([true, 0])
  })

  test('has nothing to reach of calls that are over', async () => {
    const begun = vi.spyOn(Stops.prototype, 'start')
    onTestFinished(() => begun.mockRestore())
    const { finish, start } = held()
    finish()
    const { status } = await start().result()
    expect([status, begun.mock.calls.length]).toEqual(['completed', 3])
    for (const [, , signal] of begun.mock.calls) {
      expect(getEventListeners(signal, 'abort')).toEqual([])
    }
  })

  test('of a tool holds for a call that has its permit and waits for its turn', async () => {
    const { atWork, runtime, start } = held({ limits: { maxParallel: 1 } }, [
      { calls: [{ tool: 'act' }, { tool: 'other' }] },
      { text: 'done' },
    ])
    const run = start()
    await atWork
    await runtime.stop({ tool: 'other' })
    await runtime.stop({ tool: 'act' })
    const { report } = await run.result()
    expect(report.rows[1]).toMatchObject({
      status: 'error-security',
      error: { code: 'stopped' },
      attempts: 0,
    })
  })

  test('is not weakened by shadow mode', async () => {
    const policy = policyOf({ mode: 'shadow', rules: [] })
    const { finish, runtime, start } = held({ policy, allowShadow: true })
    finish()
    await runtime.stop({ tool: 'act' })
    const { report } = await start().result()
    expect(report.rows.map(({ status }) => status)).toEqual([
      'error-security',
      'error-security',
      'success',
    ])
  })

  test.each([[{ who: 'me' }], [{ tool: 5 }], ['run_1']])('%j is refused', async (request) => {
    await expect(agentOf([]).runtime.stop(request as never)).rejects.toMatchObject({
      code: 'bad-option',
    })
  })
})

describe('a runtime that is closed', () => {
  test('lets the tools at work finish, begins no turn, and takes no runs', async () => {
    const journal = memoryJournal()
    const { atWork, finish, model, runtime, start } = held({ journal })
    const run = start()
    await atWork
    const closed = runtime.close()
    expect(() => start()).toThrow(expect.objectContaining({ code: 'runtime-closed' }))
    expect(() => runtime.resume(run.id)).toThrow(
      expect.objectContaining({ code: 'runtime-closed' }),
    )
    finish()
    await closed
    const { report, status } = await run.result()
    expect([status, model.requests.length]).toEqual(['cancelled', 1])
    expect(report.rows).toMatchObject([{ status: 'success' }])
    const next = held({ journal }, twice.slice(1))
    next.finish()
    expect((await next.runtime.resume(run.id).result()).status).toBe('completed')
  })

  test('takes no snapshot to read it first', async () => {
    const { runtime } = agentOf([])
    await runtime.ready()
    await runtime.close()
    const rejections: unknown[] = []
    const heard = (reason: unknown): void => void rejections.push(reason)
    process.on('unhandledRejection', heard)
    onTestFinished(() => void process.off('unhandledRejection', heard))
    const payload = Buffer.from('{"runId":"run_1"}').toString('base64url')
    expect(() => runtime.resume(`e30.${payload}.e30`)).toThrow(
      expect.objectContaining({ code: 'runtime-closed' }),
    )
    await new Promise((resolve) => setTimeout(resolve))
    expect(rejections).toEqual([])
  })

  test('lets an answer come to its end, which is that of its run', async () => {
    const { runtime, start } = agentOf([
      () => {
        void runtime.close()
        return { text: 'so' }
      },
    ])
    const { status, text } = await start().result()
    expect([status, text]).toEqual(['completed', 'so'])
  })

  test('cancels what is still at work when the time is over', async () => {
    const { atWork, runtime, start } = held()
    const run = start()
    const { signal } = await atWork
    await runtime.close({ graceMs: 0 })
    const { report, status } = await run.result()
    expect([status, signal.aborted]).toEqual(['cancelled', true])
    expect(report.rows).toMatchObject([{ status: 'cancelled' }])
  })

  test('leaves questions to people open for whoever carries the run on', async () => {
    const journal = memoryJournal()
    const policy = policyOf({ rules: [{ id: 'asks', ask: ['act'], who: { roles: ['user'] } }] })
    const asked = Promise.withResolvers<void>()
    const turns = [{ calls: [{ tool: 'act' }] }, { text: 'done' }]
    const first = held(
      {
        journal,
        policy,
        approve: () => {
          asked.resolve()
          return new Promise(() => undefined)
        },
      },
      turns,
    )
    const run = first.start()
    await asked.promise
    await first.runtime.close()
    expect(await run.result()).toMatchObject({ status: 'needs-approval', approvals: [{}] })
    const by = { subject: 'lena' }
    const next = held({ journal, policy, approve: () => ({ action: 'approve', by }) }, [turns[1]!])
    next.finish()
    expect((await next.runtime.resume(run.id).result()).status).toBe('completed')
  })

  test('is one that went out of scope by `await using`, and may be closed again', async () => {
    let runtime
    {
      await using scoped = createRuntime({ model: scripted([]) })
      runtime = scoped
    }
    expect(() => runtime.run({ input: 'go' })).toThrow('takes no more runs')
    await runtime.close()
  })
})

describe('runs of one session', () => {
  test.each([[undefined], ['queue' as const]])('wait for each other by %s', async (sessions) => {
    const { atWork, finish, model, start } = held(sessions === undefined ? {} : { sessions }, [
      twice[0]!,
      { text: 'first' },
      { text: 'second' },
    ])
    const first = start({ session: 's' })
    await atWork
    const second = start({ session: 's' })
    const [free, unnamed] = [start({ session: 't' }), start()]
    expect([(await free.result()).text, (await unnamed.result()).text]).not.toContain('')
    expect(model.requests).toHaveLength(3)
    finish()
    await first.result()
    expect((await second.result()).status).not.toBe('cancelled')
    expect(model.requests.length).toBeGreaterThan(3)
  })

  test('are refused where another one is at work, and later are not', async () => {
    const { atWork, finish, runtime, start } = held({ sessions: 'refuse' }, [
      twice[0]!,
      { text: 'first' },
      { text: 'second' },
    ])
    const first = start({ session: 's' })
    await atWork
    const second = await start({ session: 's' }).result()
    expect(second).toMatchObject({ status: 'error', error: { code: 'session-busy' } })
    await expect(runtime.resume(second.runId).result()).rejects.toMatchObject({
      code: 'session-busy',
    })
    finish()
    expect((await first.result()).status).toBe('completed')
    expect((await runtime.resume(second.runId).result()).text).toBe('second')
  })

  test('can be cancelled while they wait', async () => {
    const { atWork, finish, start } = held()
    const first = start({ session: 's' })
    await atWork
    const second = start({ session: 's' })
    second.cancel()
    expect((await second.result()).status).toBe('cancelled')
    finish()
    expect((await first.result()).status).toBe('completed')
  })
})

test('a policy that becomes stricter amid a run holds for its next call', async () => {
  const path = join(temporaryFolder(), 'desk.yaml')
  const write = (rule: string): void =>
    writeFileSync(
      path,
      `sallyport: 1\nname: desk\nidentity: { anonymous: deny }\nroles: { user: {} }\nrules:\n  - ${rule}\n`,
    )
  write('{ id: free, allow: [act, other], who: { roles: [user] } }')
  const changed = Promise.withResolvers<void>()
  const policy = await watchPolicy(path, { onChange: () => changed.resolve() })
  const { atWork, finish, start } = held({ policy })
  const run = start()
  await atWork
  write('{ id: closed, deny: [act, other] }')
  await changed.promise
  policy.close()
  finish()
  const { report } = await run.result()
  expect(report.rows.map(({ decision, status }) => [status, decision?.rule])).toEqual([
    ['success', 'free'],
    ['error-security', 'closed'],
    ['error-security', 'closed'],
  ])
})

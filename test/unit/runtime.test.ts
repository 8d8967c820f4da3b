import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { ModelEvent } from '../../src/protocol/event.ts'
import type { Model } from '../../src/protocol/model.ts'
import type { Principal } from '../../src/protocol/principal.ts'
import type { RunOptions } from '../../src/runtime-options.ts'
import {
  agentOf,
  allowing,
  finish,
  noting,
  only,
  policyOf,
  statusesOf,
  toolOf,
  user,
  ways,
} from '../support/agent.ts'
import { expectEventOrder, expectOneRecord, expectValidHistories } from '../support/laws.ts'

const calling = { calls: [{ tool: 'act', args: {} }] }

describe.each(ways)('a caller who is not known, %s', (way) => {
  test.each<[string, Partial<RunOptions>, string]>([
    ['brings nothing', { auth: undefined as never }, 'unauthenticated'],
    ['brings an unknown key', { auth: { apiKey: 'nobody.secret' } }, 'api-key-unknown'],
    ['brings a malformed token', { auth: { bearer: 'x' } }, 'token-malformed'],
    ['brings two credentials', { auth: { bearer: 'x', apiKey: 'y' } }, 'unauthenticated'],
    ['brings a principal', { auth: { principal: user } as never }, 'unauthenticated'],
    ['brings null', { auth: null as never }, 'unauthenticated'],
    ['is not known to the host', { auth: { custom: null } }, 'unauthenticated'],
  ])('%s: the run is denied, and neither model nor tool hear of it', async (_, run, code) => {
    const { tool, calls } = noting('act')
    const { runtime, model } = agentOf([calling, { text: '' }], {
      tools: [tool],
      policy: allowing('act'),
    })
    const { auth } = run
    const finished = await finish(
      runtime.run({ input: 'go', ...(auth === undefined ? {} : { auth }) }),
      way,
    )
    const { result, events } = finished
    expect(result).toMatchObject({ status: 'denied', text: '', error: { code } })
    expect([calls.length, model.requests.length]).toEqual([0, 0])
    expect(result.report).toMatchObject({
      header: { principal: null },
      rows: [],
      end: { status: 'denied' },
    })
    expect(only(events, 'error')).toMatchObject([{ code }])
    expectEventOrder(events)
    expectOneRecord(finished)
  })
})

describe("the host's own authentication", () => {
  test('says who the caller is, to tools, policy and report', async () => {
    let seen: unknown
    const act = toolOf('act', {
      execute(_, { principal }) {
        seen = principal
        return null
      },
    })
    const { start } = agentOf([calling, { text: '' }], {
      tools: [act],
      policy: allowing('act'),
      authenticator: (given) => ({ subject: String(given), roles: ['user'], scopes: ['a'] }),
    })
    const { result } = await finish(start({ auth: { custom: 'ann' } }))
    expect(seen).toEqual({ subject: 'ann', roles: ['user'], scopes: ['a'] })
    expect(result.report.header.principal).toEqual(seen)
  })

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('secret of the host')
      },
    ],
    ['returns a text', () => 'admin'],
    ['returns roles that are a text', () => ({ subject: 'a', roles: 'admin', scopes: [] })],
    ['returns nothing', () => undefined],
  ])('that %s denies the run', async (_, authenticator) => {
    const { start, model } = agentOf([{ text: '' }], {
      authenticator: authenticator as () => Principal,
    })
    const { result } = await finish(start({ auth: { custom: 'x' } }))
    expect(result).toMatchObject({ status: 'denied', error: { code: 'authenticator-failed' } })
    expect(JSON.stringify(result)).not.toContain('secret of the host')
    expect(model.requests).toEqual([])
  })
})

/** A model that does what the generator does. */
function modelOf(stream: (signal: AbortSignal) => AsyncGenerator<ModelEvent>): Model {
  return { id: 'odd', provider: 'testing', stream: (_, { signal }) => stream(signal) }
}

const odd: Record<string, (signal: AbortSignal) => AsyncGenerator<ModelEvent>> = {
  'throws at once': () => {
    throw new Error('broken')
  },
  'throws after a call': async function* () {
    yield { type: 'tool-call', slot: 0, providerId: 'p', tool: 'act', arguments: '{}' }
    throw new Error('broken')
  },
  'ends without saying so': async function* () {
    yield { type: 'tool-call', slot: 0, providerId: 'p', tool: 'act', arguments: '{}' }
  },
  'says nothing at all': async function* () {},
}

describe.each(ways)('a model that breaks its promise, %s', (way) => {
  test.each(Object.entries(odd))('and %s fails the run', async (_, stream) => {
    const { tool, calls } = noting('act')
    const { start } = agentOf([], {
      model: modelOf(stream),
      tools: [tool],
      policy: allowing('act'),
    })
    const finished = await finish(start(), way)
    expect(finished.result).toMatchObject({ status: 'error', error: { code: 'model-protocol' } })
    expect(calls).toEqual([])
    expectEventOrder(finished.events)
    expectOneRecord(finished)
  })

  test('and hangs after it was stopped is left behind', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const asked = Promise.withResolvers<void>()
    const { start } = agentOf([], {
      model: modelOf(async function* hang() {
        yield { type: 'text-delta', text: 'so' }
        asked.resolve()
        await new Promise(() => undefined)
      }),
    })
    const run = start()
    await asked.promise
    run.cancel()
    await vi.advanceTimersByTimeAsync(1_000)
    const finished = await finish(run, way)
    expect(finished.result).toMatchObject({ status: 'cancelled', text: 'so' })
    expectEventOrder(finished.events)
    expectOneRecord(finished)
  })
})

describe('a run that is stopped before it starts', () => {
  test('asks no model', async () => {
    const { start, model } = agentOf([calling], { tools: [toolOf('act')], policy: allowing('act') })
    const finished = await finish(start({ signal: AbortSignal.abort() }))
    expect(finished.result).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' } })
    expect(model.requests).toEqual([])
    expectEventOrder(finished.events)
    expectOneRecord(finished)
  })
})

describe('text that no digest can be made of', () => {
  test('from a user, a model or a tool does not end a run without a record', async () => {
    const lone = '\ud800'
    const { start, model } = agentOf(
      [
        {
          text: `t${lone}`,
          calls: [
            { tool: `act${lone}`, args: {}, id: lone },
            { tool: 'act', rawArgs: `{"a":"${lone}"}` },
            { tool: 'act', args: {}, id: lone },
          ],
          finish: 'tool_calls',
        },
        { error: { message: `lost ${lone}`, code: lone } },
      ],
      { tools: [toolOf('act', { execute: () => `r${lone}` })], policy: allowing('act') },
    )
    const finished = await finish(start({ input: lone, session: `s${lone}` }))
    expect(finished.result.status).toBe('error')
    expect(finished.result.error!.code).toMatch(/^model-/)
    expect(statusesOf(finished)).toEqual(['error-not-found', 'error-parsing', 'success'])
    expectEventOrder(finished.events)
    expectOneRecord(finished)
    expectValidHistories(model.requests)
  })
})

describe('without a policy', () => {
  test('anybody may talk and nothing may run', async () => {
    const { tool, calls } = noting('act')
    const { runtime } = agentOf([calling, { text: 'so be it' }], { tools: [tool] })
    const finished = await finish(runtime.run({ input: 'go' }))
    expect(finished.result).toMatchObject({ status: 'completed', text: 'so be it' })
    expect(statusesOf(finished)).toEqual(['error-security'])
    expect(calls).toEqual([])
  })
})

describe('a tool that was left behind', () => {
  test('cannot write into a run that has ended', async () => {
    const leave = Promise.withResolvers<string>()
    const started = Promise.withResolvers<void>()
    const act = toolOf('act', {
      execute() {
        started.resolve()
        return leave.promise
      },
    })
    const { start } = agentOf([calling], { tools: [act], policy: allowing('act') })
    const run = start()
    await started.promise
    run.cancel()
    const before = await finish(run)
    leave.resolve('late')
    await new Promise(setImmediate)
    const after = await finish(Object.assign(run, {}), 'result only')
    expect(after.recorded).toEqual(before.recorded)
    expect(statusesOf(before)).toEqual(['cancelled'])
    expectOneRecord(before)
  })
})

describe('a condition of the host that throws', () => {
  test('fails the run, with a report', async () => {
    const { start } = agentOf([calling, { text: '' }], {
      tools: [toolOf('act')],
      policy: policyOf(),
      stopWhen: [
        () => {
          throw new Error('no idea')
        },
      ],
    })
    const finished = await finish(start())
    expect(finished.result).toMatchObject({ status: 'error', error: { message: 'no idea' } })
    expectOneRecord(finished)
  })
})

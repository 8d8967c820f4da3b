import { describe, expect, test } from 'vitest'
import { createGate } from '../../../src/gate/gate.ts'
import { openaiCompatible } from '../../../src/model/compatible.ts'
import type { ApprovalAnswer } from '../../../src/gate/verdict.ts'
import type { Model } from '../../../src/protocol/model.ts'
import { fakeProvider } from '../../../src/testing/fake-provider.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import type { ScriptedTurn } from '../../../src/testing/turn.ts'
import { execute, type ExecuteContext } from '../../../src/tools/execute.ts'
import type { Permit } from '../../../src/tools/permit.ts'
import { createRegistry } from '../../../src/tools/registry.ts'
import type { Tool } from '../../../src/tools/tool.ts'
import {
  agentOf,
  allowing,
  finish,
  noting,
  policyOf,
  statusesOf,
  user,
  ways,
  type Finished,
} from '../../support/agent.ts'

const clock = manualClock()

const context: ExecuteContext = {
  runId: 'run_1',
  signal: new AbortController().signal,
  idempotencyKey: 'key',
  deps: undefined,
  clock,
  onProgress: () => undefined,
  onLate: () => undefined,
}

/** Everything a stranger can reach from an object by keys, symbols and prototypes. */
function reachable(root: object): ReadonlySet<unknown> {
  const found = new Set<unknown>()
  const queue: unknown[] = [root]
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) continue
    if (found.has(value) || value === Object.prototype || value === Function.prototype) continue
    found.add(value)
    for (const key of Reflect.ownKeys(value)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(value, key)
      queue.push(descriptor?.value, descriptor?.get, descriptor?.set)
    }
    queue.push(Object.getPrototypeOf(value))
  }
  return found
}

async function permitFor(tool: Tool, args: object = {}): Promise<Permit> {
  const policy = allowing('act').compile([tool])
  const gate = createGate({ policy, registry: await createRegistry([tool]), clock })
  const rawArgs = JSON.stringify(args)
  const call = { callId: 'run_1-1-0', providerId: '', turn: 1, index: 0, tool: 'act', rawArgs }
  const verdict = await gate.judge(await gate.examine(call), {
    runId: 'run_1',
    session: undefined,
    principal: user,
  })
  if (verdict.kind !== 'permit') throw new Error(`the gate said ${verdict.kind}`)
  return verdict.permit
}

describe('the function of a tool', () => {
  test('cannot be reached from the tool, the registry or a permit', async () => {
    const { tool, calls } = noting('act')
    const registry = await createRegistry([tool])
    const permit = await permitFor(tool)
    for (const root of [tool, registry, registry.get('act')!, permit]) {
      for (const value of reachable(root)) {
        if (typeof value !== 'function') continue
        for (const receiver of [tool, permit, undefined]) {
          try {
            await Reflect.apply(value, receiver, [{}, context])
          } catch {
            // most of what is reachable is no plain function, or refuses strangers
          }
        }
      }
    }
    expect(calls).toEqual([])
    expect(tool).not.toHaveProperty('execute')
  })

  test.each<[string, (genuine: Permit) => unknown]>([
    ['nothing', () => undefined],
    ['null', () => null],
    ['a look-alike', () => ({ callId: 'run_1-1-0', tool: 'act' })],
    ['a copy', (genuine) => ({ ...genuine, callId: genuine.callId, tool: genuine.tool })],
    ['a clone', (genuine) => structuredClone(genuine)],
    ['an heir', (genuine) => Object.create(genuine)],
    ['a proxy', (genuine) => new Proxy(genuine, {})],
    [
      'one made by the class of permits',
      (genuine) => Reflect.construct(genuine.constructor, [{ callId: 'x', tool: 'act' }]),
    ],
  ])('does not run with %s for a permit', async (_, forge) => {
    const { tool, calls } = noting('act')
    const genuine = await permitFor(tool)
    await expect(execute(forge(genuine) as Permit, context)).rejects.toMatchObject({
      code: 'bad-permit',
    })
    expect(calls).toEqual([])
  })

  test('runs once with a permit, also when it is used twice at once', async () => {
    const { tool, calls } = noting('act')
    const permit = await permitFor(tool, { a: 1 })
    const outcomes = await Promise.allSettled([execute(permit, context), execute(permit, context)])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    await expect(execute(permit, context)).rejects.toMatchObject({ code: 'bad-permit' })
    expect(calls).toEqual([{ a: 1 }])
  })

  test('gets what was judged, whatever happens to the permit meanwhile', async () => {
    const { tool, calls } = noting('act')
    const permit = await permitFor(tool, { a: 1 })
    expect(Object.isFrozen(permit)).toBe(true)
    expect(() => Object.assign(permit, { args: { a: 2 } })).toThrow(TypeError)
    expect((await execute(permit, context)).status).toBe('success')
    expect(calls).toEqual([{ a: 1 }])
  })
})

type MakeModel = (turns: readonly ScriptedTurn[]) => Promise<{
  readonly model: Model
  close(): Promise<void>
}>

const overHttp =
  (stream: boolean): MakeModel =>
  async (turns) => {
    const provider = await fakeProvider({ turns })
    const model = openaiCompatible({ baseUrl: provider.baseUrl, model: 'fake', stream })
    return { model, close: () => provider.close() }
  }

const models: readonly (readonly [string, MakeModel])[] = [
  ['a scripted model', async (turns) => ({ model: scripted(turns), close: async () => {} })],
  ['a streaming provider', overHttp(true)],
  ['a provider that does not stream', overHttp(false)],
]

const who = { roles: ['user'] }
const policy = policyOf({
  rules: [
    { id: 'allowed', allow: ['act'], who, args: { way: { enum: ['free'] } } },
    { id: 'asked', ask: ['act'], who, args: { way: { enum: ['ask'] } } },
    { id: 'edited', deny: ['act'], args: { amount: { minimum: 100 } } },
  ],
})

interface Case {
  readonly turns: readonly ScriptedTurn[]
  readonly approve?: () => ApprovalAnswer | undefined
  readonly status: string
  readonly executed?: unknown
}

const ending: ScriptedTurn = { text: 'ok' }
const ask = { way: 'ask', amount: 1 }
const asking = [{ calls: [{ tool: 'act', args: ask }] }, ending]
const by = { subject: 'ada' }

const cases: Record<string, Case> = {
  'an allowed call': {
    turns: [{ calls: [{ tool: 'act', args: { way: 'free' } }] }, ending],
    status: 'success',
    executed: { way: 'free' },
  },
  'a denied call': {
    turns: [{ calls: [{ tool: 'act', args: { way: 'other' } }] }, ending],
    status: 'error-security',
  },
  'an unknown tool': { turns: [{ calls: [{ tool: 'Act' }] }, ending], status: 'error-not-found' },
  'a call that does not parse': {
    turns: [{ calls: [{ tool: 'act', rawArgs: '{"way":"free"' }] }, ending],
    status: 'error-parsing',
  },
  'a call that does not fit its schema': {
    turns: [{ calls: [{ tool: 'act', args: { way: 1 } }] }, ending],
    status: 'error-validation',
  },
  'a turn cut by length': {
    turns: [{ calls: [{ tool: 'act', args: { way: 'free' } }], finish: 'length' }, ending],
    status: 'truncated',
  },
  'a filtered turn': {
    turns: [{ calls: [{ tool: 'act', args: { way: 'free' } }], finish: 'content_filter' }],
    status: 'truncated',
  },
  'a turn that failed': {
    turns: [{ calls: [{ tool: 'act', args: { way: 'free' } }], error: { message: 'overloaded' } }],
    status: 'truncated',
  },
  'a call nobody answers': { turns: asking, status: 'skipped' },
  'a call a person refuses': {
    turns: asking,
    approve: () => ({ action: 'deny', by }),
    status: 'denied-by-human',
  },
  'an answer that is none': {
    turns: asking,
    approve: () => ({ action: 'yes' }) as unknown as ApprovalAnswer,
    status: 'skipped',
  },
  'an approved call': {
    turns: asking,
    approve: () => ({ action: 'approve', by }),
    status: 'success',
    executed: ask,
  },
  'an edited call': {
    turns: asking,
    approve: () => ({ action: 'edit', by, args: { ...ask, amount: 2 } }),
    status: 'success',
    executed: { ...ask, amount: 2 },
  },
  'an edit the policy refuses': {
    turns: asking,
    approve: () => ({ action: 'edit', by, args: { ...ask, amount: 100 } }),
    status: 'error-security',
  },
}

describe.each(models)('behind %s', (_, makeModel) => {
  describe.each(ways)('%s', (way) => {
    test.each(Object.entries(cases))('%s takes the one path', async (__, wanted) => {
      const { tool, calls } = noting('act', {
        editable: ['/amount'],
        input: { type: 'object', properties: { way: { type: 'string' }, amount: {} } },
      })
      const { model, close } = await makeModel(wanted.turns)
      const { start } = agentOf([], { model, tools: [tool], policy })
      const { approve } = wanted
      const finished = await finish(start(approve === undefined ? {} : { approve }), way)
      await close()
      expect(statusesOf(finished)).toEqual([wanted.status])
      expect(calls).toEqual(wanted.executed === undefined ? [] : [wanted.executed])
      expectIntentFirst(finished, calls.length)
    })
  })
})

/** What was executed is on record before it happened, with a decision that allows or a person's. */
function expectIntentFirst({ recorded, result }: Finished, executions: number): void {
  const types = recorded.map(({ type }) => type)
  expect(types.filter((type) => type === 'execution-start')).toHaveLength(executions)
  if (executions === 0) return
  expect(types.indexOf('decision')).toBeLessThan(types.indexOf('execution-start'))
  expect(types.indexOf('execution-start')).toBeLessThan(types.indexOf('tool-result'))
  expect(result.report.rows[0]!.decision!.rule).toMatch(/^(allowed|asked)$/)
}

import { describe, expect, test } from 'vitest'
import { createCosts } from '../../../src/cost/costs.ts'
import { priceTable } from '../../../src/cost/price-table.ts'
import type { FallbackRule } from '../../../src/model/fallback.ts'
import { router, type RouterOptions } from '../../../src/model/router.ts'
import { TurnAssembler } from '../../../src/protocol/assemble.ts'
import type { ModelEvent } from '../../../src/protocol/event.ts'
import type { Model } from '../../../src/protocol/model.ts'
import { scripted, type ScriptedStep } from '../../../src/testing/scripted.ts'
import { lawBreaks } from '../../conformance/wire/support.ts'
import {
  answer,
  broke,
  host,
  limited,
  overloaded,
  refused,
  request,
  times,
  told,
  type Host,
} from '../../support/models.ts'

const toB: FallbackRule = { trigger: 'error', action: 'switch_provider', provider: 'b' }
const again: FallbackRule = { trigger: 'rate_limit', action: 'wait_and_retry' }

interface Routed {
  readonly model: ReturnType<typeof router>
  readonly a: Host
  readonly b: Host
  readonly waits: number[]
}

function routed(
  turns: { readonly a: readonly ScriptedStep[]; readonly b?: readonly ScriptedStep[] },
  rules: readonly FallbackRule[],
  options: Partial<RouterOptions> = {},
): Routed {
  const [a, b] = [host('a', turns.a), host('b', turns.b ?? [])]
  const waits: number[] = []
  const wait = async (milliseconds: number): Promise<void> => {
    waits.push(milliseconds)
  }
  return { model: router({ providers: [a, b], rules, wait, ...options }), a, b, waits }
}

function costing(cost: number) {
  return { inputTokens: 10, outputTokens: 1, cost }
}

function spent(cost: number): ScriptedStep {
  return { text: 'paid', usage: costing(cost) }
}

function asks(seconds: number): ScriptedStep {
  return { error: { ...limited.error, availability: { retry_after: seconds } } }
}

describe('switching', () => {
  test('S3-10 S3-20 S3-26 another provider answers after an error, which voids what came before', async () => {
    const { model } = routed({ a: [{ text: 'dead', ...overloaded }], b: [{ text: 'alive' }] }, [
      toB,
    ])
    const events = await answer(model)
    expect(told(events)).toEqual(['dead', 'a/a-1 > b/b-1: model-overloaded', 'alive', 'end'])
    expect(lawBreaks(events)).toEqual([])
    expect(assembled(events)).toMatchObject({ text: 'alive', error: undefined })
  })

  test('S3-20 another model of the provider, or of another one, is asked where a rule names it', async () => {
    const one = routed({ a: [overloaded, overloaded, { text: 'yes' }] }, [
      { trigger: 'error', action: 'switch_model', model: 'a-2' },
      { trigger: 'error', action: 'switch_model', model: 'a-3' },
    ])
    expect(told(await answer(one.model)).at(-2)).toBe('yes')
    expect(one.a.asked).toEqual(['a-1', 'a-2', 'a-3'])
    const other = routed({ a: [overloaded], b: [{ text: 'yes' }] }, [{ ...toB, model: 'b-9' }])
    await answer(other.model)
    expect(other.b.asked).toEqual(['b-9'])
  })

  test('S3-23 rules follow in their order, each against the latest error', async () => {
    const rules: readonly FallbackRule[] = [
      { trigger: 'rate_limit', action: 'switch_model', model: 'never' },
      toB,
      { trigger: 'rate_limit', action: 'switch_model', model: 'b-2' },
      { trigger: 'error', action: 'switch_provider', provider: 'a', model: 'never' },
    ]
    const { model, a, b } = routed({ a: [overloaded], b: [limited, limited] }, rules)
    expect(told(await answer(model)).slice(-2)).toEqual(['error model-rate-limit', 'end'])
    expect([a.asked, b.asked]).toEqual([['a-1'], ['b-1', 'b-2']])
  })

  test('S3-23 an error is not a rate limit, and the last error is the one reported', async () => {
    const { model, b } = routed({ a: [limited], b: [{ text: 'no' }] }, [toB])
    const events = await answer(model)
    expect(told(events)).toEqual(['error model-rate-limit', 'end'])
    expect(b.asked).toEqual([])
    expect(lawBreaks(events)).toEqual([])
  })

  test.each([
    ['an error that does not pass', refused],
    ['a key that is not accepted', { error: { message: 'no', code: 401 } }],
    ['an answer that was filtered', { error: { message: 'no', code: 'content_filter' } }],
  ])('S3-03 S3-25 after %s nothing is tried', async (_, turn) => {
    const rules: readonly FallbackRule[] = [toB, { trigger: 'error', action: 'wait_and_retry' }]
    const { model, b } = routed({ a: [turn] }, rules)
    expect(told(await answer(model)).filter((word) => word.includes('>'))).toEqual([])
    expect(b.asked).toEqual([])
  })

  test('S3-25 after its caller has gone nothing is tried', async () => {
    const controller = new AbortController()
    const leave = (): { text: string } => {
      controller.abort()
      return { text: 'late' }
    }
    const { model, b } = routed({ a: [leave] }, [toB])
    const events = await answer(model, { signal: controller.signal })
    expect(told(events)).toEqual(['error cancelled', 'end'])
    expect(b.asked).toEqual([])
  })

  test('a failure with calls under way closes them when nobody else is asked', async () => {
    const turn = { calls: [{ tool: 'f', args: {} }], ...overloaded }
    const { model } = routed({ a: [turn] }, [])
    const events = await answer(model)
    expect(lawBreaks(events)).toEqual([])
    expect(assembled(events).calls).toMatchObject([{ tool: 'f', defect: { status: 'truncated' } }])
  })

  test('calls of an attempt that failed are gone', async () => {
    const dead = { calls: [{ tool: 'dead', args: {} }], ...overloaded }
    const { model } = routed({ a: [dead], b: [{ calls: [{ tool: 'alive', args: {} }] }] }, [toB])
    const turn = assembled(await answer(model))
    expect(turn.calls).toEqual([{ providerId: 'call_0_0', tool: 'alive', arguments: '{}' }])
  })

  test('what attempts have used is told, that of failed ones too', async () => {
    const { model } = routed(
      { a: [{ usage: costing(0.25), ...overloaded }], b: [{ usage: costing(0.5) }] },
      [toB],
    )
    const turn = assembled(await answer(model))
    expect([turn.usage?.inputTokens, turn.cost?.amount]).toEqual([20, 0.75])
  })

  test.each([
    ['throws', 'the model threw: out', () => Promise.reject(new Error('out'))],
    ['ends without `end`', 'the model ended its stream without `end`', async () => {}],
  ])('a model that %s has failed for good', async (_, message, end) => {
    const rogue: Model = {
      id: 'r',
      provider: 'r',
      async *stream() {
        yield { type: 'text-delta', text: 'x' }
        await end()
      },
    }
    const events = await answer(router({ providers: [rogue] }))
    expect(told(events)).toEqual(['x', 'error model-protocol', 'end'])
    expect(events.find((event) => event.type === 'error')?.error.message).toBe(message)
  })

  test('leaving the answer early leaves the model', async () => {
    let left = false
    const endless: Model = {
      id: 'e',
      provider: 'e',
      async *stream() {
        try {
          for (;;) yield { type: 'text-delta', text: 'x' }
        } finally {
          left = true
        }
      },
    }
    for await (const _ of router({ providers: [endless] }).stream(request, {
      signal: new AbortController().signal,
    })) {
      break
    }
    expect(left).toBe(true)
  })
})

describe('waiting', () => {
  test('S3-24 the first try comes at once, then 2, 4, 8, 16, 30 and 30 seconds', async () => {
    const { model, waits } = routed({ a: times(9, limited) }, [{ ...again, maxRetries: 7 }])
    const events = await answer(model)
    expect(waits).toEqual([2000, 4000, 8000, 16_000, 30_000, 30_000])
    expect(told(events).slice(0, 3)).toEqual([
      'retry 2 after 0',
      'retry 3 after 2000',
      'retry 4 after 4000',
    ])
    expect(events.find((event) => event.type === 'error')?.error).toMatchObject({
      code: 'model-rate-limit',
      message: '7 more tries have failed: slow down',
      status: 429,
    })
  })

  test('S3-24 constant waits are a second each', async () => {
    const { model, waits } = routed({ a: [limited, limited, limited, { text: 'yes' }] }, [
      { ...again, backoff: 'constant', maxRetries: 9 },
    ])
    expect(told(await answer(model)).slice(-2)).toEqual(['yes', 'end'])
    expect(waits).toEqual([1000, 1000])
  })

  test('S3-24 they stop at success and at an error of another kind, which later rules see', async () => {
    const { model, a, b } = routed({ a: [limited, overloaded], b: [{ text: 'yes' }] }, [again, toB])
    expect(told(await answer(model))).toEqual([
      'retry 2 after 0',
      'a/a-1 > b/b-1: model-overloaded',
      'yes',
      'end',
    ])
    expect([a.asked.length, b.asked.length]).toEqual([2, 1])
  })

  test('S3-24 a cancelled wait ends the answer', async () => {
    const controller = new AbortController()
    const wait = (): Promise<void> => {
      controller.abort()
      return Promise.reject(new Error('aborted'))
    }
    const { model, a } = routed({ a: [limited, limited, { text: 'no' }] }, [again, toB], { wait })
    const events = await answer(model, { signal: controller.signal })
    expect(told(events).slice(-2)).toEqual(['error cancelled', 'end'])
    expect(a.asked).toHaveLength(2)
    expect(lawBreaks(events)).toEqual([])
  })

  test('S3-T7 they are as long as the provider asks, up to a minute', async () => {
    const patient = routed({ a: [asks(7), asks(1), { text: 'yes' }] }, [again])
    expect(told(await answer(patient.model)).slice(0, 2)).toEqual([
      'retry 2 after 7000',
      'retry 3 after 2000',
    ])
    const long = routed({ a: [asks(61), { text: 'no' }] }, [again])
    expect(told(await answer(long.model))).toEqual(['error model-rate-limit', 'end'])
  })

  test('S3-T7 they never add up to more than the bound', async () => {
    const { model, waits } = routed(
      { a: times(30, limited) },
      [
        { ...again, maxRetries: 20 },
        { ...again, maxRetries: 20, backoff: 'constant' },
      ],
      { maxWaitMs: 10_000 },
    )
    await answer(model)
    expect(waits).toEqual([2000, 4000, 1000, 1000, 1000, 1000])
  })
})

describe('money', () => {
  const prices = priceTable({
    models: [
      { model: 'a', input: '0', output: '100' },
      { model: 'b', input: '0', output: '0' },
    ],
  })

  test('S3-22 low funds move a request before it is sent, the first rule that holds wins', async () => {
    const rules: readonly FallbackRule[] = [
      { trigger: 'low_funds', action: 'switch_model', model: 'never', threshold: 1 },
      { trigger: 'low_funds', action: 'switch_provider', provider: 'b', threshold: 5 },
    ]
    const { model, a } = routed({ a: [], b: [{ text: 'yes' }] }, rules, {
      balances: { a: async () => 4 },
    })
    expect(told(await answer(model))).toEqual(['a/a-1 > b/b-1: model-low-funds', 'yes', 'end'])
    expect(a.asked).toEqual([])
  })

  test.each([
    ['enough', async () => 5],
    ['unlimited', async () => Infinity],
    ['unknown', () => Promise.reject(new Error('down'))],
    ['nonsense', async () => Number.NaN],
  ])('S3-01 S3-22 a balance that is %s moves nothing', async (_, balance) => {
    const rule = {
      trigger: 'low_funds',
      action: 'switch_provider',
      provider: 'b',
      threshold: 5,
    } as const
    const { model } = routed({ a: [{ text: 'yes' }] }, [rule], { balances: { a: balance } })
    expect(told(await answer(model))).toEqual(['yes', 'end'])
  })

  test('S3-22 a balance is asked for once a minute, by all requests together', async () => {
    let asked = 0
    let now = 0
    const balance = async (): Promise<number> => ++asked
    const rule = { trigger: 'low_funds', action: 'switch_provider', provider: 'b' } as const
    const { model } = routed({ a: times(4, { text: 'yes' }) }, [rule], {
      balances: { a: balance },
      clock: { now: () => now, monotonic: () => now },
    })
    await Promise.all([answer(model), answer(model)])
    now = 59_999
    await answer(model)
    expect(asked).toBe(1)
    now = 60_000
    await answer(model)
    expect(asked).toBe(2)
  })

  test('a balance is not waited for once the request was stopped, but goes on for others', async () => {
    const money = Promise.withResolvers<number>()
    const rule = { trigger: 'low_funds', action: 'switch_provider', provider: 'b' } as const
    const { model } = routed({ a: [{ text: 'first' }], b: [{ text: 'yes' }] }, [rule], {
      balances: { a: () => money.promise },
    })
    const controller = new AbortController()
    const stopped = answer(model, { signal: controller.signal })
    const other = answer(model)
    controller.abort()
    expect((await stopped).at(-1)?.type).toBe('end')
    money.resolve(0)
    expect(told(await other).slice(-2)).toEqual(['yes', 'end'])
  })

  test('a provider that says it has no money left has low funds', async () => {
    const rule = { trigger: 'low_funds', action: 'switch_provider', provider: 'b' } as const
    const { model } = routed({ a: [broke], b: [{ text: 'yes' }] }, [toB, rule])
    expect(told(await answer(model)).slice(-2)).toEqual(['yes', 'end'])
  })

  test('S3-21 a passed soft limit moves the request', async () => {
    const costs = createCosts({ prices, budget: { default: { soft: 1 } } })
    const rule = { trigger: 'cost_limit', action: 'switch_provider', provider: 'b' } as const
    const { model } = routed({ a: [spent(1), spent(0.1)], b: [{ text: 'cheap' }] }, [rule], {
      costs,
    })
    expect(told(await answer(model))).toEqual(['paid', 'end'])
    expect(told(await answer(model))).toEqual(['paid', 'end'])
    expect(told(await answer(model))).toEqual(['a/a-1 > b/b-1: budget-exceeded', 'cheap', 'end'])
    expect(told(await answer(model, { caller: { runId: 'other' } }))[0]).toMatch(/^error/)
  })

  test('S3-27 what could pass a hard limit is refused, no rule after a failure gets round it', async () => {
    const costs = createCosts({ prices, budget: { default: { hard: 0.05 } } })
    const { model, a, b } = routed(
      { a: [], b: [] },
      [toB, { trigger: 'error', action: 'wait_and_retry' }],
      { costs },
    )
    const events = await answer(model)
    expect(told(events)).toEqual(['error budget-exceeded', 'end'])
    expect(lawBreaks(events)).toEqual([])
    expect([a.asked, b.asked]).toEqual([[], []])
  })

  test('S3-27 unless a rule has moved it to another provider, whose own limits hold', async () => {
    const rule = {
      trigger: 'cost_limit',
      scope: 'hard',
      action: 'switch_provider',
      provider: 'b',
    } as const
    const costs = createCosts({
      prices,
      budget: { default: { hard: 0.05 }, providers: { b: { hard: 0.5 } } },
    })
    const { model } = routed({ a: [], b: [spent(0.4), spent(0.2), spent(0.1)] }, [rule], { costs })
    const moved = ['a/a-1 > b/b-1: budget-exceeded', 'paid', 'end']
    expect(told(await answer(model))).toEqual(moved)
    expect(told(await answer(model))).toEqual(moved)
    expect(told(await answer(model))).toEqual([moved[0], 'error budget-exceeded', 'end'])
  })

  test('S3-27 a rule for the soft limit does not lift the hard one', async () => {
    const costs = createCosts({ prices, budget: { default: { soft: 0.1, hard: 0.5 } } })
    const rule = { trigger: 'cost_limit', action: 'switch_provider', provider: 'b' } as const
    const { model, b } = routed({ a: [spent(0.6)], b: [spent(1)] }, [rule], { costs })
    await answer(model)
    expect(told(await answer(model)).slice(-2)).toEqual(['error budget-exceeded', 'end'])
    expect(b.asked).toEqual([])
  })

  test('an answer that is left early counts as what it can have cost at most', async () => {
    const costs = createCosts({ prices, budget: { default: { hard: 0.15 } } })
    const { model } = routed({ a: [{ text: ['x', 'y'] }] }, [], { costs })
    const { signal } = new AbortController()
    const caller = { runId: 'r', session: 's' }
    for await (const _ of model.stream(request, { signal, caller })) break
    expect(costs.tracker.accountOf(caller)).toMatchObject({ open: 0, reserved: 0n, money: 0n })
    expect(told(await answer(model))).toEqual(['error budget-exceeded', 'end'])
  })

  test.each([
    ['is refused', { error: { message: 'no', code: 503 }, usage: null }],
    ['never reaches anybody', { error: { message: 'no', code: 401 }, usage: null }],
  ])('a request that %s costs nothing', async (_, turn) => {
    const costs = createCosts({ prices, budget: { default: { hard: 0.15 } } })
    const { model } = routed({ a: [turn, spent(0.01)] }, [], { costs })
    await answer(model)
    expect(told(await answer(model))).toEqual(['paid', 'end'])
  })

  test('S3-36 every attempt is priced for the model that made it', async () => {
    const costs = createCosts({ prices })
    const usage = { inputTokens: 0, outputTokens: 1_000_000 }
    const { model } = routed({ a: [{ usage, ...overloaded }], b: [{ usage }] }, [toB], { costs })
    expect(assembled(await answer(model)).cost).toEqual({
      amount: 100,
      currency: 'USD',
      source: 'registry',
    })
    const models = costs.tracker.models()
    expect([models['a/a-1']?.cost, models['b/b-1']?.cost]).toEqual([100, 0])
    expect(costs.tracker.session('s')?.answers).toBe(2)
  })
})

describe('a router', () => {
  test('S3-14 makes copies for another model or provider, which share rules and costs', async () => {
    const costs = createCosts()
    const { model, a, b } = routed(
      { a: [overloaded], b: [{ text: 'yes' }, { text: 'yes' }] },
      [toB],
      { costs },
    )
    await answer(model.withModel('a-7'))
    await answer(model.withProvider('b').withModel('b-7'))
    expect([a.asked, b.asked]).toEqual([['a-7'], ['b-1', 'b-7']])
    expect([model.id, model.withProvider('b').provider, model.withModel('x').id]).toEqual([
      'a-1',
      'b',
      'x',
    ])
    expect(costs.tracker.total().answers).toBe(3)
    expect([model.hasProvider('b'), model.hasProvider('c')]).toEqual([true, false])
    expect(() => model.withProvider('c')).toThrow('the provider `c`, which there is not')
    expect(() => router({ providers: [scripted([])] }).withModel('x')).toThrow('has one model only')
  })

  test('S3-10 asks with the tools of each request', async () => {
    const model = scripted([overloaded, { text: 'yes' }])
    const tools = [{ name: 't', description: '', input: {} }]
    const asking = router({
      providers: [model],
      rules: [{ trigger: 'error', action: 'wait_and_retry' }],
    })
    await answer(asking, { request: { ...request, tools } })
    expect(model.requests.map((each) => each.tools)).toEqual([tools, tools])
  })

  test.each([
    [{ providers: [] }, '`providers` is not a list of models'],
    [{ providers: [scripted([]), scripted([])] }, 'two models are of the provider `testing`'],
    [{ providers: [{ ...scripted([]), provider: 'team/gateway' }] }, 'has a slash in it'],
    [{ rules: {} }, '`rules` is not a list'],
    [
      { rules: [{ trigger: 'errors', action: 'switch_model' }] },
      '`rules[0].trigger` is none that exists `errors`',
    ],
    [{ rules: [{ trigger: 'error', action: 'switch' }] }, '`rules[0].action` is none'],
    [{ rules: [{ trigger: 'error', action: 'switch_provider' }] }, 'names no `provider`'],
    [
      { rules: [{ ...toB, provider: 'bb' }] },
      'the provider `bb`, which there is not; did you mean `b`?',
    ],
    [{ rules: [{ trigger: 'error', action: 'switch_model' }] }, 'names no `model`'],
    [{ rules: [{ ...toB, threshold: 1 }] }, 'has `threshold`, which means nothing for `error`'],
    [
      { rules: [{ ...toB, maxRetries: 1 }] },
      'has `maxRetries`, which means nothing for `switch_provider`',
    ],
    [{ rules: [{ ...again, maxRetries: 21 }] }, '`rules[0].maxRetries` is 21'],
    [{ rules: [{ trigger: 'low_funds', action: 'wait_and_retry' }] }, 'does not pass by waiting'],
    [{ rules: [{ ...toB, modell: 'x' }] }, 'did you mean `model`?'],
    [
      {
        providers: [scripted([])],
        rules: [{ trigger: 'error', action: 'switch_model', model: 'x' }],
      },
      '`testing` has one only',
    ],
    [{ balances: { c: async () => 1 } }, '`balances` names the provider `c`'],
    [{ balances: { a: 5 } }, '`balances.a` is not a function'],
    [{ maxWaitMs: -1 }, '`maxWaitMs` is -1'],
    [{ costs: {} }, '`costs` is not what counts costs'],
    [{ clock: Date }, '`clock` is not a clock'],
    [{ wait: 5 }, '`wait` is not a function'],
    [{ provider: [] }, 'did you mean `providers`?'],
  ])('refuses %j', (options, message) => {
    const providers = [host('a', []), host('b', [])]
    expect(() => router({ providers, ...options } as never)).toThrow(message)
  })
})

function assembled(events: readonly ModelEvent[]) {
  const assembler = new TurnAssembler()
  for (const event of events) assembler.add(event)
  return assembler.finish()
}

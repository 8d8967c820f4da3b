import { createCosts } from '../../../src/cost/costs.ts'
import { priceTable } from '../../../src/cost/price-table.ts'
import { openaiCompatible, type CompatibleOptions } from '../../../src/model/compatible.ts'
import { createModel } from '../../../src/model/http-model.ts'
import { keyPool } from '../../../src/model/key-pool.ts'
import { startLogin, validateCallback } from '../../../src/model/oauth.ts'
import { router } from '../../../src/model/router.ts'
import type { ModelEvent } from '../../../src/protocol/event.ts'
import type { Model } from '../../../src/protocol/model.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { chatStream } from '../../../src/testing/chat-script.ts'
import { fakeProvider, type FakeAnswer } from '../../../src/testing/fake-provider.ts'
import { chatWire } from '../../../src/wire/chat/chat.ts'
import { modelError } from '../../../src/wire/status.ts'
import { collect } from '../../support/agent.ts'
import { answer, host } from '../../support/models.ts'
import { failing, thrown, type Fixture, type Fixtures } from './fixture.ts'

const callbackUrl = 'http://127.0.0.1:1234/callback'

function callback(query: (state: string) => string, laterMs = 0): Fixture {
  const { state } = startLogin({ callbackUrl })
  const clock = manualClock(Date.parse(state.expiresAt) - 1000 + laterMs)
  const url = `${callbackUrl}?${query(state.state)}`
  return thrown(() => validateCallback(url, state, { clock }))
}

async function codesIn(model: Model): Promise<readonly unknown[]> {
  const request = { messages: [{ role: 'user' as const, content: 'hi' }], tools: [] }
  const { signal } = new AbortController()
  const events = await collect<ModelEvent>(model.stream(request, { signal }))
  return events.map((event) => (event.type === 'error' ? event.error.code : undefined))
}

/** What a model makes of answers of its endpoint, the last one over and over. */
function answering(
  answers: readonly FakeAnswer[],
  options: Partial<CompatibleOptions> = {},
): Fixture {
  return async () => {
    await using provider = await fakeProvider({
      turns: ({ number }) => answers[Math.min(number, answers.length - 1)]!,
    })
    const { baseUrl } = provider
    const once = { retry: { attempts: 1 }, ...options }
    const model = openaiCompatible({ baseUrl, model: 'm', apiKey: 'sk-1234-5678', ...once })
    const codes: unknown[] = []
    for (const _ of answers) codes.push(...(await codesIn(model)))
    await model.close()
    return codes
  }
}

function status(code: number): Fixture {
  return answering([{ status: code, body: JSON.stringify({ error: { message: 'no' } }) }])
}

/** The model side and logins at an account. */
export const ofModels: Fixtures = {
  internal: async () => {
    const wire = { ...chatWire({ dialect: 'compatible' }), load: failing }
    const baseUrl = 'http://127.0.0.1:1/v1'
    const model = createModel({ wire, baseUrl, provider: 'p', model: 'm' })
    return codesIn(model)
  },
  'model-connect': async () => {
    const provider = await fakeProvider({ turns: [] })
    await provider.close()
    const { baseUrl } = provider
    const model = openaiCompatible({ baseUrl, model: 'm', retry: { attempts: 1 } })
    return codesIn(model)
  },
  'model-timeout': answering([{ text: 'x', fault: { stall: 0 } }], {
    timeouts: { firstEventMs: 20 },
  }),
  'model-status': status(599),
  'model-overloaded': status(503),
  'model-rate-limit': status(429),
  'model-low-funds': status(402),
  'model-unauthorized': status(401),
  'model-refused': status(400),
  'model-error': answering([{ text: 'x', error: { message: 'broken', code: 500 } }]),
  'model-incomplete': answering([{ text: ['a', 'b'], fault: { reset: 400 } }]),
  'model-protocol': answering([{ body: 'data: nonsense\n\n' }]),
  'model-too-large': answering([{ text: 'x'.repeat(5000) }], { bounds: { maxEventLength: 1500 } }),
  'model-quota': answering(
    [
      {
        headers: {
          'content-type': 'text/event-stream',
          'x-ratelimit-limit-requests': '10',
          'x-ratelimit-remaining-requests': '0',
          'x-ratelimit-reset-requests': '5000ms',
        },
        body: chatStream({ text: 'hi' }, 0, 'm'),
      },
      { text: 'hi' },
    ],
    { retry: { attempts: 1 } },
  ),
  'budget-exceeded': async () => {
    const prices = priceTable({ models: [{ model: 'a-1', input: '1', output: '2' }] })
    const costs = createCosts({ prices, budget: { default: { hard: 0.000_001 } } })
    const model = router({ providers: [host('a', [])], costs })
    const events = await answer(model)
    return events.map((event) => (event.type === 'error' ? event.error.code : undefined))
  },
  'model-no-key': thrown(() => {
    const pool = keyPool(['sk-or-v1-aaaaaaaaaaaaaaaa'], { clock: manualClock(1_000_000) })
    pool.failed(pool.next(), modelError('model-rate-limit', 'slow', { status: 429 }))
    return pool.next()
  }),
  'login-invalid': callback(() => 'code=abc'),
  'login-refused': callback((state) => `state=${state}&error=access_denied`),
  'login-expired': callback((state) => `state=${state}&code=abc`, 60_000),
}

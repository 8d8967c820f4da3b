import { expect, test } from 'vitest'
import { anthropic } from '../../../src/model/anthropic.ts'
import { openaiCompatible } from '../../../src/model/compatible.ts'
import { router } from '../../../src/model/router.ts'
import { fakeProvider } from '../../../src/testing/fake-provider.ts'
import { agentOf, allowing, toolOf } from '../../support/agent.ts'
import { overloaded } from '../../support/models.ts'

const rules = [{ trigger: 'error', action: 'switch_provider', provider: 'b' }] as const
const retry = { attempts: 1 }
const step = { reasoning: 'secret thoughts', calls: [{ tool: 'act' }] }

test.each(['responses', 'anthropic'] as const)(
  'what a provider of %s has sealed is sent to it and to nobody else',
  async (wire) => {
    await using a = await fakeProvider({ turns: [step, overloaded, overloaded] })
    await using b = await fakeProvider({ turns: [step, { text: 'over' }] })
    const modelAt = (baseUrl: string, provider: string) =>
      wire === 'anthropic'
        ? anthropic({ baseUrl, provider, model: 'm', apiKey: 'k-0123', retry })
        : openaiCompatible({ baseUrl, provider, model: 'm', wire, retry })
    const model = router({ providers: [modelAt(a.baseUrl, 'a'), modelAt(b.baseUrl, 'b')], rules })
    const settings = { reasoning: { effort: 'low' } } as const
    const options = { model, settings, tools: [toolOf('act')], policy: allowing('act') }
    const { status } = await agentOf([], options).start().result()
    expect(status).toBe('completed')
    const sealed = ({ requests }: typeof a): readonly number[] =>
      requests.map(({ body }) => JSON.stringify(body).match(/sealed-|signature_/g)?.length ?? 0)
    expect([sealed(a), sealed(b)]).toEqual([
      [0, 1, 1],
      [0, 1],
    ])
    await model.close()
  },
)

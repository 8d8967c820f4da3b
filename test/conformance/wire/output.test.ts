import { describe, expect, test } from 'vitest'
import { anthropic } from '../../../src/model/anthropic.ts'
import { openaiCompatible } from '../../../src/model/compatible.ts'
import type { HttpModel } from '../../../src/model/http-model.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { fakeProvider, type FakeProvider } from '../../../src/testing/fake-provider.ts'

const schema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
}
const png = 'data:image/png;base64,iVBORw0KGgo='
const common = { model: 'm', apiKey: 'k', retry: { attempts: 1 } }

/** What each wire calls the form of the answer. */
const wires: readonly (readonly [
  name: string,
  make: (at: FakeProvider) => HttpModel,
  asked: object,
])[] = [
  [
    'chat',
    ({ baseUrl }) => openaiCompatible({ ...common, baseUrl }),
    { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } } },
  ],
  [
    'responses',
    ({ baseUrl }) => openaiCompatible({ ...common, baseUrl, wire: 'responses' }),
    { text: { format: { type: 'json_schema', name: 'answer', schema } } },
  ],
  [
    'anthropic',
    ({ rootUrl }) => anthropic({ ...common, baseUrl: rootUrl }),
    { output_config: { format: { type: 'json_schema', schema } } },
  ],
]

describe.each(wires)('S4-03 over %s', (_, make, asked) => {
  test('a run gets its answer in the form it asks for, at the second try', async () => {
    const turns = [{ text: 'It is Oslo.' }, { text: '{"city":"Oslo"}' }]
    await using provider = await fakeProvider({ turns })
    const model = make(provider)
    const result = await createRuntime({ model })
      .run({ input: 'where?', output: { schema } })
      .result()
    await model.close()
    expect(result).toMatchObject({ status: 'completed', output: { city: 'Oslo' } })
    expect(provider.requests).toHaveLength(2)
    for (const { body } of provider.requests) expect(body).toMatchObject(asked)
    expect(provider.requests[1]?.text).toContain('It is Oslo.')
    expect(provider.requests[1]?.text).toContain('cannot be used')
  })

  test('a history with pictures of users and models can be sent', async () => {
    await using provider = await fakeProvider({ turns: [{ text: 'nice' }] })
    const model = make(provider)
    const image = { type: 'image', url: png } as const
    const result = await createRuntime({ model })
      .run({
        input: [{ type: 'text', text: 'and this?' }, image],
        messages: [
          { role: 'user', content: 'paint' },
          { role: 'assistant', content: [{ type: 'text', text: 'here' }, image] },
        ],
      })
      .result()
    await model.close()
    expect(result).toMatchObject({ status: 'completed', text: 'nice' })
    expect(provider.requests[0]?.text).toContain('iVBORw0KGgo=')
  })
})

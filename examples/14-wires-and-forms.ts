import assert from 'node:assert/strict'
import { ask, createRuntime } from 'sallyport'
import { anthropic, openai, openrouter } from 'sallyport/models'
import { fakeProvider } from 'sallyport/testing'

// the fake provider speaks all three wires; without `baseUrl` and `apiKey` these are the real ones
const png = 'data:image/png;base64,iVBORw0KGgo='
const pdf = 'data:application/pdf;base64,JVBERi0='
await using provider = await fakeProvider({
  turns: ({ number, text: asked }) => {
    if (number === 0) return { text: 'About 3 degrees, I think.' }
    if (asked.includes('both of them')) return { text: 'Both show Oslo.' }
    return asked.includes('Paint')
      ? { text: 'There you are.', images: [png] }
      : { text: '{"city":"Oslo","degrees":3}' }
  },
})
const { baseUrl, rootUrl } = provider
const apiKey = 'a key'
const models = [
  openrouter({
    baseUrl,
    apiKey,
    model: 'anthropic/claude-haiku-4.5',
    provider: { order: ['amazon-bedrock'] },
  }),
  openai({ baseUrl, apiKey, model: 'gpt-5.4-mini' }),
  anthropic({ baseUrl: rootUrl, apiKey, model: 'claude-sonnet-5' }),
]

// The first model needs a second try to keep to the form.
const weather = {
  type: 'object',
  properties: { city: { type: 'string' }, degrees: { type: 'number' } },
  required: ['city', 'degrees'],
  additionalProperties: false,
}
const runtime = createRuntime({ model: models[0]!, settings: { reasoning: { effort: 'low' } } })
const question = { input: 'How cold is it?', output: { schema: weather } }
const { output } = await runtime.run(question).result()
console.log(output)
assert.deepEqual(output, { city: 'Oslo', degrees: 3 })

// The same question in the same form to the others.
for (const model of models.slice(1)) {
  const result = await createRuntime({ model }).run(question).result()
  console.log(model.id, result.output)
  assert.deepEqual(result.output, output)
}
const paths = provider.requests.map(({ path }) => path)
assert.deepEqual(paths, [
  '/v1/chat/completions',
  '/v1/chat/completions',
  '/v1/responses',
  '/v1/messages',
])
// one host in the order is the only one
const hosts = { order: ['amazon-bedrock'], allow_fallbacks: false }
assert.deepEqual(provider.requests[0]?.body['provider'], hosts)

// Pictures and files go along with a question, over every wire.
const input = [
  { type: 'text', text: 'What do both of them show?' },
  { type: 'image', url: png },
  { type: 'file', name: 'map.pdf', url: pdf },
] as const
const { text } = await createRuntime({ model: models[2]! }).run({ input }).result()
console.log(text)
assert.equal(text, 'Both show Oslo.')
for (const model of models.slice(0, 2)) {
  const result = await createRuntime({ model }).run({ input }).result()
  assert.equal(result.text, text)
}
for (const { text: body } of provider.requests.slice(4)) {
  assert.match(body, /iVBORw0KGgo=.*JVBERi0=/)
}

// Pictures come as addresses; reports tell their kind and size.
const painter = createRuntime({ model: models[0]!, settings: { modalities: ['image', 'text'] } })
const painted = await ask(painter, { prompt: 'Paint it.', user: 'u1', group: 'studio' }).result()
console.log(painted.text, painted.report.modelCalls[0]?.images)
assert.deepEqual(painted.images, [png])
assert.deepEqual(painted.report.modelCalls[0]?.images, [{ mediaType: 'image/png', bytes: 8 }])

for (const model of models) await model.close()

import assert from 'node:assert/strict'
import { createRuntime } from 'sallyport'
import { keyPool, modelSelector, openaiCompatible } from 'sallyport/models'
import { fakeProvider } from 'sallyport/testing'

// an endpoint that has withdrawn one key, knows one model, and tells what is left
await using provider = await fakeProvider({
  turns({ headers, body }) {
    if (headers['authorization'] === 'Bearer sk-withdrawn-0001') {
      return { status: 401, body: '{"error":{"message":"no such key"}}' }
    }
    if (body['model'] === 'retired') return { status: 404, body: '{"error":"no such model"}' }
    const chunk = { choices: [{ delta: { content: 'hello' }, finish_reason: 'stop' }] }
    return {
      headers: {
        'content-type': 'text/event-stream',
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '5m0s',
      },
      body: `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`,
    }
  },
})

const pool = keyPool(['sk-withdrawn-0001', 'sk-current-000002'])
const model = openaiCompatible({
  baseUrl: provider.baseUrl,
  apiKey: pool,
  model: modelSelector(['retired', 'small']), // the first that has not failed
})
const runtime = createRuntime({ model })
const { text } = await runtime.run({ input: 'hi' }).result()

// the other key and the other model have answered; both are remembered
assert.equal(text, 'hello')
assert.equal(model.lastModel, 'small')
assert.equal(pool.status().keys[0]?.quarantined, true)

// the quota of the key is used up, as the answer has told: nothing more is sent before its time
const refused = await runtime.run({ input: 'hi' }).result()
assert.equal(refused.error?.code, 'model-quota')
assert.equal(model.trackedQuota('small')?.requests?.remaining, 0)
assert.deepEqual([provider.requests.length, model.metrics().attempts], [3, 3])
console.log(refused.error?.message)

await model.close()

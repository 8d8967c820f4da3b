import assert from 'node:assert/strict'
import { createRuntime, parsePolicy } from 'sallyport'
import {
  accountLogin,
  keyPool,
  listModels,
  openaiCompatible,
  openrouterAccount,
} from 'sallyport/models'
import { fakeProvider, scriptedAccount } from 'sallyport/testing'

// an account server and a model, on loopback; people who come to its login page consent
const server = scriptedAccount({
  models: [
    { id: 'haiku', name: 'Haiku', pricing: { prompt: '0.00000025', completion: '0.00000125' } },
  ],
  key: { label: 'sk-or-v1-012...def', limit: 5, limit_remaining: 4.5 },
  generations: { 'chatcmpl-0': { total_cost: 0.0001, provider_name: 'Host' } },
})
await using provider = await fakeProvider({
  turns: (request) => server.answer(request) ?? { text: 'hello' },
})
const { baseUrl } = provider
const authUrl = new URL('/auth', baseUrl).href

// a login: the browser goes to `url`, and comes back to the callback with a code
const pool = keyPool([])
const login = accountLogin({
  keys: pool,
  callbackUrl: 'https://app.example/callback',
  baseUrl,
  authUrl,
})
const { url, state } = login.start()
const callback = (await fetch(url, { redirect: 'manual' })).headers.get('location')!
console.log(`logged in with ${await login.finish(callback, state)}`)

// a callback counts once
await assert.rejects(login.finish(callback, state), { code: 'login-invalid' })

// the key of the login answers for runs, and for questions to the account
const policy = await parsePolicy(`
  sallyport: 1
  name: talk
  identity: { anonymous: role, anonymousRole: guest }
  roles: { guest: {} }
  rules: []
`)
const model = openaiCompatible({ baseUrl, model: 'haiku', apiKey: pool })
const result = await createRuntime({ model, tools: [], policy }).run({ input: 'hi' }).result()
assert.equal(result.text, 'hello')

const account = openrouterAccount({ baseUrl, apiKey: () => pool.next() })
const { models } = await account.models() // prices as exact decimal texts
const { limitRemaining } = await account.keyInfo()
const dollars = await account.balance() // `Infinity` where nothing limits the key
const { cost } = await account.generation('chatcmpl-0') // what a response came to, in the books
console.log(`${dollars} dollars left, ${cost?.amount} spent`)
assert.deepEqual([models[0]?.prices?.input, limitRemaining], ['0.25', 4.5])

// a provider that does not answer is left out of the list, with a warning
const gone = openrouterAccount({ baseUrl: 'http://127.0.0.1:1/v1', retry: { attempts: 1 } })
const listing = await listModels([gone, account])
assert.deepEqual([listing.models.length, listing.warnings[0]?.error.code], [1, 'model-connect'])

login.logout()
assert.equal(pool.size, 0)
await Promise.all([account.close(), gone.close(), model.close()])

// One of several processes that run the same session: `node worker.ts PORT SESSION RUNS`.
import { createClient } from 'redis'
import { redisHistory } from '../../src/history/index.ts'
import { createRuntime, parsePolicy } from '../../src/index.ts'
import { scripted } from '../../src/testing/index.ts'

const [port, session, runs] = process.argv.slice(2)
const client = await createClient({ socket: { host: '127.0.0.1', port: Number(port) } }).connect()
const policy = await parsePolicy(
  'sallyport: 1\nname: talk\nidentity: { anonymous: role, anonymousRole: guest }\nroles: { guest: {} }\nrules: []\n',
)
const model = scripted(Array.from({ length: Number(runs) }, () => ({ text: 'ok' })))
const runtime = createRuntime({ model, policy, history: redisHistory(client) })
for (let number = 0; number < Number(runs); number++) {
  const { status, error } = await runtime
    .run({ input: `run ${number}`, session: session! })
    .result()
  if (status !== 'completed') throw new Error(JSON.stringify(error))
}
// each request has to hold everything that was said before it
console.log(JSON.stringify(model.requests.map(({ messages }) => messages.length)))
await runtime.close()
client.destroy()

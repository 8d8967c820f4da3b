// One of several processes that run the same session: `node history-worker.ts STORE PATH RUNS`. It
// prints how many messages each of its requests had. With RUNS 0 it takes the conversation and hangs.
import { diskHistory, sqliteHistory } from '../../src/history/index.ts'
import { createRuntime, defineTool, parsePolicy } from '../../src/index.ts'
import { scripted } from '../../src/testing/index.ts'

const [store, path, count] = process.argv.slice(2)
const runs = Number(count)
const history = store === 'disk' ? diskHistory(path!) : sqliteHistory(path!)
const policy = await parsePolicy(`sallyport: 1
name: talk
identity: { anonymous: role, anonymousRole: guest }
roles: { guest: {} }
rules: [{ id: all, allow: [hang], who: { roles: [guest] } }]
`)
const hang = defineTool({
  name: 'hang',
  description: 'Never ends.',
  input: { type: 'object' },
  async execute() {
    console.log('at work')
    await new Promise((resolve) => setTimeout(resolve, 600_000))
  },
})
const turns = Array.from({ length: Math.max(runs, 1) }, () =>
  runs === 0 ? { calls: [{ tool: 'hang' }] } : { text: 'ok' },
)
const model = scripted(turns)
const runtime = createRuntime({ model, policy, history, tools: [hang] })
for (let number = 0; number < turns.length; number++) {
  const { status, error } = await runtime.run({ input: `${number}`, session: 's' }).result()
  if (status !== 'completed') throw new Error(JSON.stringify(error ?? status))
}
console.log(JSON.stringify(model.requests.map(({ messages }) => messages.length)))
await runtime.close()
await history.close()

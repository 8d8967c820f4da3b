import assert from 'node:assert/strict'
import { createRuntime, defineTool, parsePolicy } from 'sallyport'
import { scripted } from 'sallyport/testing'

const model = scripted([{ calls: [{ tool: 'now' }] }, { text: 'It is late.' }])

const now = defineTool({ name: 'now', description: 'The time.', input: {}, execute: () => Date() })
const policy = await parsePolicy(`
  sallyport: 1
  name: hello
  identity: { anonymous: role, anonymousRole: guest }
  roles: { guest: {} }
  rules: [{ id: time, allow: [now] }]
`)
const runtime = createRuntime({ model, tools: [now], policy })
const result = await runtime.run({ input: 'How late is it?' }).result()
console.log(result.text)

assert.equal(result.text, 'It is late.')
assert.equal(result.report.rows[0]?.status, 'success')

// A call that no rule allows is refused; the refusal says where to write which rule.
import assert from 'node:assert/strict'
import { createRuntime, defineTool, parsePolicy, type RunResult } from 'sallyport'
import { scripted } from 'sallyport/testing'

const restart = defineTool<{ service: string }>({
  name: 'restart',
  description: 'Restarts a service.',
  input: { type: 'object', properties: { service: { type: 'string' } }, required: ['service'] },
  execute: ({ service }) => `${service} is up again`,
})

const strict = `sallyport: 1
name: operations
identity: { anonymous: role, anonymousRole: operator }
roles: { operator: {} }
rules:
  - id: web-only
    allow: [restart]
    args: { service: { enum: [web] } }
`

async function ask(policy: string): Promise<RunResult> {
  const call = { tool: 'restart', args: { service: 'mail' } }
  const runtime = createRuntime({
    model: scripted([{ calls: [call] }, { text: 'done' }]),
    tools: [restart],
    policy: await parsePolicy(policy, 'operations.yaml'),
  })
  return runtime.run({ input: 'restart the mail service' }).result()
}

const refused = (await ask(strict)).report.rows[0]
assert.equal(refused?.status, 'error-security')
assert.equal(refused.decision?.rule, 'default')
const reasons = refused.decision.reasons.join('\n')
console.log(reasons)
assert.match(reasons, /the nearest is `web-only` \(operations\.yaml:6:5\)/)
assert.match(reasons, /needs `service` to satisfy `enum: \["web"\]`/)

// the reason holds the text of a rule; whether it is a good one is for a person to judge
const rule = /such as `(.+)`/.exec(reasons)?.[1]
assert.equal(rule, '- { id: allow-restart, allow: [restart], who: { roles: [operator] } }')
const mended = (await ask(`${strict}  ${rule}\n`)).report.rows[0]
assert.equal(mended?.status, 'success')
assert.deepEqual(mended.decision?.rules[0], {
  id: 'allow-restart',
  effect: 'allow',
  file: 'operations.yaml',
  line: 9,
  column: 5,
})
console.log(`allowed by ${mended.decision.rule}`)

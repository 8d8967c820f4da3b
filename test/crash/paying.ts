import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRuntime, defineTool, parsePolicy } from 'sallyport'
import type { Journal, ModelRequest, Runtime } from 'sallyport'
import { scripted, type ScriptedTurn } from 'sallyport/testing'

const policy = await parsePolicy(`sallyport: 1
name: race
identity: { anonymous: role, anonymousRole: user }
roles: { user: {} }
rules: [{ id: paying, ask: [pay], who: { roles: [user] }, approvers: { count: 1 } }]
`)

/** An agent whose first turn proposes a payment, which a person is asked about. */
export async function payingRuntime(folder: string, journal: Journal): Promise<Runtime> {
  const pay = defineTool({
    name: 'pay',
    description: 'Notes that it ran.',
    input: { type: 'object' },
    execute(_, { idempotencyKey }) {
      appendFileSync(join(folder, 'effects.txt'), `pay ${idempotencyKey}\n`)
      return 'paid'
    },
  })
  return createRuntime({ model: scripted([say, say]), tools: [pay], policy, journal })
}

function say({ messages }: ModelRequest): ScriptedTurn {
  const isPaid = messages.some(({ role }) => role === 'tool')
  return isPaid ? { text: 'paid' } : { calls: [{ tool: 'pay', args: {} }] }
}

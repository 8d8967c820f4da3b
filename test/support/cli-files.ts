import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './folder.ts'

const policy = `sallyport: 1
name: desk
identity: { anonymous: role, anonymousRole: user }
roles: { user: {}, lead: {} }
rules:
  - id: look
    allow: [look, hang]
    who: { roles: [user] }
  - id: refund-small
    allow: [refund]
    who: { roles: [user] }
    args: { amount: { type: number, maximum: 100 } }
  - id: refund-big
    ask: [refund]
    who: { roles: [user] }
    args: { amount: { type: number, exclusiveMinimum: 100 } }
  - id: leads-only-approve
    deny: [refund]
    who: { roles: [lead] }
limits:
  - { id: two, tools: [look], per: session, max: 2, over: deny }
`

const tools = `export default [
  { name: 'look', description: 'Looks.', input: { type: 'object' }, execute: () => 'seen' },
  {
    name: 'refund',
    description: 'Pays back.',
    input: { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] },
    execute: ({ amount }) => 'paid ' + amount,
  },
  {
    name: 'hang',
    description: 'Never ends.',
    input: { type: 'object' },
    execute: () => new Promise((resolve) => setTimeout(resolve, 3_600_000)),
  },
]
`

const schemas = [
  { name: 'look', description: 'Looks.', inputSchema: { type: 'object' } },
  { name: 'hang', inputSchema: { type: 'object' } },
  {
    name: 'refund',
    inputSchema: {
      type: 'object',
      properties: { amount: { type: 'number' } },
      required: ['amount'],
      additionalProperties: false,
    },
  },
]

/** A folder with a space in its name, a policy that allows, asks and denies, and tools for it. */
export function deskFolder(files: Readonly<Record<string, string>> = {}): string {
  const folder = join(temporaryFolder(), 'a desk')
  mkdirSync(folder)
  const all = { 'desk.yaml': policy, 'tools.mjs': tools, 'schemas.json': JSON.stringify(schemas) }
  for (const [name, text] of Object.entries({ ...all, ...files })) {
    writeFileSync(join(folder, name), text)
  }
  return folder
}

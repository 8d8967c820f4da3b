// A program with its own loop asks the gate before each call and tells it what came out.
import assert from 'node:assert/strict'
import { parsePolicy } from 'sallyport'
import { createGate, type Outcome } from 'sallyport/gate'
import { renderTerminal } from 'sallyport/report'

const policy = await parsePolicy(`sallyport: 1
name: files
roles: { writer: {} }
rules:
  - { id: read, allow: [read_file] }
  - { id: write, allow: [write_file], who: { roles: [writer] } }
sequences:
  - { id: look-first, unless: [read_file], sameArg: path, then: { tools: [write_file], do: deny } }
`)

const files = new Map([['notes.txt', 'buy milk']])

/** The tools of the other program: any functions, in any framework. */
const functions: Record<string, (args: Record<string, unknown>) => unknown> = {
  read_file: ({ path }) => files.get(path as string) ?? 'no such file',
  write_file: ({ path, text }) => files.set(path as string, text as string).size,
}

const path = { path: { type: 'string' } }
const gate = await createGate(policy, {
  tools: [
    { name: 'read_file', inputSchema: { type: 'object', properties: path } },
    {
      name: 'write_file',
      inputSchema: { type: 'object', properties: { ...path, text: { type: 'string' } } },
    },
  ],
})

const principal = { subject: 'ada', roles: ['writer'], scopes: [] }

/** What the loop hands back to its model. */
async function call(tool: string, args: string): Promise<string> {
  const judged = await gate.judge({ tool, args }, principal, 'chat-1')
  if (judged.outcome === 'refused') return judged.content
  if (judged.outcome === 'ask') return 'a person has to agree first'
  let outcome: Outcome
  try {
    outcome = { result: await functions[tool]!(judged.args) }
  } catch (error) {
    outcome = { error }
  }
  return (await gate.settle(judged.callId, outcome)).content
}

const write = '{"path":"notes.txt","text":"buy oat milk"}'
assert.match(await call('write_file', write), /Denied by policy rule `sequences.look-first`/)
assert.equal(await call('read_file', '{"path":"notes.txt"}'), 'buy milk')
assert.equal(await call('write_file', write), '1')
assert.match(await call('format_disk', '{}'), /there is no tool/)
assert.equal(files.get('notes.txt'), 'buy oat milk')

const report = await gate.end(principal, 'chat-1')
console.log(renderTerminal(report))

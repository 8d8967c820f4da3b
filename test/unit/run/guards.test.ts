import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { agentOf, finish, noting, policyOf } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'

const input = { type: 'object', properties: { path: { type: 'string' }, text: { type: 'string' } } }

async function running(path: string, text = 'x', root = temporaryFolder()) {
  const { tool, calls } = noting('write', { input })
  const policy = policyOf({
    rules: [{ id: 'all', allow: ['**'] }],
    guards: {
      paths: [{ tools: ['write'], arg: '/path', root, deny: ['.git/**'] }],
      danger: [{ tools: ['**'], packs: ['secrets'] }],
    },
  })
  const { start } = agentOf([{ calls: [{ tool: 'write', args: { path, text } }] }, { text: '' }], {
    tools: [tool],
    policy,
    secrets: ['correct horse battery staple'],
  })
  const { result } = await finish(start())
  const [row] = result.report.rows
  return { row: `${row!.status} by ${row!.decision?.rule}`, calls: calls.length }
}

test('a call inside of its guards runs', async () => {
  expect(await running('notes/a.txt')).toEqual({ row: 'success by all', calls: 1 })
})

test.each(['../a.txt', '/etc/passwd', '.git/hooks/pre-commit', 'a\u0000'])(
  'a path such as %j reaches no tool',
  async (path) => {
    expect(await running(path)).toEqual({ row: 'error-security by guards.paths', calls: 0 })
  },
)

test('E03: a link out of the folder is seen before the tool is', async () => {
  const outside = temporaryFolder()
  const root = temporaryFolder()
  writeFileSync(join(outside, 'a.txt'), 'secret')
  mkdirSync(join(root, 'notes'))
  symlinkSync(outside, join(root, 'notes', 'out'))
  expect(await running('notes/out/a.txt', 'x', root)).toEqual({
    row: 'error-security by guards.paths',
    calls: 0,
  })
})

test('a value the host knows as a secret does not leave, also encoded', async () => {
  const secret = Buffer.from('correct horse battery staple').toString('base64')
  expect(await running('a.txt', `key: ${secret}`)).toEqual({
    row: 'error-security by guards.danger',
    calls: 0,
  })
})

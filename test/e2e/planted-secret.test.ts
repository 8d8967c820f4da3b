import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openJournal } from '../../src/journal/open.ts'
import { agentOf, noting, policyOf } from '../support/agent.ts'
import { temporaryFolder } from '../support/folder.ts'
import { inProcess } from '../support/in-process.ts'
import { keyPair } from '../support/policy-keys.ts'
import { openPage } from '../unit/report/page-data.ts'

const secret = 'planted/secret+4711=value'
const base64 = Buffer.from(secret).toString('base64')
const forms: readonly string[] = [
  secret,
  base64,
  base64.replaceAll('=', ''),
  Buffer.from(secret).toString('base64url'),
  Buffer.from(secret).toString('hex'),
  encodeURIComponent(secret),
]

/** Text as it stands, and what base64 in it holds. */
function readable(text: string): string {
  const inner = [...text.matchAll(/[A-Za-z0-9+/_-]{24,}/g)].map(([part]) =>
    Buffer.from(part, 'base64').toString('latin1'),
  )
  return [text, ...inner].join('\n')
}

test('a secret in sensitive arguments, results and answers is in no form of a report', async () => {
  const folder = temporaryFolder()
  const at = (name: string): string => join(folder, name)
  const ops = keyPair('ops')
  const journal = await openJournal(at('j.jsonl'))
  const { tool, calls } = noting('pay', {
    sensitive: ['/card', '/deep/*/pin'],
    execute: () => ({ receipt: secret, encoded: base64 }),
  })
  const planted = [...forms, `Bearer ${secret}, please`]
  const proposed = planted.flatMap((card) => [
    { tool: 'pay', args: { card, deep: [{ pin: card }], order: card.length } },
    { tool: 'refuse', args: { card, deep: [{ pin: card }] } },
  ])
  const { start } = agentOf(
    [
      { text: [secret.slice(0, 9), secret.slice(9)].join(''), calls: proposed },
      { text: `done with ${base64}` },
    ],
    {
      journal,
      tools: [tool, noting('refuse', { sensitive: ['/card', '/deep/*/pin'] }).tool],
      policy: policyOf({ rules: [{ id: 'pays', allow: ['pay'], who: { roles: ['user'] } }] }),
      signing: { key: ops.secret },
    },
  )
  const { status } = await start().result()
  await journal.close()
  expect(status).toBe('completed')
  expect(calls).toHaveLength(planted.length)
  // the journal has them: what follows does not pass for want of secrets
  expect(readFileSync(at('j.jsonl.payloads'), 'utf8')).toContain(secret)
  writeFileSync(at('ops.jwk'), JSON.stringify(ops.open))
  const names = ['terminal', 'json', 'html', 'markdown', 'sarif', 'junit', 'csv']
  const outputs: (readonly [string, readonly string[]])[] = [
    ...names.map((name) => [name, ['report', at('j.jsonl'), '--format', name]] as const),
    ['proof', ['report', at('j.jsonl'), '--call', '1.0', '--proof']],
    ['verify', ['verify', at('j.jsonl'), '--key', at('ops.jwk'), '--json']],
  ]
  for (const [name, args] of outputs) {
    const { code, out, notes } = await inProcess(args)
    expect([name, code]).toEqual([name, 0])
    expect(out.length).toBeGreaterThan(100)
    const seen = readable((name === 'html' ? openPage(out) : out) + notes)
    for (const form of forms) expect(seen, name).not.toContain(form)
  }
})

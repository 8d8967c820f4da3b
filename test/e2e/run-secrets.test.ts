import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeProvider } from '../../src/testing/fake-provider.ts'
import { cli } from '../support/cli.ts'
import { deskFolder } from '../support/cli-files.ts'
import { openPage } from '../unit/report/page-data.ts'

const secret = 'planted/secret+4711=value'
const forms: readonly string[] = [
  secret,
  Buffer.from(secret).toString('base64').slice(0, -3),
  Buffer.from(secret).toString('hex'),
  encodeURIComponent(secret),
]

/** The secret in pieces of three letters, as models stream, and in arguments that are refused. */
const turns = [
  {
    text: ['say ', ...secret.match(/.{1,3}/g)!, ' now'],
    calls: forms.map((form) => ({ tool: 'refund', args: { amount: 7, [form]: `Bearer ${form}` } })),
  },
  { text: forms.flatMap((form) => [form.slice(0, 8), form.slice(8), ' ']) },
]

test.each([['--events'], ['--json'], []])(
  'a secret of a variable is in nothing that a run prints or writes: %s',
  async (...how: readonly string[]) => {
    const cwd = deskFolder()
    await using provider = await fakeProvider({ turns })
    const args = [
      'run',
      'refund O-7',
      '--policy',
      'desk.yaml',
      '--tools',
      'tools.mjs',
      '--model',
      'fake',
      '--base-url',
      provider.baseUrl,
      '--report',
      'r.json',
      '--html',
      'r.html',
      ...how,
    ]
    const environment = { DESK_KEY: secret }
    const { out, err } = await cli([...args, '--secrets-from-env', 'DESK_KEY'], {
      cwd,
      environment,
    })
    const files = ['r.json', 'r.html'].map((name) => readFileSync(join(cwd, name), 'utf8'))
    const seen = [out, err, files[0], openPage(files[1]!)].join('\n')
    for (const form of forms) expect(seen).not.toContain(form)
    // letters of a delta that was printed by itself
    expect(out).not.toContain('"pla"')
    expect(out).toContain('[redacted]')
  },
)

test('a variable that is not set ends a run before it begins', async () => {
  const cwd = deskFolder()
  const args = ['run', 'hi', '--policy', 'desk.yaml', '--secrets-from-env', 'MISSING']
  const { code, out, err } = await cli(args, { cwd })
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain('`MISSING` is not set')
})

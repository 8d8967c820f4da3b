import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fakeProvider, type FakeProviderOptions } from '../../src/testing/fake-provider.ts'
import { cli } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

const policies = join(import.meta.dirname, '../../policies')

/** Tools as a host writes them: files by `open`, programs by their arguments, never by a shell. */
const tools = `
import { unlinkSync } from 'node:fs'

const object = (required, properties) => ({ type: 'object', required, properties, additionalProperties: false })
const text = { type: 'string' }

export default [
  {
    name: 'read_file',
    description: 'Reads a file.',
    input: object(['path'], { path: text }),
    annotations: { readOnly: true, destructive: false },
    async execute({ path }, context) {
      const file = await context.open(path)
      try {
        return await file.readFile('utf8')
      } finally {
        await file.close()
      }
    },
  },
  {
    name: 'write_file',
    description: 'Writes a file.',
    input: object(['path', 'content'], { path: text, content: text }),
    async execute({ path, content }, context) {
      const file = await context.open(path, 'w')
      try {
        await file.writeFile(content)
      } finally {
        await file.close()
      }
      return 'written'
    },
  },
  {
    name: 'delete_file',
    description: 'Deletes a file.',
    input: object(['path'], { path: text }),
    execute: ({ path }) => unlinkSync(path),
  },
  ...['list_files', 'search_files'].map((name) => ({
    name,
    description: 'Not used here.',
    input: object(['path'], { path: text }),
    execute: () => [],
  })),
]
`

const runner = `
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export default [
  {
    name: 'run_command',
    description: 'Runs a program.',
    input: {
      type: 'object',
      required: ['argv'],
      properties: { argv: { type: 'array', items: { type: 'string' } }, cwd: { type: 'string' } },
      additionalProperties: false,
    },
    async execute({ argv: [program, ...args] }) {
      const { stdout } = await promisify(execFile)(program, args, { cwd: 'workspace', env: { PATH: '/usr/bin:/bin' } })
      return stdout
    },
  },
]
`

interface Row {
  readonly tool: string
  readonly status: string
  readonly decision: { readonly rule: string; readonly effect: string }
}

/** Runs an agent under a shipped policy in a folder of its own and returns it with the rows. */
async function runUnder(
  policy: string,
  module: string,
  turns: FakeProviderOptions['turns'],
): Promise<{ readonly folder: string; readonly rows: readonly Row[] }> {
  const folder = temporaryFolder()
  cpSync(join(policies, policy), join(folder, policy))
  mkdirSync(join(folder, 'workspace'))
  writeFileSync(join(folder, 'workspace/notes.txt'), 'buy milk')
  writeFileSync(join(folder, 'workspace/.env'), 'KEY=1')
  writeFileSync(join(folder, 'secret.txt'), 'outside')
  symlinkSync('../secret.txt', join(folder, 'workspace/link.txt'))
  writeFileSync(join(folder, 'tools.mjs'), module)
  await using provider = await fakeProvider({ turns })
  const where = `--policy ${policy} --tools tools.mjs --base-url ${provider.baseUrl} --model fake`
  const { code, err } = await cli(
    ['run', 'look after my notes', ...where.split(' '), '--report', 'report.json'],
    { cwd: folder },
  )
  expect(err).toContain('guards')
  expect(code).toBe(0)
  const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as {
    readonly rows: readonly Row[]
  }
  return { folder, rows: report.rows }
}

const read = (path: string) => ({ tool: 'read_file', args: { path } })
const write = (path: string) => ({ tool: 'write_file', args: { path, content: 'x' } })
const command = (...argv: string[]) => ({ tool: 'run_command', args: { argv } })

const outcomes = (rows: readonly Row[]): readonly string[] =>
  rows.map(({ status, decision }) => `${status} by ${decision.rule}`)

describe.concurrent('a shipped policy in a run', () => {
  test('workspace: files of the folder are read and written, and no others', async () => {
    const { folder, rows } = await runUnder('workspace.yaml', tools, [
      { calls: [read('notes.txt'), write('new.txt')] },
      { calls: [read('../secret.txt'), read('.env'), read('link.txt'), write('../made.txt')] },
      { calls: [{ tool: 'delete_file', args: { path: 'new.txt' } }] },
      { text: 'done' },
    ])
    expect(outcomes(rows)).toEqual([
      'success by look',
      'success by write',
      'error-security by guards.paths',
      'error-security by guards.paths',
      'error-security by guards.paths',
      'error-security by guards.paths',
      'error-security by sequences.read-before-delete',
    ])
    expect(readFileSync(join(folder, 'workspace/new.txt'), 'utf8')).toBe('x')
    expect(existsSync(join(folder, 'made.txt'))).toBe(false)
  })

  test('shell: listed programs run, and nothing else does', async () => {
    const { folder, rows } = await runUnder('shell.yaml', runner, [
      { calls: [command('ls', '-a')] },
      { calls: [command('sh', '-c', 'touch made.txt'), command('ls', '../')] },
      { text: 'done' },
    ])
    expect(outcomes(rows)).toEqual([
      'success by look',
      'error-security by guards.commands',
      'error-security by stay-inside',
    ])
    expect(existsSync(join(folder, 'workspace/made.txt'))).toBe(false)
  })
})

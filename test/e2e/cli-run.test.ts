import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { verifyRecords } from '../support/verify-run.ts'
import { fakeProvider, type FakeProviderOptions } from '../../src/testing/fake-provider.ts'
import { cli, ended, startCli, textOf, type CliOutcome } from '../support/cli.ts'
import { deskFolder } from '../support/cli-files.ts'

interface Finished extends CliOutcome {
  readonly folder: string
  readonly requests: number
}

async function run(
  turns: FakeProviderOptions['turns'],
  args: readonly string[] = [],
  input?: string,
): Promise<Finished> {
  const folder = deskFolder()
  await using provider = await fakeProvider({ turns })
  const outcome = await cli(
    [
      'run',
      ...(input === undefined ? ['refund O-7'] : []),
      '--policy',
      'desk.yaml',
      '--tools',
      'tools.mjs',
      '--base-url',
      provider.baseUrl,
      '--model',
      'fake',
      ...args,
    ],
    { cwd: folder, ...(input === undefined ? {} : { input }) },
  )
  return { ...outcome, folder, requests: provider.requests.length }
}

const refund = (amount: number) => ({ calls: [{ tool: 'refund', args: { amount } }] })

describe.concurrent('sallyport run', () => {
  test('prints the answer, reports beside it and writes journal and reports', async () => {
    const { code, out, err, folder } = await run(
      [{ text: 'let me see', ...refund(7) }, { text: ['all ', 'paid'] }],
      ['--report', 'out/report.json', '--html', 'out/report.html', '--journal', 'j/run.jsonl'],
    )
    expect([code, out]).toEqual([0, 'let me see\nall paid\n'])
    expect(err).toContain('refund')
    expect(err).toContain('j/run.jsonl')
    const report = JSON.parse(readFileSync(join(folder, 'out/report.json'), 'utf8'))
    expect(report).toMatchObject({
      version: 1,
      rows: [
        { tool: 'refund', status: 'success', decision: { rule: 'refund-small', effect: 'allow' } },
      ],
      end: { status: 'completed' },
    })
    const html = readFileSync(join(folder, 'out/report.html'), 'utf8')
    expect(html).toMatch(/^<!doctype html>/i)
    expect(html).toContain('refund-small')
    expect(html).toContain('Rules that never applied')
    expect(await verifyRecords(join(folder, 'j/run.jsonl'))).toBe(report.head)
    expect(existsSync(join(folder, 'j/run.jsonl.lock'))).toBe(false)
  })

  test('--events prints every event as a line, --json one result', async () => {
    const events = await run([refund(7), { text: 'ok' }], ['--events'])
    const types = events.lines().map(({ type }) => type)
    expect(types[0]).toBe('run-start')
    expect(types.at(-1)).toBe('end')
    expect(types).toContain('text-delta')
    expect(types.indexOf('decision')).toBeLessThan(types.indexOf('execution-start'))
    const json = await run([{ text: 'ok' }], ['--json'])
    expect(json.lines()).toMatchObject([
      { status: 'completed', text: 'ok', usage: { inputTokens: 10 }, exit: { code: 0 } },
    ])
    expect([events.code, json.code]).toEqual([0, 0])
  })

  test('takes the prompt from standard input', async () => {
    const { code, out } = await run(
      [({ body }) => ({ text: JSON.stringify((body['messages'] as unknown[]).at(-1)) })],
      [],
      'what is\nthe matter?\n',
    )
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({ role: 'user', content: 'what is\nthe matter?' })
  })

  test('ends 0 when calls are denied and the model answers all the same', async () => {
    const { code, err } = await run([{ calls: [{ tool: 'refund', args: {} }] }, { text: 'sorry' }])
    expect(code).toBe(0)
    expect(err).toContain('refund')
  })

  test('ends 1 at a limit and for a caller who is denied', async () => {
    const limit = await run([refund(1), refund(2)], ['--max-turns', '1'])
    expect([limit.code, limit.requests]).toEqual([1, 1])
    const denied = await run([{ text: '' }], ['--token', 'sk_nobody'])
    expect([denied.code, denied.requests]).toEqual([1, 0])
    expect(denied.err).toContain('error[')
    expect(denied.err).not.toContain('sk_nobody')
  })

  test('ends 2 for wrong usage, without asking a model', async () => {
    const folder = deskFolder()
    for (const args of [
      ['run', 'hi'],
      ['run', 'hi', '--policy', 'none.yaml', '--model', 'm', '--base-url', 'http://127.0.0.1:9/v1'],
      ['run', 'hi', '--policy', 'desk.yaml', '--base-url', 'http://127.0.0.1:9/v1'],
      ['run', 'hi', '--policy', 'desk.yaml', '--model', 'm'],
    ]) {
      const { code, out, err } = await cli(args, { cwd: folder })
      expect([code, out]).toEqual([2, ''])
      expect(err).not.toBe('')
    }
  })

  test.each([
    ['--report', 'desk.yaml/report.json', 'its path leads through a file'],
    ['--html', 'sub/..', 'it is a folder'],
  ])('ends 2 before anything runs where %s cannot be written', async (option, file, why) => {
    const { code, out, err, requests } = await run([refund(1)], [option, file])
    expect([code, out, requests]).toEqual([2, '', 0])
    expect(err).toContain(`error[bad-file]: \`${file}\` cannot be written: ${why}\n  help: `)
  })

  test.runIf(existsSync('/dev/full'))(
    'tells of the run, and ends 4, where its report could not be written',
    async () => {
      const { code, err } = await run([{ text: 'ok' }], ['--report', '/dev/full'])
      expect(code).toBe(4)
      expect(err).toMatch(/\nrun run_\S+ in .*\n/)
      expect(err).toContain('`/dev/full` cannot be written: no space is left\n  help: make room')
    },
  )

  test('ends 3 when a person has to answer', async () => {
    const { code, lines } = await run([refund(500)], ['--json'])
    expect(code).toBe(3)
    expect(lines()).toMatchObject([
      { status: 'needs-approval', approvals: [{ tool: 'refund', args: { amount: 500 } }] },
    ])
  })

  test('ends 4 when the journal cannot be written, and runs nothing', async () => {
    const { code, err, requests } = await run([refund(1)], ['--journal', 'desk.yaml/journal'])
    expect([code, requests]).toEqual([4, 0])
    expect(err).toContain('bad-journal')
  })

  test('ends 5 when the model endpoint fails', async () => {
    const { code, err } = await run([{ status: 401, body: '{"error":{"message":"no key"}}' }])
    expect(code).toBe(5)
    expect(err).toContain('error[model-unauthorized]')
  })

  test('lists everything that is wrong with its policy, and asks no model', async () => {
    const bad = 'sallyport: 1\nname: bad\nrule: []\nrules:\n  - { id: a, alow: [x] }\n'
    const folder = deskFolder({ 'bad.yaml': bad })
    const { code, err } = await cli(
      ['run', 'x', '--policy', 'bad.yaml', '--model', 'm', '--base-url', 'http://127.0.0.1:9/v1'],
      { cwd: folder },
    )
    expect(code).toBe(1)
    expect(err).toContain('bad.yaml:3:1')
    expect(err).toContain('bad.yaml:5:')
  })

  test.each(['--events', '--json'])('prints nothing invisible with %s', async (form) => {
    const cwd = deskFolder()
    const said = 'a\u009b31mb\u202ec\u2028d'
    await using provider = await fakeProvider({ turns: [{ text: said }] })
    const args = ['run', 'go', '--policy', 'desk.yaml', '--tools', 'tools.mjs', '--model', 'm']
    const outcome = await cli([...args, '--base-url', provider.baseUrl, form], { cwd })
    expect(outcome.code).toBe(0)
    expect(JSON.stringify(outcome.lines())).toContain(said)
    expect(outcome.out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  })

  test('goes on to its end when nobody reads its output any more', async () => {
    const folder = deskFolder()
    const asked = Promise.withResolvers<void>()
    await using provider = await fakeProvider({
      turns: [
        () => {
          asked.resolve()
          return { text: 'x'.repeat(100_000), ...refund(1) }
        },
        { text: 'done' },
      ],
    })
    const child = startCli(
      [
        'run',
        'go',
        '--policy',
        'desk.yaml',
        '--tools',
        'tools.mjs',
        '--model',
        'm',
        '--events',
      ].concat('--base-url', provider.baseUrl),
      { cwd: folder },
    )
    const err = textOf(child.stderr)
    child.stdin.end()
    child.stdout.destroy()
    await ended(child)
    expect(await err).not.toContain('EPIPE')
    expect([child.exitCode, provider.requests.length]).toEqual([0, 2])
    expect(await verifyRecords(join(folder, '.sallyport/journal.db'))).toMatch(/^sha256:/)
  })

  test('ends 130 when it is interrupted, with its record complete, whatever a tool does', async () => {
    const folder = deskFolder()
    await using provider = await fakeProvider({ turns: [{ calls: [{ tool: 'hang', args: {} }] }] })
    const child = startCli(
      [
        'run',
        'go',
        '--policy',
        'desk.yaml',
        '--tools',
        'tools.mjs',
        '--model',
        'm',
        '--events',
      ].concat('--base-url', provider.baseUrl),
      { cwd: folder },
    )
    child.stdin.end()
    const err = textOf(child.stderr)
    let out = ''
    child.stdout.on('data', (chunk) => {
      out += String(chunk)
      if (!child.killed && out.includes('"execution-start"')) child.kill('SIGINT')
    })
    await once(child, 'close')
    expect(child.exitCode).toBe(130)
    expect(JSON.parse(out.trimEnd().split('\n').at(-1)!)).toMatchObject({
      type: 'end',
      status: 'cancelled',
    })
    expect(await err).toContain('.sallyport/journal.db')
    expect(await verifyRecords(join(folder, '.sallyport/journal.db'))).toMatch(/^sha256:/)
  })
})

import { cpSync, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openJournal } from '../../src/journal/open.ts'
import type { StructuralEvent } from '../../src/protocol/run-event.ts'
import { temporaryFolder } from '../support/folder.ts'
import { inProcess } from '../support/in-process.ts'
import { makePipe } from '../support/pipe.ts'
import { runId, sampleEvents } from '../unit/report/sample.ts'
import { seal } from '../unit/report/sealed.ts'

/** Two runs, the second of another caller and a day later. */
async function journalOf(name = 'j.db'): Promise<string> {
  const path = join(temporaryFolder(), name)
  const journal = await openJournal(path)
  const second = JSON.stringify(sampleEvents())
    .replaceAll(runId, 'run_b')
    .replaceAll('2026-11-20', '2026-11-21')
    .replaceAll('"subject":"u1"', '"subject":"u2"')
  await journal.append(runId, 0, seal(sampleEvents()))
  await journal.append('run_b', 0, seal(JSON.parse(second) as StructuralEvent[]))
  await journal.close()
  return path
}

interface FoundCall {
  readonly runId: string
  readonly call: string
}

async function search(path: string, ...options: readonly string[]): Promise<readonly string[]> {
  const { out } = await inProcess(['log', 'search', '--journal', path, '--json', ...options])
  const lines = out.split('\n').filter((line) => line !== '')
  const calls = lines.map((line) => JSON.parse(line) as FoundCall)
  return calls.map((found) => `${found.runId === runId ? 'a' : 'b'} ${found.call}`)
}

test('calls are found by tool, rule, principal, status, decision, text and time', async () => {
  const path = await journalOf()
  expect(await search(path)).toHaveLength(14)
  const found: readonly (readonly [options: readonly string[], calls: readonly string[]])[] = [
    [
      ['--tool', 'web.*'],
      ['a 1.2', 'b 1.2'],
    ],
    [['--tool', 'w*'], []],
    [['--rule', 'refund-limit', '--run', 'run_b'], ['b 1.1']],
    [
      ['--principal', 'u2', '--effect', 'allow'],
      ['b 1.0', 'b 2.3'],
    ],
    [['--principal', 'u', '--effect', 'allow'], []],
    [
      ['--status', 'error-execution'],
      ['a 2.3', 'b 2.3'],
    ],
    [['--text', 'CONNECTION reset', '--until', '2026-11-21'], ['a 2.3']],
    [['--text', 'collect.example', '--since', '2026-11-21T00:00:00Z'], ['b 1.2']],
    [['--text', '4111'], []],
    [
      ['--limit', '2'],
      ['a 1.0', 'a 1.1'],
    ],
  ]
  for (const [options, calls] of found) {
    expect([options, await search(path, ...options)]).toEqual([options, calls])
  }
  const none = await inProcess(['log', 'search', '--journal', path, '--rule', 'nowhere'])
  expect([none.code, none.out]).toEqual([1, ''])
})

test('what is redacted is not found, and what is shown moves no cursor', async () => {
  const path = await journalOf()
  expect(await search(path, '--text', 'o-7', '--redact', 're:O-[0-9]+')).toEqual([])
  const { out, code } = await inProcess([
    'log',
    'search',
    '--journal',
    path,
    '--redact',
    're:O-[0-9]+',
  ])
  expect(code).toBe(0)
  expect(out).not.toContain('O-7')
  expect(out).toContain('[redacted]')
  expect(out.split('\n')).toHaveLength(15)
})

test('what cannot be searched for is refused', async () => {
  const path = await journalOf()
  for (const options of [
    ['--status', 'fine'],
    ['--tool', 'a b'],
    ['--since', 'soon'],
    ['--since', '5'],
    ['--since', '11/20/2026'],
    ['--until', '2026-11-20T10:00'],
    ['--until', '2026-13-01'],
    ['--until', '2026-02-30'],
    ['--run', 'run_x'],
  ]) {
    const { code, notes } = await inProcess(['log', 'search', '--journal', path, ...options])
    expect([options, code]).toEqual([options, 2])
    expect(notes).toMatch(/^error\[bad-option\]: /)
  }
})

test('tokens and cost are summed by model and over time', async () => {
  const path = await journalOf()
  const { code, out } = await inProcess(['log', 'stats', '--journal', path, '--json'])
  expect(code).toBe(0)
  const total = { calls: 6, cost: { amount: 0.0126, currency: 'USD', source: 'provider' } }
  expect(JSON.parse(out)).toMatchObject({
    ...total,
    runs: 2,
    usage: { inputTokens: 11_004, outputTokens: 1272 },
    byModel: { 'anthropic/claude-haiku-4.5': total },
    overTime: [
      { at: '2026-11-20T00:00:00.000Z', calls: 3 },
      { at: '2026-11-21T00:00:00.000Z', calls: 3 },
    ],
  })
  const late = await inProcess([
    'log',
    'stats',
    '--journal',
    path,
    '--json',
    '--since',
    '2026-11-21',
  ])
  expect(JSON.parse(late.out)).toMatchObject({ calls: 3 })
  const text = await inProcess(['log', 'stats', '--journal', path, '--by', 'hour'])
  expect(text.out).toMatch(/^2 runs, all models {2}6 answers {2}11,004 input/)
  expect(text.out).toContain('2026-11-21T10:00:00.000Z  3 answers')
})

test.each(['j.db', 'j.jsonl'])(
  'what was pruned is gone, and verify tells of it: %s',
  async (name) => {
    const path = await journalOf(name)
    const none = await inProcess(['log', 'prune', '--journal', path])
    expect([none.code, none.notes]).toEqual([2, expect.stringContaining('--runs-older-than')])
    const nothing = await inProcess([
      'log',
      'prune',
      '--journal',
      path,
      '--runs-older-than',
      '40000d',
      '--json',
    ])
    expect(JSON.parse(nothing.out)).toEqual({ erased: [], removed: [], unfinished: [] })
    expect((await inProcess(['verify', path])).out).not.toContain('PRUNED')

    const erased = await inProcess([
      'log',
      'prune',
      '--journal',
      path,
      '--payloads-older-than',
      '1ms',
    ])
    expect([erased.code, erased.out]).toEqual([
      0,
      `erased what was said in 2 runs, removed 0 runs\n  erased   ${runId}\n  erased   run_b\n`,
    ])
    const kept = await inProcess(['verify', path])
    expect([kept.code, kept.notes]).toEqual([0, ''])
    expect(kept.out).toMatch(
      /CONSISTENT[\s\S]*erased payloads[\s\S]*PRUNED {2}0 runs removed, 2 runs erased/,
    )

    await inProcess(['log', 'prune', '--journal', path, '--runs-older-than', '1ms'])
    const { out } = await inProcess(['verify', path, '--json'])
    expect(JSON.parse(out.trim().split('\n').at(-1)!)).toMatchObject({
      pruned: { entries: 2, removed: [runId, 'run_b'], erased: [runId, 'run_b'], isWhole: true },
    })

    const listed = JSON.parse(out.trim().split('\n').at(-1)!) as { pruned: object }
    expect(listed.pruned).toMatchObject({ signed: null, stillThere: [] })

    const list = readFileSync(`${path}.pruned`, 'utf8')
    for (const altered of [list.replace('run_b', 'run_c'), list.slice(list.indexOf('\n') + 1)]) {
      writeFileSync(`${path}.pruned`, altered)
      const found = await inProcess(['verify', path])
      expect(found.code).toBe(1)
      expect(found.out).toContain('ALTERED')
    }
  },
)

describe.each(['j.db', 'j.jsonl'])('the list of what was pruned from %s', (name) => {
  const removing = ['--runs-older-than', '1ms']

  test('is written first: what cannot be listed stays', async () => {
    const path = await journalOf(name)
    mkdirSync(`${path}.pruned`)
    const { code } = await inProcess(['log', 'prune', '--journal', path, ...removing])
    expect(code).not.toBe(0)
    rmdirSync(`${path}.pruned`)
    const { out } = await inProcess(['verify', path])
    expect(out.match(/^CONSISTENT/gm)).toHaveLength(2)
  })

  test('is not read where it is a pipe, of which nobody waits for the end', async () => {
    const path = await journalOf(name)
    makePipe(`${path}.pruned`)
    const { code, notes } = await inProcess(['verify', path])
    expect([code, notes]).toEqual([2, expect.stringContaining('it is not a file')])
  })

  test('tells of runs that are still there, as after a crash', async () => {
    const path = await journalOf(name)
    const copy = join(temporaryFolder(), name)
    for (const end of ['', '.payloads']) if (existsSync(path + end)) cpSync(path + end, copy + end)
    await inProcess(['log', 'prune', '--journal', path, ...removing])
    cpSync(`${path}.pruned`, `${copy}.pruned`)
    const { code, out } = await inProcess(['verify', copy])
    expect([code, out]).toEqual([0, expect.stringContaining('still there: 2 runs')])
  })
})

import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openJournal } from '../../../src/journal/open.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { inProcess } from '../../support/in-process.ts'

interface Written {
  readonly path: string
  readonly runs: readonly { readonly runId: string; readonly head: string }[]
}

async function writeRuns(name = 'journal.jsonl', count = 1): Promise<Written> {
  const path = join(temporaryFolder(), name)
  const journal = await openJournal(path)
  const model = scripted(Array.from({ length: count }, () => ({ text: 'hello' })))
  const runtime = createRuntime({ model, journal })
  const runs: { runId: string; head: string }[] = []
  for (let at = 0; at < count; at++) {
    const { runId, report } = await runtime.run({ input: 'hi' }).result()
    runs.push({ runId, head: report.head! })
  }
  await journal.close()
  return { path, runs }
}

interface Verified {
  readonly code: number
  readonly notes: string
  readonly found: readonly Record<string, unknown>[]
}

async function verified(path: string, ...more: readonly string[]): Promise<Verified> {
  const { code, out, notes } = await inProcess(['verify', path, '--json', ...more])
  const found = out.split('\n').slice(0, -1)
  return { code, notes, found: found.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

function edit(path: string, change: (text: string) => string): void {
  const text = readFileSync(path, 'utf8')
  const changed = change(text)
  expect(changed).not.toBe(text)
  writeFileSync(path, changed)
}

describe('sallyport verify', () => {
  test('says of an untouched run what is proved and what is not', async () => {
    const { path, runs } = await writeRuns()
    const { code, out, notes } = await inProcess(['verify', path])
    expect({ code, notes }).toEqual({ code: 0, notes: '' })
    expect(out).toMatch(new RegExp(`^CONSISTENT  run ${runs[0]!.runId}  5 records\n`))
    expect(out).toContain('\n  proved      the 5 records follow each other without gap')
    expect(out).toContain('\n  not proved  who recorded this: no key was given')
    expect(out).toContain('nobody who can write the journal computed')
    expect(out).toContain('no way around the gate')
  })

  test('tells every property as JSON, a line for each run of the journal', async () => {
    const { path, runs } = await writeRuns('journal.db', 3)
    const { code, found } = await verified(path)
    expect(code).toBe(0)
    expect(found.map(({ runId, head }) => ({ runId, head }))).toEqual(runs)
    for (const each of found) {
      expect(each).toMatchObject({ journal: path, verdict: 'CONSISTENT', records: 5, erased: 0 })
      const properties = each['properties'] as readonly { name: string; proved: boolean }[]
      // the runs before it are named by the next one, the last one by none
      const named = found.indexOf(each) < 2
      const told = (proved: boolean) =>
        new Set(properties.filter((one) => one.proved === proved).map(({ name }) => name))
      expect(told(true)).toEqual(
        new Set(['chain', 'permits', 'payloads', 'end', ...(named ? ['runs'] : [])]),
      )
      expect(told(false)).toEqual(
        new Set([
          'authorship',
          'head',
          'passage',
          'signatures',
          'truth',
          ...(named ? [] : ['runs']),
        ]),
      )
    }
  })

  test('finds the altered run among others, and exits with 1', async () => {
    const { path, runs } = await writeRuns('journal.jsonl', 3)
    edit(path, (text) => {
      const lines = text.split('\n')
      const at = lines.findLastIndex((line) => line.includes('"maxTurns":20'))
      return lines.with(at, lines[at]!.replace('"maxTurns":20', '"maxTurns":90')).join('\n')
    })
    const { code, found } = await verified(path)
    expect(code).toBe(1)
    expect(found.map(({ verdict }) => verdict).toSorted()).toEqual([
      'CONSISTENT',
      'CONSISTENT',
      'TAMPERED',
    ])
    const altered = found.find(({ verdict }) => verdict === 'TAMPERED')!
    const properties = altered['properties'] as readonly { name: string; proved: boolean }[]
    expect(properties.filter(({ proved }) => proved)).toEqual([])
    const other = await verified(path, '--run', runs[0]!.runId)
    expect([other.code, other.found[0]!['properties']]).toEqual([
      0,
      expect.arrayContaining([
        {
          name: 'runs',
          proved: false,
          statement: 'that later runs have seen these records: no other run was looked at',
        },
      ]),
    ])
  })

  test('holds a run to the head that was kept elsewhere', async () => {
    const { path, runs } = await writeRuns('journal.jsonl', 2)
    const { runId, head } = runs[0]!
    const kept = await verified(path, '--run', runId, '--head', head)
    expect(kept.code).toBe(0)
    expect(kept.found[0]!['properties']).toContainEqual({
      name: 'head',
      proved: true,
      statement: 'the first 5 records are those behind the head you named',
    })
    const other = await verified(path, '--run', runId, '--head', runs[1]!.head)
    expect([other.code, other.found[0]!['verdict']]).toEqual([1, 'TRUNCATED'])
    const link = readFileSync(path, 'utf8').match(/"prev":"(sha256:[1-9a-f][^"]+)"/)![1]!
    const tail = await verified(path, '--run', runId, '--head', link)
    expect([tail.code, tail.found[0]!['verdict']]).toEqual([1, 'UNATTESTED_TAIL'])
    const allowed = await verified(path, '--run', runId, '--head', link, '--allow-tail', '4')
    expect([allowed.code, allowed.found[0]!['verdict']]).toEqual([0, 'CONSISTENT'])
  })

  test.each([
    ['a head without its run', ['--head', `sha256:${'0'.repeat(64)}`]],
    ['a head that is no digest', ['--run', 'run_1', '--head', 'abc']],
  ])('refuses %s', async (_name, more) => {
    const { path } = await writeRuns()
    const { code, notes, found } = await verified(path, ...more)
    expect([code, found]).toEqual([2, []])
    expect(notes).toMatch(/^error\[bad-option\]: `--head` .+\n {2}help: /)
  })

  test('finds a journal without records, and a run that is not there, empty', async () => {
    const { path } = await writeRuns()
    const missing = await verified(path, '--run', 'run_none')
    expect([missing.code, missing.found[0]]).toMatchObject([1, { verdict: 'EMPTY' }])
    truncateSync(path)
    const { code, found } = await verified(path)
    expect([code, found]).toMatchObject([1, [{ runId: null, verdict: 'EMPTY' }]])
    expect((await verified(`${path}.other`)).code).toBe(2)
  })

  test('names the line that is no record', async () => {
    const { path } = await writeRuns()
    edit(path, (text) => text.replace('"type":"usage"', '"type":"usage'))
    const { code, found } = await verified(path)
    expect([code, found]).toMatchObject([
      1,
      [{ runId: null, verdict: 'MALFORMED', message: 'line 3 is no record' }],
    ])
  })

  test('finds a run without its end incomplete', async () => {
    const { path } = await writeRuns()
    truncateSync(path, readFileSync(path).length - 1)
    const { code, found } = await verified(path)
    expect([code, found]).toMatchObject([1, [{ verdict: 'INCOMPLETE', records: 4 }]])
    expect(JSON.stringify(found)).toContain('"name":"end","proved":false')
  })

  test('has no answer for a file that is no journal', async () => {
    const path = join(temporaryFolder(), 'notes.txt')
    writeFileSync(path, 'some notes\n')
    const { code, notes, found } = await verified(path)
    expect([code, found]).toEqual([4, []])
    expect(notes).toContain('is no journal')
  })

  test('shows nothing of hostile names as it is', async () => {
    const { path, runs } = await writeRuns()
    edit(path, (text) => text.replaceAll(runs[0]!.runId, String.raw`run_\u001b[31m`))
    const { out } = await inProcess(['verify', path])
    expect(out).not.toContain('\u001b')
    expect(out).toContain(String.raw`run_\u{1b}[31m`)
  })
})

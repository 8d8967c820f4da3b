import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import { stretchesOf } from '../../../src/journal/lines.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { recordsOf } from '../../../src/testing/journal-records.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import { collect } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { inProcess } from '../../support/in-process.ts'
import { makePipe } from '../../support/pipe.ts'
import { keyPair } from '../../support/policy-keys.ts'

async function written(): Promise<{ readonly path: string; readonly key: string }> {
  const folder = temporaryFolder()
  const path = join(folder, 'journal.jsonl')
  const journal = jsonlJournal(path)
  const pair = keyPair('ops')
  const model = scripted([{ text: 'hello' }])
  const runtime = createRuntime({ model, journal, signing: { key: pair.secret } })
  await runtime.run({ input: 'hi' }).result()
  await journal.close()
  const key = join(folder, 'ops.jwk')
  writeFileSync(key, JSON.stringify(pair.open))
  return { path, key }
}

describe('a file beside a journal of lines', () => {
  test('is named where one of its lines is damaged, the first one too', async () => {
    for (const beside of ['.payloads', '.checkpoints']) {
      const { path, key } = await written()
      writeFileSync(`${path}${beside}`, 'x\n')
      const { code, notes, out } = await inProcess(['verify', path, '--key', key])
      expect([code, notes]).toEqual([1, ''])
      expect(out).toMatch(/^MALFORMED {2}0 records/)
      expect(out).toContain(`\n  line 1 of its \`${beside}\` is no record\n`)
    }
  })

  test('is not read where it is a folder or a pipe, of which nobody waits for the end', async () => {
    for (const beside of ['.payloads', '.checkpoints', '.answers']) {
      for (const make of [mkdirSync, makePipe]) {
        const { path, key } = await written()
        rmSync(`${path}${beside}`, { force: true })
        make(`${path}${beside}`)
        const commands = [
          ['verify', path, '--key', key],
          ['approvals', '--journal', path],
          ['log', 'erase', 'run', '--journal', path],
        ]
        for (const command of commands) {
          expect((await inProcess(command)).notes).not.toContain('error[internal]')
        }
        if (beside === '.answers') continue
        const { code, notes } = await inProcess(['verify', path, '--key', key])
        expect([code, notes]).toEqual([4, expect.stringContaining(`${beside}\` cannot be read`)])
      }
    }
  })
})

test('a payload that only looks encrypted is found where it stands, and hides no other run', async () => {
  const { path } = await written()
  const journal = jsonlJournal(path)
  const runtime = createRuntime({ model: scripted([{ text: 'hello' }]), journal })
  await runtime.run({ input: 'hi' }).result()
  await journal.close()
  const [first, ...others] = readFileSync(`${path}.payloads`, 'utf8').split('\n')
  const forged = first!.replace(/"payload":.*$/, '"payload":"x"}')
  writeFileSync(`${path}.payloads`, [forged, ...others].join('\n'))
  for (const environment of [{}, { SALLYPORT_JOURNAL_KEYS: `k:${'ab'.repeat(32)}` }]) {
    const { code, notes, out } = await inProcess(['verify', path, '--json'], '', environment)
    expect([code, notes]).toEqual([1, ''])
    const found = out.split('\n').slice(0, -1)
    expect(found.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { verdict: 'TAMPERED', record: 0 },
      { verdict: 'CONSISTENT' },
    ])
  }
})

test('a journal that is a pipe or a folder is no journal, and is listed as such among others', async () => {
  const { path } = await written()
  const folder = join(path, '..')
  mkdirSync(join(folder, 'folder.jsonl'))
  for (const name of ['pipe.jsonl', 'pipe.db', 'pipe.json']) {
    makePipe(join(folder, name))
  }
  const single = await inProcess(['verify', join(folder, 'pipe.jsonl')])
  expect([single.code, single.notes]).toEqual([2, expect.stringContaining('it is not a file')])
  const { code, out } = await inProcess(['report', folder, '--format', 'json'])
  const { runs, unreadable } = JSON.parse(out) as {
    readonly runs: readonly unknown[]
    readonly unreadable: readonly { readonly journal: string }[]
  }
  expect([code, runs.length]).toEqual([4, 1])
  expect(unreadable.map(({ journal }) => journal.slice(folder.length + 1))).toEqual([
    'folder.jsonl',
    'pipe.db',
    'pipe.json',
    'pipe.jsonl',
  ])
})

test('a journal that is a pipe is not waited for by whoever writes it', async () => {
  const path = join(temporaryFolder(), 'pipe.jsonl')
  makePipe(path)
  const journal = jsonlJournal(path)
  expect(await journal.latestRuns!(1)).toEqual([])
  await expect(journal.append('run_a', 0, recordsOf('run_a', 1))).rejects.toMatchObject({
    code: 'bad-journal',
    message: expect.stringContaining('it is not a file'),
  })
  await journal.close()
})

test('a line may be as long as a text, and no longer', async () => {
  const path = join(temporaryFolder(), 'lines')
  const longest = 300_000
  const read = async (text: string): Promise<readonly number[]> => {
    writeFileSync(path, text)
    const file = openSync(path, 'r')
    const lengths: number[] = []
    try {
      for await (const { bytes } of stretchesOf(file, path, longest)) lengths.push(bytes.length)
    } finally {
      closeSync(file)
    }
    return lengths
  }
  const line = 'x'.repeat(longest)
  expect(await read(`${line}\n${line}\nx\n`)).toEqual([longest + 1, longest + 1, 2])
  const refused = { code: 'bad-journal', message: expect.stringContaining(`${path}\` is damaged`) }
  for (const text of [`${line}x\n`, `${line}x`, `${line}\n${line}${line}`]) {
    await expect(read(text)).rejects.toMatchObject(refused)
  }
})

test('a run without its beginning is damaged, and no wrong name', async () => {
  const { path } = await written()
  const [turn] = recordsOf('r', 1)
  writeFileSync(path, `${turn!.line}\n`, { flag: 'a' })
  expect(await collect(jsonlJournal(path).list())).toHaveLength(2)
  const { code, notes } = await inProcess(['approvals', '--journal', path])
  expect(code).toBe(4)
  expect(notes).toContain('error[bad-journal]: run `r` cannot be read')
})

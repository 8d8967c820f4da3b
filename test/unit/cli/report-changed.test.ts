import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { openJournal } from '../../../src/journal/open.ts'
import type * as Verify from '../../../src/report/verify.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { inProcess } from '../../support/in-process.ts'

const meanwhile = vi.hoisted(() => ({ happens: (): void => undefined }))

vi.mock('../../../src/report/verify.ts', async (load) => {
  const actual = await load<typeof Verify>()
  const verifyChain: typeof Verify.verifyChain = async (...given) => {
    const found = await actual.verifyChain(...given)
    meanwhile.happens()
    return found
  }
  return { ...actual, verifyChain }
})

beforeEach(() => {
  meanwhile.happens = () => undefined
})

async function writeRun(): Promise<string> {
  const path = join(temporaryFolder(), 'journal.jsonl')
  const journal = await openJournal(path)
  await createRuntime({ model: scripted([{ text: 'hello' }]), journal })
    .run({ input: 'hi' })
    .result()
  await journal.close()
  return path
}

function replaceIn(path: string, old: string, text: string): void {
  const before = readFileSync(path, 'utf8')
  const after = before.replace(old, text)
  expect(after).not.toBe(before)
  writeFileSync(path, after)
}

test.each([
  ['a record', '', '"maxTurns":20', '"maxTurns":30'],
  ['what was said', '.payloads', '"content":"hi"', '"content":"ho"'],
])(
  'a report shows nothing where %s is another than was verified',
  async (_what, file, old, text) => {
    const path = await writeRun()
    meanwhile.happens = () => replaceIn(`${path}${file}`, old, text)
    const one = await inProcess(['report', path, '--format', 'json'])
    expect(one.code).toBe(4)
    expect(one.notes).toContain('error[bad-journal]: the journal was changed while it was read\n')
    replaceIn(`${path}${file}`, text, old)
    const all = await inProcess(['report', path, '--index', '--format', 'json'])
    expect(all.code).toBe(4)
    expect(JSON.parse(all.out)).toMatchObject({
      runs: [],
      unreadable: [{ message: 'the journal was changed while it was read' }],
    })
  },
)

test('a report shows no record that was written after it was verified', async () => {
  const path = await writeRun()
  const [before] = [await inProcess(['report', path, '--format', 'json'])]
  meanwhile.happens = () => {
    const runId = /"runId":"([^"]+)"/.exec(readFileSync(path, 'utf8'))![1]!
    writeFileSync(path, `{"runId":"${runId}","seq":99}\n`, { flag: 'a' })
  }
  const after = await inProcess(['report', path, '--format', 'json'])
  expect(after).toEqual(before)
})

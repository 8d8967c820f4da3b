import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../../src/base/digest.ts'
import { Chain, genesis, hashLine, openRecord } from '../../../src/journal/chain.ts'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import type { JournalRecord } from '../../../src/journal/journal.ts'
import type { StructuralEvent } from '../../../src/protocol/run-event.ts'
import { journalSuite } from '../../../src/testing/journal-suite.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { jsonlStore, memoryStore } from '../../support/journal-stores.ts'

const at = '2026-01-01T00:00:00.000Z'

function result(seq: number, content: string): StructuralEvent {
  return {
    type: 'tool-result',
    callId: 'run_a-1-0',
    tool: 'refund',
    status: 'success',
    result: { paid: seq },
    content,
    attempts: 1,
    queueMs: 0,
    approvalMs: 0,
    executionMs: 1,
    seq,
    runId: 'run_a',
    turn: 1,
    at,
  }
}

function sealed(...contents: readonly string[]): readonly JournalRecord[] {
  const chain = new Chain()
  return contents.map((content, seq) => chain.seal(result(seq, content)))
}

function payloadDigest(record: JournalRecord): string {
  return (JSON.parse(record.line) as { payload: string }).payload
}

async function read(path: string): Promise<JournalRecord[]> {
  const found: JournalRecord[] = []
  for await (const record of jsonlJournal(path).read('run_a')) found.push(record)
  return found
}

describe('memory journal', () => {
  for (const { name, run } of journalSuite(memoryStore)) test(name, run)
})

describe('file journal', () => {
  for (const { name, run } of journalSuite(() => jsonlStore())) test(name, run)

  test('drops a line that a crash has torn, and goes on behind it', async () => {
    const path = join(temporaryFolder(), 'j.jsonl')
    const records = sealed('one', 'two', 'three')
    const first = jsonlJournal(path)
    await first.append('run_a', 0, records.slice(0, 2))
    await first.close()
    truncateSync(path, readFileSync(path).length - 7)
    expect(await read(path)).toHaveLength(1)
    const second = jsonlJournal(path)
    await second.append('run_a', 1, records.slice(1))
    await second.close()
    expect((await read(path)).map((record) => record.line)).toEqual(records.map((r) => r.line))
  })

  test('refuses a file that is damaged in the middle, and leaves it as it is', async () => {
    const path = join(temporaryFolder(), 'j.jsonl')
    const [first, second] = sealed('one', 'two')
    const text = `${first!.line}\n{"half": \n${second!.line}\n`
    writeFileSync(path, text)
    await expect(read(path)).rejects.toMatchObject({ code: 'bad-journal' })
    const journal = jsonlJournal(path)
    await expect(journal.append('run_a', 2, [])).rejects.toMatchObject({ code: 'bad-journal' })
    await journal.close()
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  test('lets one writer at a time have the file, and another after it', async () => {
    const path = join(temporaryFolder(), 'j.jsonl')
    const [first] = sealed('one')
    const holder = jsonlJournal(path)
    await holder.append('run_a', 0, [first!])
    const other = jsonlJournal(path)
    await expect(other.append('run_b', 0, [])).rejects.toMatchObject({ code: 'bad-journal' })
    await holder.close()
    const next = jsonlJournal(path)
    await next.append('run_b', 0, [])
    await next.close()
  })

  test('takes the lock of a process that has died', async () => {
    const path = join(temporaryFolder(), 'j.jsonl')
    writeFileSync(`${path}.lock`, '4194305')
    const journal = jsonlJournal(path)
    await journal.append('run_a', 0, sealed('one'))
    await journal.close()
    expect(await read(path)).toHaveLength(1)
  })

  test('takes the lock of processes that died while they took it over', async () => {
    const path = join(temporaryFolder(), 'j.jsonl')
    for (const more of ['', '.takeover', '.takeover.takeover']) {
      writeFileSync(`${path}.lock${more}`, '4194305 0a\n')
    }
    const journal = jsonlJournal(path)
    await journal.append('run_a', 0, sealed('one'))
    await journal.close()
    expect(await read(path)).toHaveLength(1)
    expect(readdirSync(dirname(path)).filter((name) => name.includes('lock'))).toEqual([])
  })

  test.runIf(process.platform === 'linux')(
    'takes the lock of a process whose id another one has now, and of no other machine',
    async () => {
      const path = join(temporaryFolder(), 'j.jsonl')
      const holder = jsonlJournal(path)
      await holder.append('run_a', 0, sealed('one'))
      const lock = readFileSync(`${path}.lock`, 'utf8')
      const other = jsonlJournal(path)
      await expect(other.append('run_b', 0, [])).rejects.toMatchObject({ code: 'bad-journal' })
      await Promise.all([holder.close(), other.close()])
      // as a process left it that began at another time, here and elsewhere
      const before = lock.replace(/[0-9]+\n$/, '1\n')
      expect(before).not.toBe(lock)
      const [pid, token, , start] = before.trim().split(' ')
      const host = `elsewhere.${hostname()}`
      // also of an id that no process has here
      for (const id of [pid, '4194305']) {
        writeFileSync(`${path}.lock`, `${id} ${token} ${host} ${start}\n`)
        const strange = jsonlJournal(path)
        await expect(strange.append('run_b', 0, [])).rejects.toMatchObject({
          code: 'bad-journal',
          message: expect.stringContaining(`process ${id} on \`${host}\` has it`) as string,
        })
        await strange.close()
      }
      writeFileSync(`${path}.lock`, before)
      const next = jsonlJournal(path)
      await next.append('run_b', 0, [])
      await next.close()
    },
  )

  test('leaves a dead lock to the process that is taking it over', async () => {
    const path = join(temporaryFolder(), 'j.jsonl')
    writeFileSync(`${path}.lock`, '4194305 0a\n')
    writeFileSync(`${path}.lock.takeover`, `${process.ppid} 0b\n`)
    const journal = jsonlJournal(path)
    await expect(journal.append('run_a', 0, sealed('one'))).rejects.toMatchObject({
      code: 'bad-journal',
      help: expect.stringContaining('.lock.takeover`') as string,
    })
    await journal.close()
    expect(readFileSync(`${path}.lock`, 'utf8')).toBe('4194305 0a\n')
  })

  test.each(['', 'soon\n'])('leaves a lock alone that reads %j', async (content) => {
    const path = join(temporaryFolder(), 'j.jsonl')
    writeFileSync(`${path}.lock`, content)
    const journal = jsonlJournal(path)
    await expect(journal.append('run_a', 0, sealed('one'))).rejects.toMatchObject({
      code: 'bad-journal',
    })
    await journal.close()
    expect(readFileSync(`${path}.lock`, 'utf8')).toBe(content)
  })

  test('is won by one of many that find dead locks at once, and only that one gives it back', async () => {
    for (let round = 0; round < 20; round++) {
      const path = join(temporaryFolder(), 'j.jsonl')
      writeFileSync(`${path}.lock`, '4194305')
      if (round % 2 === 1) writeFileSync(`${path}.lock.takeover`, '4194305')
      const writers = Array.from({ length: 8 }, () => jsonlJournal(path))
      const outcomes = await Promise.allSettled(
        writers.map(async (writer, index) => writer.append(`run_${index}`, 0, [])),
      )
      const won = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []))
      expect(won).toHaveLength(1)
      await Promise.all(writers.map((writer, index) => index === won[0] || writer.close()))
      expect(readFileSync(`${path}.lock`, 'utf8')).toMatch(new RegExp(`^${process.pid} `))
      await writers[won[0]!]!.close()
      expect(readdirSync(dirname(path)).filter((name) => name.includes('lock'))).toEqual([])
    }
  })

  test('accepts nothing after the disk was full', async () => {
    const path = join(temporaryFolder(), 'j.jsonl')
    symlinkSync('/dev/full', `${path}.payloads`)
    const journal = jsonlJournal(path)
    const [record] = sealed('one')
    const append = async (): Promise<void> => journal.append('run_a', 0, [record!])
    await expect(append()).rejects.toMatchObject({ code: 'bad-journal' })
    rmSync(`${path}.payloads`)
    await expect(append()).rejects.toMatchObject({ code: 'bad-journal' })
    await journal.close()
    expect(readFileSync(path, 'utf8')).toBe('')
  })

  test('shows a run whose payloads were erased', async () => {
    const path = join(temporaryFolder(), 'j.jsonl')
    const journal = jsonlJournal(path)
    await journal.append('run_a', 0, sealed('secret answer'))
    await journal.close()
    expect(readFileSync(path, 'utf8')).not.toContain('secret answer')
    rmSync(`${path}.payloads`)
    const [record] = await read(path)
    const { event, erased } = openRecord(record!)
    expect(erased).toBe(true)
    expect(event).toMatchObject({ type: 'tool-result', status: 'success', callId: 'run_a-1-0' })
    expect(event).not.toHaveProperty('content')
  })
})

describe('chain', () => {
  test('links every record to the one before it', () => {
    const records = sealed('one', 'two', 'three')
    const links = records.map((record) => (JSON.parse(record.line) as { prev: string }).prev)
    expect(links).toEqual([genesis, records[0]!.hash, records[1]!.hash])
    for (const record of records) expect(record.hash).toBe(hashLine(record.line))
  })

  test('hashes lines apart from everything else that is hashed', () => {
    expect(hashLine('{}')).not.toBe(sha256('{}'))
    expect(hashLine('{}')).toBe(sha256(Buffer.from([0, 0x7b, 0x7d])))
  })

  test('names payloads by digests that cannot be guessed', () => {
    const [a, b] = [sealed('same')[0]!, sealed('same')[0]!]
    expect(payloadDigest(a)).toBe(sha256(a.payload!))
    expect(payloadDigest(a)).not.toBe(payloadDigest(b))
  })

  test('is not read where it is deeper than those who read on can bear', () => {
    const event = result(7, 'content')
    const { line } = new Chain().seal(event)
    const open = (levels: number): unknown => {
      const [begin, end] = ['['.repeat(levels), ']'.repeat(levels)]
      return openRecord({ line, payload: `{"value":{"result":${begin}${end}}}` }).event
    }
    expect(open(999)).toHaveProperty('type', event.type)
    expect(() => open(1000)).toThrow('it has more than 1000 levels')
    expect(() => open(100_000)).toThrow('it has more than 1000 levels')
  })

  test('gives back the event that was sealed', () => {
    const event = result(7, 'content')
    expect(openRecord(new Chain().seal(event)).event).toEqual(event)
  })

  test('a writer appends where a file ends without losing what a reader saw', async () => {
    const path = join(temporaryFolder(), 'j.jsonl')
    const records = sealed('one', 'two')
    const journal = jsonlJournal(path)
    await journal.append('run_a', 0, records.slice(0, 1))
    await journal.close()
    appendFileSync(path, '{"runId":"run_a"')
    expect(await read(path)).toHaveLength(1)
    const again = jsonlJournal(path)
    await again.append('run_a', 1, records.slice(1))
    await again.close()
    expect(await read(path)).toHaveLength(2)
  })
})

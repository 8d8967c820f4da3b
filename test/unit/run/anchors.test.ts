import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { Anchor, Checkpoint } from '../../../src/journal/checkpoint.ts'
import type { Journal } from '../../../src/journal/journal.ts'
import { fileAnchor } from '../../../src/journal/jsonl.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { Anchoring } from '../../../src/run/anchoring.ts'
import type { RunResult } from '../../../src/runtime-options.ts'
import { verifyJournal } from '../../../src/report/verify-journal.ts'
import { agentOf, collect, type Agent } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { keyPair } from '../../support/policy-keys.ts'
import { payPolicy, payTool } from '../../support/snapshots.ts'

const ops = keyPair('ops')

/** An agent whose runs leave a checkpoint when a person has answered, and one at the end. */
function payer(journal: Journal, anchor: Anchor, anchorRequired?: boolean, runs = 1): Agent {
  const calls = [{ tool: 'pay', args: { order: 'O-7', amount: 5 } }]
  const turns = Array.from({ length: runs }, () => [{ text: '', calls }, { text: 'paid' }])
  return agentOf(turns.flat(), {
    journal,
    tools: [payTool().tool],
    policy: payPolicy,
    approve: () => ({ action: 'approve', by: { subject: 'lena' } }),
    signing: {
      key: ops.secret,
      anchor,
      ...(anchorRequired === undefined ? {} : { anchorRequired }),
    },
  })
}

/** Fails at the calls whose numbers are given, from 0; keeps the others. */
function failingAt(...numbers: readonly number[]): { anchor: Anchor; kept: Checkpoint[] } {
  const kept: Checkpoint[] = []
  let calls = 0
  const anchor: Anchor = (_signed, checkpoint) => {
    if (numbers.includes(calls++)) throw new Error('the log is down')
    kept.push(checkpoint)
  }
  return { anchor, kept }
}

async function anchorErrors(journal: Journal, { runId }: RunResult): Promise<number> {
  const records = await collect(journal.read(runId))
  return records.filter(({ line }) => line.includes('"code":"anchor-failed"')).length
}

describe('an anchor', () => {
  test('gets every checkpoint after the journal has it', async () => {
    const journal = memoryJournal()
    const seen: string[] = []
    const { start } = payer(journal, async (signed, { runId }) => {
      seen.push(signed)
      expect(await journal.checkpoints!(runId)).toEqual(seen)
    })
    const { status } = await start().result()
    expect([status, seen.length]).toEqual(['completed', 2])
  })

  test('that does not keep one stops the run before its next step', async () => {
    const journal = memoryJournal()
    const { tool, calls: paid } = payTool()
    const calls = [{ tool: 'pay', args: { order: 'O-7', amount: 5 } }]
    const { start } = agentOf([{ text: '', calls }, { text: 'paid' }], {
      journal,
      tools: [tool],
      policy: payPolicy,
      approve: () => ({ action: 'approve', by: { subject: 'lena' } }),
      signing: { key: ops.secret, anchor: failingAt(0).anchor },
    })
    const { error, status } = await start().result()
    expect({ status, error }).toMatchObject({
      status: 'error',
      error: { code: 'anchor-failed', message: expect.stringContaining('the log is down') },
    })
    expect(paid).toEqual([])
  })

  test('that does not keep the last one makes the run a failure', async () => {
    const { start } = payer(memoryJournal(), failingAt(1).anchor)
    const { error, status } = await start().result()
    expect([status, error?.code]).toEqual(['error', 'anchor-failed'])
  })

  test('that is not required leaves its failure on record, and gets the checkpoint later', async () => {
    const journal = memoryJournal()
    const { anchor, kept } = failingAt(0)
    const result = await payer(journal, anchor, false).start().result()
    expect([result.status, result.text]).toEqual(['completed', 'paid'])
    expect(await anchorErrors(journal, result)).toBe(1)
    expect(result.report.end.error?.code).toBe('anchor-failed')
    const [{ size: last } = { size: 0 }, again] = kept
    expect(again?.size).toBeLessThan(last)
    expect(kept).toHaveLength(2)
  })

  test('that is not required and fails at the end is told with the result', async () => {
    const journal = memoryJournal()
    const { anchor, kept } = failingAt(1)
    const agent = payer(journal, anchor, false, 2)
    const first = await agent.start().result()
    expect([first.status, first.error?.code]).toEqual(['completed', 'anchor-failed'])
    expect(kept.map(({ final }) => final)).toEqual([false])
    const second = await agent.start().result()
    expect(second.error).toBeUndefined()
    expect(kept.filter(({ runId }) => runId === first.runId).map(({ final }) => final)).toEqual([
      false,
      true,
    ])
  })
})

const never = (): Promise<never> => new Promise(() => undefined)

describe('an anchor that does not answer', () => {
  const checkpoint = { runId: 'run_a', size: 7 } as Checkpoint

  test('is given up after 10 seconds', async () => {
    vi.useFakeTimers()
    try {
      const taken = expect(new Anchoring(never, true).take('a.b.c', checkpoint)).rejects
      const refused = taken.toMatchObject({
        code: 'anchor-failed',
        message: expect.stringContaining('7 records of run `run_a`'),
      })
      await vi.advanceTimersByTimeAsync(10_000)
      await refused
    } finally {
      vi.useRealTimers()
    }
  })

  test('is sent what it did not take, in order, once it does, and no more of it than is kept', async () => {
    let isDown = true
    const kept: string[] = []
    const anchoring = new Anchoring((signed) => {
      if (isDown) throw new Error('down')
      kept.push(signed)
    }, false)
    for (let number = 0; number < 1_005; number++) {
      expect((await anchoring.take(`${number}`, checkpoint))?.code).toBe('anchor-failed')
    }
    isDown = false
    expect(await anchoring.take('last', checkpoint)).toBeUndefined()
    expect(kept).toHaveLength(1_001)
    expect(kept.slice(0, 3)).toEqual(['last', '5', '6'])
  })
})

describe('a file of checkpoints', () => {
  test('is what a journal is held against, whoever has the key', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'anchors.jws')
    const journal = memoryJournal()
    const agent = payer(journal, fileAnchor(path), undefined, 2)
    const { runId } = await agent.start().result()
    await agent.start().result()
    const anchors = readFileSync(path, 'utf8').split('\n').slice(0, -1)
    expect(anchors).toHaveLength(4)
    const options = { keys: [ops.open], anchors }
    for await (const found of verifyJournal(journal, options)) {
      expect(found.verdict).toBe('CONSISTENT')
      expect(found.properties).toContainEqual(
        expect.objectContaining({ name: 'anchor', proved: true }),
      )
    }
    await journal.remove(runId)
    const found = await collect(verifyJournal(journal, options))
    expect(found.map(({ verdict }) => verdict)).toEqual(['CONSISTENT', 'MISSING_RUN'])
    expect(found[1]!.notProved.join()).not.toContain('no key was given')
  })

  test('is read once, however many runs there are', async () => {
    const path = join(temporaryFolder(), 'anchors.jws')
    const journal = memoryJournal()
    const agent = payer(journal, fileAnchor(path), undefined, 3)
    for (let run = 0; run < 3; run++) await agent.start().result()
    const texts = readFileSync(path, 'utf8').split('\n').slice(0, -1)
    let passes = 0
    const anchors = Object.assign([...texts], {
      *[Symbol.iterator]() {
        passes++
        yield* texts
      },
    })
    const found = await collect(verifyJournal(journal, { keys: [ops.open], anchors }))
    expect(found.map(({ verdict }) => verdict)).toEqual(Array(3).fill('CONSISTENT'))
    expect(passes).toBe(1)
  })

  test('does not vouch for what came after its last one', async () => {
    const path = join(temporaryFolder(), 'anchors.jws')
    const journal = memoryJournal()
    await payer(journal, fileAnchor(path)).start().result()
    const [first] = readFileSync(path, 'utf8').split('\n')
    const [found] = await collect(verifyJournal(journal, { keys: [ops.open], anchors: [first!] }))
    expect(found!.verdict).toBe('CONSISTENT')
    expect(found!.notProved).toContainEqual(
      expect.stringMatching(/^the last \d+ records stand after the checkpoint that was kept/),
    )
  })

  test('that cannot be written fails the run', async () => {
    const folder = join(temporaryFolder(), 'taken')
    mkdirSync(folder)
    const { error } = await payer(memoryJournal(), fileAnchor(folder)).start().result()
    expect([error?.code, error?.message]).toEqual([
      'anchor-failed',
      expect.stringContaining('EISDIR'),
    ])
  })
})

import { compactVerify, decodeProtectedHeader, importJWK, type JWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../../src/base/digest.ts'
import type { Checkpoint } from '../../../src/journal/checkpoint.ts'
import type { Journal } from '../../../src/journal/journal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { RecordTree } from '../../../src/journal/tree.ts'
import { Checkpoints } from '../../../src/run/checkpoints.ts'
import { agentOf, allowing, collect, toolOf, user } from '../../support/agent.ts'
import { keyPair } from '../../support/policy-keys.ts'
import { payPolicy, payTool } from '../../support/snapshots.ts'

const keys = keyPair('ops-1')

const noon = (): string => '2026-11-23T12:00:00Z'
const signLate = async (): Promise<string> => 'late'

/** The checkpoints of a run, each verified by jose. */
async function checkpointsOf(
  journal: Journal,
  runId: string,
  open: object = keys.open,
): Promise<readonly Checkpoint[]> {
  const texts = await journal.checkpoints!(runId)
  const found: Checkpoint[] = []
  for (const [index, text] of texts.entries()) {
    const { alg } = decodeProtectedHeader(text)
    const key = await importJWK(open as JWK, alg)
    const { payload, protectedHeader } = await compactVerify(text, key)
    expect(protectedHeader).toMatchObject({ kid: expect.any(String), typ: 'sallyport-checkpoint' })
    const checkpoint = JSON.parse(Buffer.from(payload).toString()) as Checkpoint
    expect(checkpoint.previous).toBe(index === 0 ? null : sha256(texts[index - 1]!))
    found.push(checkpoint)
  }
  return found
}

async function expectTrue(
  journal: Journal,
  runId: string,
  checkpoints: readonly Checkpoint[],
): Promise<void> {
  const records = await collect(journal.read(runId))
  for (const { size, head, root } of checkpoints) {
    const tree = new RecordTree()
    for (const { hash } of records.slice(0, size)) tree.add(hash)
    expect({ head, root }).toEqual({ head: records[size - 1]!.hash, root: tree.root() })
  }
}

describe('a run that is signed', () => {
  test.each([
    ['Ed25519', 'Ed25519'],
    ['P-256', 'P-256'],
  ] as const)('leaves a checkpoint of all its records at its end, by %s', async (_name, kind) => {
    const { secret, open } = keyPair('k', kind)
    const journal = memoryJournal()
    const { start } = agentOf([{ text: 'done' }], { journal, signing: { key: secret } })
    const { runId, report } = await start().result()
    const checkpoints = await checkpointsOf(journal, runId, open)
    const count = (await collect(journal.read(runId))).length
    expect(checkpoints).toMatchObject([{ runId, size: count, final: true, head: report.head }])
    await expectTrue(journal, runId, checkpoints)
  })

  test('names the key in its first record', async () => {
    const journal = memoryJournal()
    const { start } = agentOf([{ text: 'done' }], { journal, signing: { key: keys.secret } })
    const [first] = await collect(journal.read((await start().result()).runId))
    expect(JSON.parse(first!.line)).toMatchObject({
      signer: { keyId: 'ops-1', algorithm: 'EdDSA' },
    })
  })

  test('leaves one after every 100 records at the latest', async () => {
    const journal = memoryJournal()
    const turns = Array.from({ length: 24 }, (_, n) => ({
      text: '',
      calls: [
        { tool: 'look', args: { n } },
        { tool: 'look', args: { n: -n } },
      ],
    }))
    const { start } = agentOf([...turns, { text: 'done' }], {
      journal,
      tools: [toolOf('look')],
      policy: allowing('look'),
      limits: { maxTurns: 30 },
      signing: { key: keys.secret },
    })
    const { runId } = await start().result()
    const checkpoints = await checkpointsOf(journal, runId)
    expect(checkpoints.length).toBeGreaterThan(2)
    let covered = 0
    for (const { size } of checkpoints) {
      expect(size - covered).toBeLessThan(120)
      covered = size
    }
    expect(checkpoints.map(({ final }) => final).indexOf(true)).toBe(checkpoints.length - 1)
    await expectTrue(journal, runId, checkpoints)
  })

  test('leaves one when a person has answered, before the tool is started', async () => {
    const journal = memoryJournal()
    const seen: number[] = []
    const pay = toolOf('pay', {
      async execute(_args, { runId }) {
        seen.push((await journal.checkpoints!(runId)).length)
        return 'paid'
      },
    })
    const calls = [{ tool: 'pay', args: { order: 'O-7', amount: 5 } }]
    const agent = agentOf([{ text: '', calls }, { text: 'paid' }], {
      journal,
      tools: [pay],
      policy: payPolicy,
      signing: { key: keys.secret },
      approve: () => ({ action: 'approve', by: { subject: 'lena' } }),
    })
    const started = agent.start()
    expect((await started.result()).status).toBe('completed')
    expect(seen).toEqual([1])
    const checkpoints = await checkpointsOf(journal, started.id)
    expect(checkpoints.map(({ final }) => final)).toEqual([false, true])
  })

  test('goes on in the tree and the list of who carried it before', async () => {
    const journal = memoryJournal()
    const { tool } = payTool()
    const calls = [{ tool: 'pay', args: { order: 'O-7', amount: 5 } }]
    const options = { journal, tools: [tool], policy: payPolicy, signing: { key: keys.secret } }
    const { start } = agentOf([{ text: '', calls }], options)
    const { runId, approvals } = await start().result()
    const other = agentOf([{ text: 'paid' }], options)
    const decisions = [{ id: approvals[0]!.id, action: 'approve' as const }]
    const answeredBy = { custom: { ...user, subject: 'lena' } }
    const result = await other.runtime.resume(runId, { answeredBy, decisions }).result()
    expect(result.status).toBe('completed')
    const checkpoints = await checkpointsOf(journal, runId)
    expect(checkpoints.map(({ final }) => final)).toEqual([true, false, true])
    await expectTrue(journal, runId, checkpoints)
  })

  test('gets no checkpoint of a carrier that was overtaken before it signed its end', async () => {
    const journal = memoryJournal()
    const { tool } = payTool()
    const calls = [{ tool: 'pay', args: { order: 'O-7', amount: 5 } }]
    const options = { journal, tools: [tool], policy: payPolicy, signing: { key: keys.secret } }
    const { start } = agentOf([{ text: '', calls }], options)
    const { runId, approvals } = await start().result()
    const other = agentOf([{ text: 'paid' }], options)
    const decisions = [{ id: approvals[0]!.id, action: 'approve' as const }]
    const answeredBy = { custom: { ...user, subject: 'lena' } }
    await other.runtime.resume(runId, { answeredBy, decisions }).result()
    const before = await checkpointsOf(journal, runId)

    const kept = { ...journal } as Required<Journal>
    const late = new Checkpoints({ runId, journal: kept, sign: signLate, now: noon })
    const written = (await collect(journal.read(runId))).slice(0, before[0]!.size)
    await expect(late.take(written)).rejects.toMatchObject({ code: 'journal-conflict' })
    expect(await checkpointsOf(journal, runId)).toEqual(before)
  })

  test('fails when a checkpoint cannot be kept', async () => {
    const journal: Journal = {
      ...memoryJournal(),
      addCheckpoint: () => Promise.reject(new Error('the disk is full')),
    }
    const { start } = agentOf([{ text: 'done' }], { journal, signing: { key: keys.secret } })
    const { status, error } = await start().result()
    expect({ status, code: error?.code }).toEqual({ status: 'error', code: 'bad-journal' })
  })

  test('needs a journal that keeps checkpoints', async () => {
    const { addCheckpoint: _add, ...journal } = memoryJournal()
    const { start } = agentOf([{ text: 'done' }], { journal, signing: { key: keys.secret } })
    await expect(start().result()).rejects.toMatchObject({ code: 'bad-option' })
  })

  test('leaves none without a key', async () => {
    const journal = memoryJournal()
    const { start } = agentOf([{ text: 'done' }], { journal })
    expect(await journal.checkpoints!((await start().result()).runId)).toEqual([])
  })
})

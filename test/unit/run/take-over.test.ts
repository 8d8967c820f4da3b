import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { ownProcess, type ProcessName } from '../../../src/base/process.ts'
import { Chain, openRecord } from '../../../src/journal/chain.ts'
import type { Journal } from '../../../src/journal/journal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { StructuralEvent } from '../../../src/protocol/run-event.ts'
import { agentOf, allowing, collect, only, toolOf, type Agent } from '../../support/agent.ts'

const turns = [{ calls: [{ tool: 'act', args: {} }] }, { text: 'done' }]

function agent(journal: Journal, execute: () => unknown): Agent {
  return agentOf(turns, { tools: [toolOf('act', { execute })], policy: allowing('act'), journal })
}

async function eventsOf(journal: Journal, runId: string): Promise<StructuralEvent[]> {
  return (await collect(journal.read(runId))).map((record) => openRecord(record).event)
}

/** What a run has left in the journal that died before its first turn, with another carrier. */
async function leftBy(
  carrier: ProcessName | undefined,
): Promise<{ readonly journal: Journal; readonly runId: string }> {
  const source = memoryJournal()
  const { runId } = await agent(source, () => 1)
    .start()
    .result()
  const [first] = await eventsOf(source, runId)
  const { carrier: _own, ...start } = first as Extract<StructuralEvent, { type: 'run-start' }>
  const journal = memoryJournal()
  await journal.append(runId, 0, [
    new Chain().seal(carrier === undefined ? start : { ...start, carrier }),
  ])
  return { journal, runId }
}

const own = ownProcess()

async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid!
}

describe('a run without an end', () => {
  test.each<[string, () => Promise<ProcessName> | ProcessName]>([
    ['a live process of this machine', () => ({ ...own, pid: process.ppid })],
    ['a process of another machine', () => ({ ...own, host: 'elsewhere' })],
  ])('is not taken from %s, but by an operator', async (_, carrier) => {
    const { journal, runId } = await leftBy(await carrier())
    const { model, runtime } = agent(journal, () => 1)
    await expect(runtime.resume(runId).result()).rejects.toMatchObject({ code: 'run-carried' })
    expect([model.requests.length, (await eventsOf(journal, runId)).length]).toEqual([0, 1])
    const { status } = await runtime.resume(runId, { takeOver: true }).result()
    expect(status).toBe('completed')
    const starts = only(await eventsOf(journal, runId), 'run-start')
    expect(starts[1]).toMatchObject({ resumed: { tookOver: true }, carrier: own })
  })

  test.each<[string, () => Promise<ProcessName> | ProcessName | undefined]>([
    ['whose process has died', async () => ({ ...own, pid: await deadProcess() })],
    [
      'of a process that had our id before us',
      () => ({ ...own, since: '2026-01-01T00:00:00.000Z' }),
    ],
    ['that this process has given up', () => own],
    ['that tells of no carrier', () => undefined],
  ])('%s goes on', async (_, carrier) => {
    const { journal, runId } = await leftBy(await carrier())
    const { status } = await agent(journal, () => 1)
      .runtime.resume(runId)
      .result()
    expect(status).toBe('completed')
    const [, again] = only(await eventsOf(journal, runId), 'run-start')
    expect(again!.resumed).not.toHaveProperty('tookOver')
  })
})

test('a run at work in this process is not taken away; one that is stops at its next record', async () => {
  const journal = memoryJournal()
  const [running, rest] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const first = agent(journal, async () => {
    running.resolve()
    await rest.promise
  })
  const run = first.start()
  await running.promise
  const second = agent(journal, () => 1)
  await expect(second.runtime.resume(run.id).result()).rejects.toMatchObject({
    code: 'run-carried',
  })
  const took = await second.runtime.resume(run.id, { takeOver: true }).result()
  expect([took.status, took.inDoubt.length]).toEqual(['needs-approval', 1])
  rest.resolve()
  expect(await run.result()).toMatchObject({ status: 'error', error: { code: 'journal-conflict' } })
})

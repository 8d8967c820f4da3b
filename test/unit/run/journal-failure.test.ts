import { afterEach, describe, expect, test, vi } from 'vitest'
import { sleep } from '../../../src/base/signal.ts'
import type { Journal } from '../../../src/journal/journal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { Run } from '../../../src/run/run.ts'
import { verifyChain } from '../../../src/report/verify.ts'
import type { RunResult } from '../../../src/runtime-options.ts'
import { agentOf, collect, finish, policyOf, toolOf, ways } from '../../support/agent.ts'
import { failingJournal, type FailingJournal } from '../../support/journal.ts'

afterEach(() => void vi.useRealTimers())

const who = { roles: ['user'] }
const policy = policyOf({
  rules: [
    { id: 'allowed', allow: ['act'], who },
    { id: 'asked', ask: ['ask'], who },
  ],
})

const turns = [
  { text: 'a', calls: [{ tool: 'act', args: { n: 1 } }, { tool: 'ask' }, { tool: 'nope' }] },
  { calls: [{ tool: 'act', args: { n: 2 } }] },
  { text: 'b' },
]

/** One run over the journal; notes what was not on disk when a tool ran or the model was asked. */
async function runOver(
  journal: FailingJournal,
  way: (typeof ways)[number],
  stop: (run: Run<RunResult>) => unknown = () => undefined,
) {
  const unwritten: string[] = []
  let executions = 0
  const tools = ['act', 'ask'].map((name) =>
    toolOf(name, {
      execute(_, { callId }) {
        executions++
        const intent = journal.written.some(
          (event) => event.type === 'execution-start' && event.callId === callId,
        )
        if (!intent) unwritten.push(callId)
        return 'done'
      },
    }),
  )
  const { start, model } = agentOf(turns, { tools, policy, journal })
  const run = start({ approve: () => ({ action: 'approve', by: { subject: 'ada' } }) })
  void stop(run)
  const seen: string[] = []
  if (way === 'iterated') for await (const event of run) seen.push(event.type)
  const result = await run.result()
  return { result, unwritten, executions, seen, requests: model.requests.length }
}

describe.each(ways)('a journal that fails, %s', (way) => {
  test.each(['throws', 'rejects'] as const)(
    'at any append (%s) ends the run, and nothing runs without its intent on disk',
    async (how) => {
      const sound = failingJournal(Infinity, how)
      expect((await runOver(sound, way)).result.status).toBe('completed')
      expect(sound.appends).toBeGreaterThan(6)
      for (let failing = 1; failing <= sound.appends; failing++) {
        const journal = failingJournal(failing, how)
        const { result, unwritten, executions, seen, requests } = await runOver(journal, way)
        expect(unwritten).toEqual([])
        const intents = journal.written.filter(({ type }) => type === 'execution-start')
        expect(executions).toBeLessThanOrEqual(intents.length)
        const outcomes = journal.written.filter(({ type }) => type === 'tool-result')
        if (requests > 1) expect(outcomes.length).toBeGreaterThanOrEqual(3)
        expect(result).toMatchObject({ status: 'error', error: { code: 'bad-journal' } })
        expect(result.report.header.runId).toBe(result.runId)
        expect(result.report.openCalls).toEqual([])
        expect(result.report.end).toMatchObject({ status: 'error', error: { code: 'bad-journal' } })
        // nobody is told of a record that is not there
        const verified = await verifyChain(journal.records, { head: result.report.head ?? '' })
        expect(verified.verdict).toBe(failing === 1 ? 'EMPTY' : 'INCOMPLETE')
        expect(result.report.head).toBe(verified.head)
        expect(seen.filter((type) => type === 'end')).toHaveLength(way === 'iterated' ? 1 : 0)
        if (way === 'iterated') expect(seen.at(-1)).toBe('end')
      }
    },
  )
})

test.each(ways)(
  'a journal that never answers holds up a run only until it is stopped, %s',
  async (way) => {
    vi.useFakeTimers()
    const sound = failingJournal(Infinity, 'hangs')
    await runOver(sound, way)
    for (let failing = 1; failing <= sound.appends; failing++) {
      const journal = failingJournal(failing, 'hangs')
      const { result, unwritten, executions, seen } = await runOver(journal, way, async (run) => {
        await journal.failed
        await vi.advanceTimersByTimeAsync(60_000)
        run.cancel()
        await vi.advanceTimersByTimeAsync(10_000)
      })
      expect(unwritten).toEqual([])
      const intents = journal.written.filter(({ type }) => type === 'execution-start')
      expect(executions).toBeLessThanOrEqual(intents.length)
      expect(result).toMatchObject({
        status: 'error',
        error: { code: 'bad-journal', message: expect.stringContaining('did not answer') },
        report: { end: { status: 'error' }, openCalls: [] },
      })
      expect(seen.filter((type) => type === 'end')).toHaveLength(way === 'iterated' ? 1 : 0)
      if (way === 'iterated') expect(seen.at(-1)).toBe('end')
      expect(vi.getTimerCount()).toBe(0)
    }
  },
)

test('a journal that never answers holds up a run only until its time is over', async () => {
  vi.useFakeTimers()
  const journal = failingJournal(1, 'hangs')
  const { start } = agentOf([turns[2]!], { journal, limits: { runTimeoutMs: 30_000 } })
  const ended = start().result()
  await vi.advanceTimersByTimeAsync(40_000)
  expect(await ended).toMatchObject({ status: 'error', error: { code: 'bad-journal' } })
})

test('a journal that answers late still has the end of a run that was cancelled', async () => {
  vi.useFakeTimers()
  const journal = memoryJournal()
  const slow: Journal = {
    ...journal,
    async append(...given) {
      await sleep(1_000, new AbortController().signal)
      await journal.append(...given)
    },
  }
  const { start } = agentOf([turns[2]!], { journal: slow })
  const run = start()
  const ended = run.result()
  run.cancel()
  await vi.advanceTimersByTimeAsync(10_000)
  const { status } = await ended
  expect(status).toBe('cancelled')
  expect((await collect(run.events())).at(-1)).toMatchObject({ type: 'end', status })
})

test('a writer that was overtaken stops its run', async () => {
  const journal = failingJournal(Infinity, 'throws')
  const act = toolOf('act', {
    execute: async (_, { runId }) => {
      const seq = journal.written.length
      await journal.append(runId, seq, [{ seq, line: '{}', hash: 'sha256:0', durable: false }])
      return 'done'
    },
  })
  const { start, model } = agentOf(turns, { tools: [act, toolOf('ask')], policy, journal })
  const result = await start().result()
  expect(result).toMatchObject({ status: 'error', error: { code: 'journal-conflict' } })
  expect(model.requests).toHaveLength(1)
})

test('a journal that fails gives back what limits have reserved', async () => {
  const limited = policyOf({
    rules: [{ id: 'allowed', allow: ['act'], who }],
    limits: [{ id: 'one', tools: ['act'], per: 'subject', max: 1, over: 'deny' }],
  })
  const sound = failingJournal(Infinity, 'rejects')
  let journal = failingJournal(2, 'rejects')
  const { start } = agentOf([turns[1]!, turns[1]!, turns[2]!], {
    tools: [toolOf('act')],
    policy: limited,
    journal: {
      ...sound,
      append: (...given) => journal.append(...given),
      read: (...given) => sound.read(...given),
    },
  })
  const { result } = await finish(start(), 'result only')
  expect(result.report.rows.map(({ status, attempts }) => [status, attempts])).toEqual([
    ['cancelled', 0],
  ])
  journal = sound
  const again = await start().result()
  expect(again.report.rows.map(({ status }) => status)).toEqual(['success'])
})

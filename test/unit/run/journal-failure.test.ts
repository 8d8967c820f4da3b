import { describe, expect, test } from 'vitest'
import { agentOf, finish, policyOf, toolOf, ways } from '../../support/agent.ts'
import { failingJournal, type FailingJournal } from '../../support/journal.ts'

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
async function runOver(journal: FailingJournal, way: (typeof ways)[number]) {
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
        expect(seen.filter((type) => type === 'end')).toHaveLength(way === 'iterated' ? 1 : 0)
        if (way === 'iterated') expect(seen.at(-1)).toBe('end')
      }
    },
  )
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

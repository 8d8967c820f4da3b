import { join } from 'node:path'
import { StatementSync } from 'node:sqlite'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createGate } from '../../../src/gate/index.ts'
import { memoryHistory } from '../../../src/history/memory.ts'
import type { Journal } from '../../../src/journal/journal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { sqliteJournal } from '../../../src/journal/sqlite.ts'
import type { Tool } from '../../../src/tools/tool.ts'
import { asking, subAgent } from '../../support/agent-tree.ts'
import { agentOf, allowing, policyOf, toolOf, user } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'

afterEach(() => void vi.restoreAllMocks())

/** The types of the records of each append. */
function noting(inner: Journal): { readonly journal: Journal; readonly appends: string[][] } {
  const appends: string[][] = []
  const journal: Journal = {
    ...inner,
    async append(runId, expectedSeq, records) {
      await inner.append(runId, expectedSeq, records)
      appends.push(records.map(({ line }) => (JSON.parse(line) as { type: string }).type))
    },
  }
  return { journal, appends }
}

const act = toolOf('act')
const policy = allowing('act')
const oneCall = [{ calls: [{ tool: 'act' }] }, { text: 'done' }]

const askingBoth = (a: string, b: string) => [{ calls: [asking(a), asking(b)] }, { text: 'done' }]

const isResult = (type: string): boolean => type === 'tool-result'

test('two turns with one call are four appends: the outcome goes with what follows it at once', async () => {
  const { journal, appends } = noting(memoryJournal())
  await agentOf(oneCall, { tools: [act], policy, journal })
    .start()
    .result()
  expect(appends).toEqual([
    ['run-start', 'turn-start'],
    ['usage', 'tool-call', 'decision', 'execution-start'],
    ['tool-result', 'turn-end', 'turn-start'],
    ['usage', 'turn-end', 'end'],
  ])
})

test('a run that waits for people is written to its end along with the end of its turn', async () => {
  const { journal, appends } = noting(memoryJournal())
  const policyThatAsks = policyOf({
    rules: [{ id: 'asked', ask: ['act'], approvers: { count: 1 } }],
  })
  const { status } = await agentOf(oneCall, { tools: [act], policy: policyThatAsks, journal })
    .start()
    .result()
  expect(status).toBe('needs-approval')
  expect(appends.at(-1)).toEqual(expect.arrayContaining(['turn-end', 'end']))
})

test('over SQLite they are four transactions', async () => {
  const journal = sqliteJournal(join(temporaryFolder(), 'journal.db'))
  const ran: string[] = []
  for (const name of ['get', 'run'] as const) {
    const step: (...values: never[]) => unknown = StatementSync.prototype[name]
    vi.spyOn(StatementSync.prototype, name).mockImplementation(function (
      this: StatementSync,
      ...values
    ) {
      ran.push(this.sourceSQL)
      return Reflect.apply(step, this, values) as never
    })
  }
  await agentOf(oneCall, { tools: [act], policy, journal })
    .start()
    .result()
  expect(ran.filter((sql) => sql === 'COMMIT')).toHaveLength(4)
  await journal.close()
})

describe('the outcome of the last call is on disk', () => {
  test('before another turn is prepared', async () => {
    const { journal, appends } = noting(memoryJournal())
    const before: string[][] = []
    const prepareTurn = () => void before.push(appends.flat())
    await agentOf(oneCall, { tools: [act], policy, journal, prepareTurn })
      .start()
      .result()
    expect(before).toHaveLength(2)
    expect(before[1]).toContain('tool-result')
  })

  test('before the conversation of a run is kept that ends at a limit', async () => {
    const { journal, appends } = noting(memoryJournal())
    const history = memoryHistory()
    const before: string[][] = []
    const agent = agentOf(oneCall, {
      tools: [act],
      policy,
      journal,
      limits: { maxTurns: 1 },
      history: {
        ...history,
        append(...given) {
          before.push(appends.flat())
          return history.append(...given)
        },
      },
    })
    const { status } = await agent.start({ session: 's' }).result()
    expect(status).toBe('limit')
    expect(before).toHaveLength(1)
    expect(before[0]).toContain('tool-result')
  })

  test('before a call of another run gets its key', async () => {
    const { journal, appends } = noting(memoryJournal())
    const before: string[][] = []
    const one = toolOf('act', {
      concurrencyKey: () => 'k',
      execute: () => void before.push(appends.flat()),
    })
    const runs = [...oneCall, ...oneCall].toSorted((a) => ('calls' in a ? -1 : 1))
    const agent = agentOf(runs, { tools: [one], policy, journal })
    await Promise.all([agent.start().result(), agent.start().result()])
    expect(before).toHaveLength(2)
    expect(before[1]).toContain('tool-result')
  })

  test('before a tool of another agent gets its place', async () => {
    const { journal, appends } = noting(memoryJournal())
    const done: number[] = []
    const one = toolOf('act', {
      execute: () => void done.push(appends.flat().filter(isResult).length),
    })
    const leaf = (name: string): Tool => subAgent(name, oneCall, { tools: [one] }).tool
    const above = (name: string): Tool => {
      const tools = [leaf(`${name}1`), leaf(`${name}2`)]
      return subAgent(name, askingBoth(`${name}1`, `${name}2`), { tools }).tool
    }
    const { status } = await agentOf(askingBoth('a', 'b'), {
      tools: [above('a'), above('b')],
      policy: allowing('**'),
      journal,
      limits: { maxParallel: 2 },
    })
      .start()
      .result()
    expect(status).toBe('completed')
    // two at a time
    expect(done).toHaveLength(4)
    expect(done[2]).toBeGreaterThanOrEqual(1)
    expect(done[3]).toBeGreaterThanOrEqual(2)
  })

  test('before a program that asks the gate goes on', async () => {
    const { journal, appends } = noting(memoryJournal())
    const gate = await createGate(policy, { tools: [{ name: 'act' }], journal })
    const { callId } = await gate.judge({ tool: 'act', args: {} }, user, 's')
    await gate.settle(callId, { result: 'done' })
    expect(appends.flat()).toContain('tool-result')
    await gate.close()
  })
})

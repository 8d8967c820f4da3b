import { describe, expect, test, vi } from 'vitest'
import type { Journal, JournalRecord } from '../../../src/journal/journal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { Model } from '../../../src/protocol/model.ts'
import type { Principal } from '../../../src/protocol/principal.ts'
import { verifyJournal } from '../../../src/report/verify-journal.ts'
import { createRuntime } from '../../../src/runtime.ts'
import type { Runtime } from '../../../src/runtime-handle.ts'
import { agentTool } from '../../../src/sub-agent.ts'
import type { ScriptedCall } from '../../../src/testing/turn.ts'
import { allowing, collect, policyOf, toolOf, user } from '../../support/agent.ts'
import { answering, asking, resultsIn } from '../../support/agent-tree.ts'

interface Append {
  readonly runId: string
  readonly seq: number
  readonly records: readonly JournalRecord[]
}

/** A journal that notes what is appended. */
function noting(): { readonly journal: Journal; readonly appends: Append[] } {
  const journal = memoryJournal()
  const appends: Append[] = []
  return {
    appends,
    journal: {
      ...journal,
      append(runId, seq, records) {
        appends.push({ runId, seq, records: [...records] })
        return journal.append(runId, seq, records)
      },
    },
  }
}

async function replayed(appends: readonly Append[]): Promise<Journal> {
  const journal = memoryJournal()
  for (const { records, runId, seq } of appends) await journal.append(runId, seq, records)
  return journal
}

interface World {
  sent: number
}

/** A model that calls once and answers then, whenever it is asked. */
function step(call: ScriptedCall, answer: string): Model {
  return answering((request) => (resultsIn(request) === 0 ? { calls: [call] } : { text: answer }))
}

/** Two agents deep, a tool that must not run twice; models say the same whenever they are asked. */
function runtimeOver(journal: Journal, world: World, fields: object = {}): Runtime {
  const send = toolOf('send', {
    async execute() {
      world.sent++
      await new Promise((resolve) => setTimeout(resolve, 1))
      return 'sent'
    },
  })
  const inner = agentTool({
    name: 'inner',
    description: '',
    tools: [send],
    model: step({ tool: 'send' }, 'inner is done'),
  })
  const outer = agentTool({
    name: 'outer',
    description: '',
    tools: [inner],
    model: step(asking('inner'), 'outer is done'),
  })
  return createRuntime({
    model: step(asking('outer'), 'all is done'),
    tools: [outer],
    policy: allowing('**'),
    authenticator: (given) => given as Principal,
    journal,
    ...fields,
  })
}

const start = { input: 'go', auth: { custom: user } }

async function verdictsOf(journal: Journal): Promise<readonly string[]> {
  return (await collect(verifyJournal(journal))).map(({ verdict }) => verdict)
}

describe('a process that dies while agents are at work', () => {
  test('leaves runs that go on wherever they were, and no call runs twice', async () => {
    const { appends, journal } = noting()
    const world = { sent: 0 }
    const sentAt: number[] = []
    const watching: Journal = {
      ...journal,
      append(runId, seq, records) {
        sentAt.push(world.sent)
        return journal.append(runId, seq, records)
      },
    }
    const { runId } = await runtimeOver(watching, world).run(start).result()
    expect(world.sent).toBe(1)
    expect(appends.length).toBeGreaterThan(10)
    const ends = new Set<string>()
    for (let count = 1; count <= appends.length; count++) {
      const left = await replayed(appends.slice(0, count))
      // what had run when the next append began had run when the process died
      const now = { sent: sentAt[count] ?? 1 }
      const runtime = runtimeOver(left, now)
      const resumed = await runtime
        .resume(runId)
        .result()
        .catch((error: { code: string }) => error)
      if ('code' in resumed) {
        expect(resumed.code).toBe('run-not-resumable')
        expect(count).toBe(appends.length)
        continue
      }
      ends.add(resumed.status)
      expect(now.sent).toBeLessThanOrEqual(1)
      if (resumed.status === 'needs-approval') {
        const [callId] = resumed.inDoubt as [string]
        const resolve = { [callId]: 'success' as const }
        const told = await runtime.resume(runId, { resolve }).result()
        expect(told).toMatchObject({ status: 'completed', text: 'all is done' })
      } else {
        expect(resumed).toMatchObject({ status: 'completed', text: 'all is done' })
      }
      expect(now.sent).toBeLessThanOrEqual(1)
      expect(new Set(await verdictsOf(left))).toEqual(new Set(['CONSISTENT']))
    }
    expect(ends).toEqual(new Set(['completed', 'needs-approval']))
  })
})

function isSending({ records }: Append): boolean {
  return records.some(({ line }) => line.includes('"execution-start"') && line.includes('"send"'))
}

describe('an agent whose process died in the midst of a call', () => {
  test('leaves that in doubt where the policy refuses to let the agent go on', async () => {
    const { appends, journal } = noting()
    const world = { sent: 0 }
    const { runId } = await runtimeOver(journal, world).run(start).result()
    const before = appends.slice(0, appends.findIndex(isSending) + 1)
    for (const denied of ['outer', 'inner']) {
      const policy = policyOf({
        rules: [
          { id: 'all', allow: ['**'] },
          { id: 'no', deny: [denied] },
        ],
      })
      const runtime = runtimeOver(await replayed(before), world, { policy })
      const { inDoubt, report, status } = await runtime.resume(runId).result()
      expect([status, inDoubt.length]).toEqual(['needs-approval', 1])
      expect(report.openCalls).toHaveLength(1)
      const resolve = { [inDoubt[0]!]: 'failed' as const }
      expect((await runtime.resume(runId, { resolve }).result()).status).toBe('completed')
    }
    expect(world.sent).toBe(1)
  })
})

interface Whole {
  readonly appends: readonly Append[]
  readonly runs: readonly string[]
}

async function whole(): Promise<Whole> {
  const { appends, journal } = noting()
  await runtimeOver(journal, { sent: 0 }).run(start).result()
  return { appends, runs: await collect(journal.list()) }
}

describe('the tree of runs', () => {
  test('does not verify without the run of an agent', async () => {
    const { appends, runs } = await whole()
    for (const gone of runs.slice(1)) {
      const left = await replayed(appends.filter(({ runId }) => runId !== gone))
      expect(await verdictsOf(left)).toContain('MISSING_RUN')
    }
  })

  test('does not verify where the run of an agent was cut', async () => {
    const { appends, runs } = await whole()
    for (const cut of runs.slice(1)) {
      const last = appends.findLastIndex(({ runId }) => runId === cut)
      const verdicts = await verdictsOf(await replayed(appends.filter((_, at) => at !== last)))
      expect(verdicts.every((verdict) => verdict === 'CONSISTENT')).toBe(false)
    }
  })

  test('is not carried on where the run of an agent is gone or another one', async () => {
    const policy = policyOf({
      rules: [
        { id: 'all', allow: ['outer', 'inner'] },
        { id: 'asks', ask: ['send'] },
      ],
    })
    const { appends, journal } = noting()
    const world = { sent: 0 }
    const { runId } = await runtimeOver(journal, world, { policy }).run(start).result()
    const runs = await collect(journal.list())
    for (const child of runs.slice(1)) {
      const without = await replayed(appends.filter((append) => append.runId !== child))
      const gone = runtimeOver(without, world, { policy }).resume(runId).result()
      await expect(gone).rejects.toMatchObject({ code: 'run-not-resumable' })
      const at = appends.findLastIndex((append) => append.runId === child)
      const cut = await replayed(appends.filter((_, index) => index !== at))
      const altered = runtimeOver(cut, world, { policy }).resume(runId).result()
      await expect(altered).rejects.toMatchObject({ code: 'bad-journal' })
    }
    expect(world.sent).toBe(0)
  })
})

/** A model that calls whenever it is asked. */
function level(calls: readonly ScriptedCall[]): Model {
  return answering(() => ({ calls }))
}

describe('a run that is stopped', () => {
  test('ends all agents below at once, and waits for no tool that does not listen', async () => {
    let atWork = 0
    const allAtWork = Promise.withResolvers<void>()
    const stuck = toolOf('stuck', {
      execute: () => {
        if (++atWork === 4) allAtWork.resolve()
        return new Promise(() => undefined)
      },
    })
    const third = agentTool({
      name: 'third',
      description: '',
      tools: [stuck],
      model: level([{ tool: 'stuck' }]),
    })
    const second = agentTool({
      name: 'second',
      description: '',
      tools: [third],
      model: level([asking('third', 'a'), asking('third', 'b')]),
    })
    const first = agentTool({
      name: 'first',
      description: '',
      tools: [second],
      model: level([asking('second', 'a'), asking('second', 'b')]),
    })
    const journal = memoryJournal()
    const runtime = createRuntime({
      model: level([asking('first')]),
      tools: [first],
      policy: allowing('**'),
      authenticator: (given) => given as Principal,
      journal,
    })
    const run = runtime.run(start)
    await allAtWork.promise
    // no timer goes off from here on: nothing is waited for
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] })
    run.cancel()
    const { status } = await run.result().finally(() => vi.useRealTimers())
    expect(status).toBe('cancelled')
    const found = await collect(verifyJournal(journal))
    expect(found.map(({ verdict }) => verdict)).toEqual(
      Array.from({ length: 8 }, () => 'CONSISTENT'),
    )
    expect(atWork).toBe(4)
  })

  test('by the name of an agent ends that agent, and refuses it from then on', async () => {
    const world = { sent: 0 }
    const journal = memoryJournal()
    const runtime = runtimeOver(journal, world)
    await runtime.stop({ tool: 'inner' })
    expect((await runtime.run(start).result()).status).toBe('completed')
    expect(world.sent).toBe(0)
  })
})

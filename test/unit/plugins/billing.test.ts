import { describe, expect, test } from 'vitest'
import { billing, type BillingOptions, type BillingPlugin } from '../../../src/plugins/billing.ts'
import type { Charge } from '../../../src/plugins/charges.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { router } from '../../../src/model/router.ts'
import type { Model } from '../../../src/protocol/model.ts'
import type { PrepareTurn } from '../../../src/run/prepare.ts'
import type { RuntimeOptions } from '../../../src/runtime-options.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import type { ScriptedTurn } from '../../../src/testing/turn.ts'
import { agentOf, allowing, collect, policyOf, toolOf, type Agent } from '../../support/agent.ts'
import { cutAt } from '../../support/course.ts'

const usage = { inputTokens: 10, outputTokens: 5, cost: 0.25 }
const turns: readonly ScriptedTurn[] = [
  { calls: [{ tool: 'act' }], usage },
  { text: 'ok', usage: { ...usage, cost: 0.5 } },
]

function billed(
  options: BillingOptions,
  more: Partial<RuntimeOptions> = {},
  script = turns,
): Agent & { readonly plugin: BillingPlugin } {
  const plugin = billing(options)
  const given = { policy: allowing('act'), tools: [toolOf('act')], log: () => undefined }
  return { ...agentOf(script, { ...given, ...more, plugins: [plugin] }), plugin }
}

describe('the billing plugin', () => {
  test('S2-60: reports each response by run, session and principal, with the source of its cost', async () => {
    const charges: Charge[] = []
    const { start } = billed({ report: (charge) => void charges.push(charge) })
    const { runId } = await start({ session: 's1' }).result()
    const about = {
      runId,
      session: 's1',
      principal: { subject: 'user-1' },
      provider: 'testing',
      model: 'scripted',
    }
    const source = { currency: 'USD', source: 'provider' }
    expect(charges).toMatchObject([
      { ...about, id: `${runId}:1`, turn: 1, cost: { amount: 0.25, ...source } },
      { ...about, id: `${runId}:2`, turn: 2, cost: { amount: 0.5, ...source } },
    ])
    expect(charges[0]!.usage).toMatchObject({ inputTokens: 10, outputTokens: 5 })
  })

  test('reports in order and one at a time', async () => {
    let atWork = 0
    const seen: number[] = []
    const { runtime, start } = billed({
      async report({ turn }) {
        expect(++atWork).toBe(1)
        await new Promise((resolve) => setTimeout(resolve, 2))
        seen.push(turn)
        atWork--
      },
    })
    await start().result()
    await runtime.close()
    expect(seen).toEqual([1, 2])
  })

  test('keeps what cannot be reported, counts the fault and tells it again', async () => {
    let down = true
    const seen: string[] = []
    const { plugin, runtime, start } = billed({
      report({ id }) {
        if (down) throw new Error('no connection')
        seen.push(id)
      },
    })
    const { runId, status } = await start().result()
    expect(status).toBe('completed')
    expect(plugin.pending()).toBe(2)
    expect(runtime.pluginFaults()).toEqual({ billing: 2 })
    down = false
    await runtime.close()
    expect(seen).toEqual([`${runId}:1`, `${runId}:2`])
    expect(plugin.pending()).toBe(0)
  })

  test('gives up the oldest where too many wait, also behind a reporter that hangs', async () => {
    const { plugin, runtime, start } = billed({
      report: () => new Promise(() => undefined),
      maxPending: 1,
    })
    await start().result()
    expect(plugin.pending()).toBe(1)
    expect(runtime.pluginFaults()).toEqual({ billing: 1 })
  })

  test('charges a response once, also where the run is taken up', async () => {
    const charges: string[] = []
    const journal = memoryJournal()
    const policy = policyOf({ rules: [{ id: 'asked', ask: ['act'], who: { roles: ['user'] } }] })
    const options: BillingOptions = { report: ({ id }) => void charges.push(id) }
    const first = await billed(options, { journal, policy }).start().result()
    expect(first.status).toBe('needs-approval')
    const { runtime } = billed(options, { journal, policy }, turns.slice(1))
    const decisions = [{ id: first.approvals[0]!.id, action: 'approve' } as const]
    const second = await runtime.resume(first.runId, { decisions }).result()
    expect(second.status).toBe('completed')
    expect(charges).toEqual([`${first.runId}:1`, `${first.runId}:2`])
  })

  test('charges a response of a run that is stopped', async () => {
    const charges: string[] = []
    const act = toolOf('act', { execute: () => new Promise(() => undefined) })
    const { start } = billed({ report: ({ id }) => void charges.push(id) }, { tools: [act] })
    const run = start()
    for await (const { type } of run) if (type === 'execution-start') run.cancel()
    expect((await run.result()).status).toBe('cancelled')
    expect(charges).toEqual([`${run.id}:1`])
  })

  test('charges a response to the provider that was asked for it', async () => {
    const charges: Charge[] = []
    const report = (charge: Charge): void => void charges.push(charge)
    const failing = {
      ...scripted([{ error: { message: 'down', code: 503 } }]),
      provider: 'first',
      id: 'a',
    }
    const standby = { ...scripted([turns[0]!]), provider: 'second', id: 'b/large' }
    const model = router({
      providers: [failing, standby],
      rules: [{ trigger: 'error', action: 'switch_provider', provider: 'second' }],
    })
    const other = { ...scripted([turns[1]!]), provider: 'third', id: 'c' }
    const prepareTurn: PrepareTurn = ({ turn }) => (turn === 2 ? { model: other } : {})
    await billed({ report }, { model, prepareTurn }).start().result()
    expect(charges.map(({ provider }) => provider)).toEqual(['second', 'third'])
  })

  test('names the provider that was asked before where a model falls back to a name without one', async () => {
    const charges: Charge[] = []
    const answering = scripted([turns[1]!])
    const model: Model = {
      id: 'a',
      provider: 'first',
      async *stream(request, options) {
        const error = { code: 'model-error', message: 'down', retryable: true } as const
        yield { type: 'fallback', from: 'a', to: 'gpt-4', error }
        yield* answering.stream(request, options)
      },
    }
    const report = (charge: Charge): void => void charges.push(charge)
    await billed({ report }, { model }).start().result()
    expect(charges.map(({ provider }) => provider)).toEqual(['first'])
  })

  test('charges a response that is taken up to the one that was asked for it', async () => {
    const charges: Charge[] = []
    const options: BillingOptions = { report: (charge) => void charges.push(charge) }
    const journal = memoryJournal()
    const failing = scripted([{ error: { message: 'down', code: 503 } }])
    const model = router({
      providers: [
        { ...failing, provider: 'first', id: 'a' },
        { ...scripted([turns[0]!]), provider: 'second', id: 'b/large' },
      ],
      rules: [{ trigger: 'error', action: 'switch_provider', provider: 'second' }],
    })
    const { runId } = await billed({ report: () => undefined }, { journal, model })
      .start()
      .result()
    const events = await collect(journal.read(runId))
    const end = events.findIndex(({ line }) => line.includes('"type":"turn-end"'))
    const cut = await cutAt(journal, runId, end)
    const { runtime } = billed(options, { journal: cut }, turns.slice(1))
    expect((await runtime.resume(runId).result()).status).toBe('completed')
    expect(charges).toMatchObject([
      { id: `${runId}:1`, provider: 'second', model: 'b/large', cost: { amount: 0.25 } },
      { id: `${runId}:2`, provider: 'testing', model: 'scripted' },
    ])
  })

  test.each([{}, { report: 'x' }, { report: () => 1, maxPending: 0 }])('takes no %o', (options) => {
    expect(() => billing(options as never)).toThrow(expect.objectContaining({ code: 'bad-option' }))
  })
})

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { metrics, type MetricsPlugin } from '../../../src/plugins/metrics.ts'
import type { Sample } from '../../../src/plugins/series.ts'
import { Series } from '../../../src/plugins/series.ts'
import type { ScriptedTurn } from '../../../src/testing/turn.ts'
import { agentOf, allowing, toolOf } from '../../support/agent.ts'
import { pluginOf } from '../../support/plugins.ts'

async function countedOf(
  turns: readonly ScriptedTurn[],
  plugin: MetricsPlugin = metrics(),
): Promise<MetricsPlugin> {
  const tools = [toolOf('act'), toolOf('other')]
  const broken = pluginOf({ onEvent: () => Promise.reject(new Error('disk full')) }, 'broken')
  const plugins = [plugin, broken]
  const options = { plugins, policy: allowing('act'), tools, log: () => undefined }
  await agentOf(turns, options).start().result()
  return plugin
}

function valueOf(samples: readonly Sample[] | undefined, labels: Sample['labels']): unknown {
  return samples?.find((sample) => JSON.stringify(sample.labels) === JSON.stringify(labels))?.value
}

const turns: readonly ScriptedTurn[] = [
  {
    calls: [{ tool: 'act' }, { tool: 'other' }, { tool: 'made up' }],
    usage: { inputTokens: 10, outputTokens: 5, cost: 0.1 },
  },
  { text: 'ok', usage: { inputTokens: 20, outputTokens: 5, cost: 0.2 } },
]

/** Reads the text format back; throws for what does not follow it. */
function read(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  const types = new Set<string>()
  for (const line of text.split('\n')) {
    if (line === '') continue
    const comment = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line)
    if (comment !== null) {
      if (comment[1] === 'TYPE') types.add(comment[2]!)
      continue
    }
    const label = String.raw`[a-z]+="(?:[^"\\\n]|\\["\\n])*"`
    const sample = new RegExp(`^([a-z_]+)((?:\\{${label}(?:,${label})*\\})?) (\\d\\S*)$`).exec(line)
    if (sample === null || !types.has(sample[1]!)) throw new Error(`no sample: ${line}`)
    found.set(sample[1]! + sample[2]!, Number(sample[3]))
  }
  return found
}

describe('the metrics plugin', () => {
  test('S2-60: counts runs, calls, decisions, tokens and money', async () => {
    const found = (await countedOf(turns)).snapshot()
    expect(valueOf(found['sallyport_runs_total'], { status: 'completed' })).toBe(1)
    expect(valueOf(found['sallyport_runs_active'], {})).toBe(0)
    const calls = found['sallyport_calls_total']
    expect(valueOf(calls, { tool: 'act', status: 'success' })).toBe(1)
    expect(valueOf(calls, { tool: 'other', status: 'error-security' })).toBe(1)
    expect(valueOf(calls, { tool: '(unknown)', status: 'error-not-found' })).toBe(1)
    expect(calls).toHaveLength(3)
    const rules = found['sallyport_decisions_total']
    expect(valueOf(rules, { effect: 'allow', rule: 'allowed' })).toBe(1)
    const model = { provider: 'testing', model: 'scripted' }
    expect(valueOf(found['sallyport_tokens_total'], { ...model, kind: 'input' })).toBe(30)
    // 0.1 and 0.2 as decimals
    expect(valueOf(found['sallyport_cost_dollars_total'], { ...model, source: 'provider' })).toBe(
      0.3,
    )
    const faults = found['sallyport_plugin_faults_total']
    expect(valueOf(faults, { plugin: 'broken' })).toBeGreaterThan(0)
  })

  test('says the same in the text format of Prometheus', async () => {
    const plugin = await countedOf(turns)
    const text = read(plugin.prometheus())
    expect(text.get('sallyport_calls_total{tool="act",status="success"}')).toBe(1)
    expect(text.get('sallyport_runs_active')).toBe(0)
    const samples = Object.values(plugin.snapshot()).flat()
    expect(text.size).toBe(samples.length)
  })

  test('counts a run that is at work', async () => {
    const plugin = metrics()
    const started = Promise.withResolvers<void>()
    const carryOn = Promise.withResolvers<void>()
    const act = toolOf('act', {
      async execute() {
        started.resolve()
        await carryOn.promise
      },
    })
    const script = [{ calls: [{ tool: 'act' }] }, { text: 'ok' }]
    const options = { plugins: [plugin], policy: allowing('act'), tools: [act] }
    const run = agentOf(script, options).start()
    await started.promise
    expect(plugin.snapshot()['sallyport_runs_active']).toEqual([{ labels: {}, value: 1 }])
    carryOn.resolve()
    await run.result()
    expect(plugin.snapshot()['sallyport_runs_active']).toEqual([{ labels: {}, value: 0 }])
  })

  test('is bounded, whatever models make up', () => {
    const series = new Series({
      name: 'x_total',
      help: 'x.',
      type: 'counter',
      labels: ['a', 'b'],
      maxSets: 10,
    })
    for (let n = 0; n < 1000; n++) series.add(1, `${n}`, 'y'.repeat(10_000))
    const samples = series.samples()
    expect(samples).toHaveLength(10)
    expect(valueOf(samples, { a: '(other)', b: '(other)' })).toBe(991)
    expect(series.text().length).toBeLessThan(2500)
  })

  test('leaves out what would end a counter', () => {
    const series = new Series({
      name: 'x_total',
      help: 'x.',
      type: 'counter',
      labels: [],
      maxSets: 10,
    })
    for (const value of [Number.MAX_VALUE, Number.MAX_VALUE, Infinity, Number.NaN, -1]) {
      series.add(value)
    }
    expect(series.samples()).toEqual([{ labels: {}, value: Number.MAX_VALUE }])
  })

  test('keeps to the format whatever the labels hold, and never counts down', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.double())), (added) => {
        const options = { name: 'x_total', help: 'x.', type: 'counter', labels: ['a'] } as const
        const series = new Series({ ...options, maxSets: 1000 })
        for (const [label, value] of added) series.add(value, label)
        const text = series.text()
        expect(read(text).size).toBe(series.samples().length)
        expect(text.isWellFormed()).toBe(true)
        for (const { value } of series.samples()) expect(value).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  test.each([{ maxSets: 1 }, { maxSets: 'many' }, { sets: 5 }])('takes no %o', (options) => {
    expect(() => metrics(options as never)).toThrow(expect.objectContaining({ code: 'bad-option' }))
  })
})

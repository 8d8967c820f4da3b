import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { anthropic } from '../../../src/model/anthropic.ts'
import { openaiCompatible } from '../../../src/model/compatible.ts'
import type { HttpModel } from '../../../src/model/http-model.ts'
import { fakeProvider, type FakeProvider } from '../../../src/testing/fake-provider.ts'
import { agentOf, allowing, finish, toolOf } from '../../support/agent.ts'
import { expectEventOrder, expectOneRecord } from '../../support/laws.ts'
import { verifyRun } from '../../support/verify-run.ts'
import { changedBy, listIn, objectIn, type Fields, type Sent } from './quirks/quirk.ts'
import { comesTo, recordings, runsOf, suites, written } from './quirks/recorded.ts'

/** What a request says of the calls of the answer before it, and of the thoughts it sends back. */
interface Told {
  readonly calls: readonly unknown[]
  readonly results: readonly unknown[]
  readonly thoughts: readonly unknown[]
}

interface Way {
  open(provider: FakeProvider): HttpModel
  told(body: Fields): Told
  /** The sealed thoughts of a recording, in the words of its provider. */
  thoughts(events: readonly Sent[]): readonly unknown[]
}

const retry = { attempts: 1 }
const usage = { inputTokens: 5, outputTokens: 3 }
const last = { text: 'over', usage }

function objectsIn(events: readonly Sent[]): readonly Fields[] {
  return events.flatMap(({ data }) => (typeof data === 'string' ? [] : [data]))
}

const ways: Readonly<Record<string, Way>> = {
  chat: {
    open: ({ baseUrl }) => openaiCompatible({ baseUrl, model: 'm', retry }),
    told(body) {
      const messages = listIn(body, 'messages')
      return {
        calls: messages.flatMap((each) => listIn(each, 'tool_calls').map(({ id }) => id)),
        results: messages.flatMap((each) =>
          each['role'] === 'tool' ? [each['tool_call_id']] : [],
        ),
        thoughts: messages.flatMap((each) => listIn(each, 'reasoning_details').flatMap(sealOf)),
      }
    },
    thoughts: (events) =>
      objectsIn(events)
        .flatMap((data) => listIn(data, 'choices'))
        .flatMap((choice) => listIn(objectIn(choice, 'delta'), 'reasoning_details'))
        .flatMap(sealOf),
  },
  responses: {
    open: ({ baseUrl }) => openaiCompatible({ baseUrl, model: 'm', wire: 'responses', retry }),
    told(body) {
      const items = listIn(body, 'input')
      return {
        calls: items.flatMap((each) =>
          /^(function|custom_tool)_call$/.test(String(each['type'])) ? [each['call_id']] : [],
        ),
        results: items.flatMap((each) =>
          String(each['type']).endsWith('_call_output') ? [each['call_id']] : [],
        ),
        thoughts: items.flatMap(sealOf),
      }
    },
    thoughts(events) {
      const objects = objectsIn(events)
      const end = objects.findLast(
        (data) => listIn(objectIn(data, 'response'), 'output').length > 0,
      )
      const items = objects.filter(
        ({ item, item_id: id }) => item !== undefined && id === undefined,
      )
      // what the end says of an item counts more than the item
      const listed = listIn(objectIn(end, 'response'), 'output').flatMap(sealOf)
      if (listed.length > 0) return listed
      const done = items.filter((data) => sealOf(objectIn(data, 'item')!).length > 0)
      return [
        ...new Map(done.map((data, at) => [data['output_index'] ?? at, data])).values(),
      ].flatMap((data) => sealOf(objectIn(data, 'item')!))
    },
  },
  anthropic: {
    open: ({ rootUrl }) => anthropic({ baseUrl: rootUrl, model: 'm', apiKey: 'none', retry }),
    told(body) {
      const blocks = listIn(body, 'messages').flatMap((each) => listIn(each, 'content'))
      return {
        calls: blocks.flatMap((each) => (each['type'] === 'tool_use' ? [each['id']] : [])),
        results: blocks.flatMap((each) =>
          each['type'] === 'tool_result' ? [each['tool_use_id']] : [],
        ),
        thoughts: blocks.flatMap((each) =>
          each['type'] === 'thinking' || each['type'] === 'redacted_thinking' ? sealOf(each) : [],
        ),
      }
    },
    thoughts: (events) =>
      objectsIn(events).flatMap((data) => {
        const block = objectIn(data, 'content_block')
        const isSealed = block?.['type'] === 'redacted_thinking'
        return [...(isSealed ? sealOf(block) : []), ...sealOf(objectIn(data, 'delta') ?? {})]
      }),
  },
}

/** What nobody but the provider can make: a signature, or data that only it can read. */
function sealOf(holder: Fields): readonly unknown[] {
  return ['signature', 'encrypted_content', 'data']
    .map((key) => holder[key])
    .filter((value) => typeof value === 'string' && value !== '')
}

describe.each(suites)('a run over recorded answers of the wire $wire', (suite) => {
  const { codec, quirks, wire } = suite
  const recorded = recordings(suite)
  const way = ways[wire]!
  const several = fc.uniqueArray(fc.constantFrom(...quirks), { maxLength: 2 })

  test('runs what the answer holds once, answers it once, and sends back what was sealed', async () => {
    let calls = 0
    let sealed = 0
    for (const { events } of recorded) {
      await fc.assert(
        fc.asyncProperty(several, async (some) => {
          const found = await runOver(changedBy(events, some) ?? events)
          calls += found.calls
          sealed += found.sealed
        }),
        { numRuns: 3 },
      )
    }
    expect(calls).toBeGreaterThan(0)
    expect(sealed).toBeGreaterThan(0)
  })

  /** How many calls ran, and how many sealed thoughts were sent back. */
  async function runOver(changed: readonly Sent[]) {
    const expected = comesTo(codec, changed)
    await using provider = await fakeProvider({
      turns: ({ number }) => (number === 0 ? { body: changed.map(written).join('') } : last),
    })
    const executed: unknown[] = []
    const names = new Set(expected.calls.map(([tool]) => String(tool)))
    const tools = [...names]
      .filter((name) => /^\w{1,64}$/.test(name))
      .map((name) =>
        toolOf(name, {
          execute(given) {
            executed.push([name, given, undefined])
            return 'done'
          },
        }),
      )
    const model = way.open(provider)
    const journal = memoryJournal()
    const agent = agentOf([], {
      model,
      journal,
      tools,
      policy: allowing('**'),
      limits: { maxParallel: 1 },
    })
    const finished = await finish(agent.start())
    await model.close()
    const { result } = finished

    expectEventOrder(finished.events)
    expectOneRecord(finished)
    await verifyRun(journal, result.runId)
    const runs = runsOf(expected)
    expect(executed).toEqual(runs)
    expect(result.report.rows).toHaveLength(expected.calls.length)
    expect(result.report.rows.filter(({ status }) => status === 'success')).toHaveLength(
      runs.length,
    )

    const again = provider.requests.length - 1
    const goesOn = expected.error === undefined && expected.finish !== 'content-filter'
    expect(again > 0).toBe(goesOn && (expected.calls.length > 0 || expected.finish === 'pause'))
    expect(again).toBeLessThanOrEqual(1)
    const spent = { inputTokens: 0, outputTokens: 0, ...expected.tokens }
    expect(result.usage).toMatchObject({
      inputTokens: spent.inputTokens + again * usage.inputTokens,
      outputTokens: spent.outputTokens + again * usage.outputTokens,
    })
    if (expected.cost !== undefined) {
      expect(result.cost?.amount).toBeCloseTo(expected.cost.amount, 12)
    }
    if (again === 0) return { calls: runs.length, sealed: 0 }
    const told = way.told(provider.requests[1]!.body)
    expect(told.calls).toHaveLength(expected.calls.length)
    expect(new Set(told.calls).size).toBe(told.calls.length)
    expect(told.results).toEqual(told.calls)
    const thoughts = way.thoughts(changed)
    expect(told.thoughts).toEqual(thoughts)
    return { calls: runs.length, sealed: thoughts.length }
  }
})

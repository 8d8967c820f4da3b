import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseJson, type JsonObject } from '../../../src/base/json.ts'
import type { OutputOptions } from '../../../src/run/output.ts'
import { verifyChain } from '../../../src/report/verify.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { ScriptedStep } from '../../../src/testing/scripted.ts'
import { agentOf, allowing, finish, noting, only, statusesOf } from '../../support/agent.ts'

const schema = {
  type: 'object',
  properties: { city: { type: 'string' }, degrees: { type: 'number' } },
  required: ['city', 'degrees'],
  additionalProperties: false,
} satisfies JsonObject

const good = { city: 'Oslo', degrees: -3 }
const said = (value: unknown): ScriptedStep => ({ text: JSON.stringify(value) })

async function answered(turns: readonly ScriptedStep[], output: OutputOptions = { schema }) {
  const { tool, calls } = noting('look')
  const { start, model } = agentOf(turns, { tools: [tool], policy: allowing('look') })
  const { result, recorded } = await finish(start({ output }))
  return { result, recorded, model, calls }
}

describe('S2-07 S4-03 a run that wants its answer in a form', () => {
  test('asks every request for it and gives what the answer holds', async () => {
    const turns = [{ calls: [{ tool: 'look' }] }, said(good)]
    const { result, model, calls } = await answered(turns, {
      schema,
      name: 'weather',
      strict: false,
    })
    expect(result).toMatchObject({ status: 'completed', output: good })
    const format = { type: 'json-schema', name: 'weather', schema, strict: false }
    expect(model.requests.map((request) => request.output)).toEqual([format, format])
    expect(calls).toHaveLength(1)
  })

  test('without a schema wants any JSON object', async () => {
    const { result, model } = await answered([said([1]), said({ a: [1] })], {})
    expect(model.requests[0]?.output).toEqual({ type: 'json' })
    expect(result).toMatchObject({ status: 'completed', output: { a: [1] } })
    expect(model.requests).toHaveLength(2)
  })

  test('gives no output where no form was asked for', async () => {
    const { start, model } = agentOf([said(good)])
    const { result } = await finish(start())
    expect(result).not.toHaveProperty('output')
    expect(model.requests[0]).not.toHaveProperty('output')
  })

  test('gives no output of a run whose end is not on record', async () => {
    const kept = memoryJournal()
    const append: typeof kept.append = (runId, seq, records) => {
      if (records.some(({ line }) => line.includes('"type":"end"'))) throw new Error('disk full')
      return kept.append(runId, seq, records)
    }
    const { start } = agentOf([said(good)], { journal: { ...kept, append } })
    const { result } = await finish(start({ output: { schema } }), 'result only')
    expect(result).toMatchObject({ status: 'error', error: { code: 'bad-journal' } })
    expect(result).not.toHaveProperty('output')
  })

  test.each([
    ['no JSON', 'It is cold.', 'is not acceptable JSON'],
    ['fenced JSON', '```json\n{"city":"Oslo","degrees":-3}\n```', 'is not acceptable JSON'],
    ['two values', '{"city":"Oslo","degrees":-3}{}', 'is not acceptable JSON'],
    ['a key twice', '{"city":"Oslo","city":"Rome","degrees":-3}', 'is not acceptable JSON'],
    ['a member of a prototype', '{"city":"Oslo","degrees":-3,"__proto__":{}}', 'is not acceptable'],
    ['a text for a number', '{"city":"Oslo","degrees":"-3"}', '`/degrees` must be number'],
    [
      'too many members',
      '{"city":"Oslo","degrees":-3,"wind":1}',
      'must not have the member `wind`',
    ],
    ['nothing', '', 'is not acceptable JSON'],
    ['deep nesting', '['.repeat(100_000), 'is not acceptable JSON'],
  ])(
    'asks once again for an answer that is %s, and says what is wrong',
    async (_, text, problem) => {
      const { result, recorded, model } = await answered([{ text }, said(good)])
      expect(result).toMatchObject({
        status: 'completed',
        output: good,
        text: JSON.stringify(good),
      })
      expect(model.requests).toHaveLength(2)
      const asked = model.requests[1]!
      expect(asked.toolChoice).toBe('none')
      const last = asked.messages.at(-1)
      expect(last).toMatchObject({ role: 'user' })
      expect(last?.content).toContain(problem)
      expect(last?.content).toContain(JSON.stringify(schema))
      expect(only(recorded, 'retry')).toMatchObject([{ turn: 2, error: { code: 'model-output' } }])
      expect(only(recorded, 'turn-end')).toHaveLength(2)
      expect(result.report.modelCalls.map(({ retries }) => retries.length)).toEqual([0, 1])
      expect(result.report.end).toEqual({ status: 'completed' })
    },
  )

  test('fails after the second answer without it', async () => {
    const { result, recorded, model } = await answered([said({ city: 1 }), said({ city: 2 })])
    expect(result).toMatchObject({
      status: 'error',
      error: { code: 'model-output', details: { pointer: '' } },
      report: { end: { status: 'error', error: { code: 'model-output' } } },
    })
    expect(result).not.toHaveProperty('output')
    expect(model.requests).toHaveLength(2)
    expect(recorded.at(-1)).toMatchObject({ type: 'end', status: 'error' })
  })

  test('leaves the answer that was asked for again out of the conversation', async () => {
    const { result } = await answered([{ calls: [{ tool: 'look' }] }, { text: 'cold' }, said(good)])
    expect(result.messages.map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'tool',
      'assistant',
    ])
    expect(JSON.stringify(result.messages)).not.toContain('cold')
  })

  test('runs no calls of the turn in which it asks again', async () => {
    const turns = [{ text: 'cold' }, { text: JSON.stringify(good), calls: [{ tool: 'look' }] }]
    const { result, calls, model } = await answered(turns)
    expect(calls).toEqual([])
    expect(statusesOf({ result })).toEqual(['skipped'])
    expect(result).toMatchObject({ status: 'error', error: { code: 'model-output' } })
    expect(model.requests).toHaveLength(2)
  })

  test('asks nobody again who refuses, was cut or failed', async () => {
    const refused = await answered([{ refusal: 'no' }])
    expect(refused.result).toMatchObject({ status: 'error', error: { code: 'model-refused' } })
    const cut = await answered([{ text: '{"city":', finish: 'length' }])
    expect(cut.result).toMatchObject({ status: 'limit' })
    const failed = await answered([{ text: '{"city":', error: { message: 'x' } }])
    expect(failed.result).toMatchObject({ status: 'error', error: { code: 'model-error' } })
    for (const { model } of [refused, cut, failed]) expect(model.requests).toHaveLength(1)
  })

  test('keeps to the limits of the run when it asks again', async () => {
    const { start, model } = agentOf([{ text: 'cold' }, said(good)])
    const { result } = await finish(start({ output: { schema }, limits: { maxTurns: 1 } }))
    expect(result).toMatchObject({ status: 'limit', text: 'cold' })
    expect(result).not.toHaveProperty('output')
    expect(model.requests).toHaveLength(1)
  })

  test('is written down with both turns, in one chain', async () => {
    const journal = memoryJournal()
    const { start } = agentOf([{ text: 'cold' }, said(good)], { journal })
    const { result, recorded } = await finish(start({ output: { schema } }))
    const texts = only(recorded, 'usage').map(({ message }) => message?.content)
    expect(texts).toEqual([
      [{ type: 'text', text: 'cold' }],
      [{ type: 'text', text: JSON.stringify(good) }],
    ])
    const { verdict } = await verifyChain(journal.read(result.runId))
    expect(verdict).toBe('CONSISTENT')
  })
})

describe('a schema of a library', () => {
  const weather = z.object({ city: z.string().min(2), degrees: z.number().default(0) })

  test('types what it gives, and asks for its JSON Schema', async () => {
    const { runtime, model } = agentOf([said({ city: 'Oslo', degrees: 1 })])
    const auth = { custom: { subject: 'u', roles: ['user'], scopes: [] } }
    const run = runtime.run({ input: 'x', auth, output: { schema: weather } })
    const { output } = await run.result()
    const city: string | undefined = output?.city
    expect([city, output?.degrees]).toEqual(['Oslo', 1])
    expect(model.requests[0]?.output).toMatchObject({
      type: 'json-schema',
      name: 'answer',
      schema: { properties: { city: { minLength: 2 } }, additionalProperties: false },
    })
  })

  test('checks what its JSON Schema cannot say', async () => {
    const even = z.object({ n: z.number().refine((n) => n % 2 === 0, 'is odd') })
    const later = z.object({ n: z.number().refine(async (n) => n % 2 === 0, 'is odd') })
    for (const each of [even, later]) {
      const { result, model } = await answered([said({ n: 1 }), said({ n: 2 })], { schema: each })
      expect(result).toMatchObject({ status: 'completed', output: { n: 2 } })
      expect(model.requests[1]?.messages.at(-1)?.content).toContain('`/n` is odd')
    }
  })

  test('that throws fails the answer, and one that converts refuses it', async () => {
    const throws = z.object({ n: z.number().refine(() => { throw new Error('oh') }) }) // prettier-ignore
    const trims = z.object({ n: z.string().trim() })
    for (const each of [throws, trims]) {
      const n = each === trims ? ' x ' : 1
      const { result } = await answered([said({ n }), said({ n })], { schema: each })
      expect(result).toMatchObject({ status: 'error', error: { code: 'model-output' } })
    }
  })
})

describe('a form that cannot be asked for', () => {
  test.each([
    ['a schema that is none', { schema: { type: 'strange' } }],
    ['an unknown keyword', { schema: { type: 'object', mxProperties: 3 } }],
    ['a pattern no linear engine runs', { schema: { type: 'string', pattern: '(?=a)' } }],
  ])('rejects the result before a model is asked: %s', async (_, output) => {
    const { start, model } = agentOf([said(good)])
    await expect(start({ output }).result()).rejects.toMatchObject({ code: 'bad-schema' })
    expect(model.requests).toHaveLength(0)
  })

  test.each([
    [{ schema: 'object' }, '`output.schema`'],
    [{ name: 'a b' }, '`output.name`'],
    [{ name: '' }, '`output.name`'],
    [{ strict: 1 }, '`output.strict`'],
    [{ shema: {} }, '`shema`; did you mean `schema`?'],
  ])('is refused at once where the option is wrong: %o', (output, message) => {
    const { start } = agentOf([])
    expect(() => start({ output } as object)).toThrow(message)
  })
})

/** Numbers that reading would alter are refused, whatever the schema says. */
const fits = (value: unknown): boolean =>
  /^(string|number|boolean)$/.test(typeof value) && parseJson(JSON.stringify(value)).ok

test('whatever a model answers twice, output is what the schema accepts or there is none', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), fc.jsonValue(), fc.boolean(), async (first, second, cut) => {
      const text = JSON.stringify(first)
      const { result, model } = await answered(
        [{ text: cut ? text.slice(1) : text }, said(second)],
        {
          schema: { type: ['string', 'number', 'boolean'] },
        },
      )
      expect(result.status).toMatch(/^(completed|error)$/)
      if (result.status === 'completed') expect(fits(result.output)).toBe(true)
      else expect(fits(second)).toBe(false)
      expect(model.requests.length).toBeLessThanOrEqual(2)
    }),
    { numRuns: 100, examples: [[{}, 2 ** 60, false]] },
  )
})

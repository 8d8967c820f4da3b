import { describe, expect, test } from 'vitest'
import { openRecord } from '../../../src/journal/chain.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import {
  agentOf,
  allowing,
  collect,
  finish,
  noting,
  only,
  policyOf,
  statusesOf,
  ways,
} from '../../support/agent.ts'
import { expectEventOrder, expectOneRecord } from '../../support/laws.ts'

const refused: Record<string, string> = {
  'a member `__proto__`': '{"__proto__":{"admin":true}}',
  'a nested `__proto__`': '{"a":[{"__proto__":1}]}',
  'an escaped `__proto__`': String.raw`{"\u005f_proto__":1}`,
  'a member `constructor`': '{"constructor":{"prototype":{"x":1}}}',
  'a key twice': '{"to":"ok@a.example","to":"evil@b.example"}',
  'a key twice, once escaped': String.raw`{"to":1,"t\u006f":2}`,
  '10,000 levels of arrays': `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
  '10,000 levels of objects': '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000),
  'ten million characters': `{"a":"${'x'.repeat(10_000_000)}"}`,
  'a lone surrogate': String.raw`{"a":"\ud800"}`,
  'U+FFFD of a broken byte': '{"a":"\ufffd"}',
  'an integer beyond 2^53': '{"a":9007199254740993}',
  'a number that overflows': '{"a":1e999}',
  'a number that vanishes': '{"a":1e-999}',
  'two values': '{"a":1}{"a":2}',
  'a trailing comma': '{"a":1,}',
  'a byte order mark': '\ufeff{"a":1}',
  'a comment': '{"a":1/*x*/}',
  NaN: '{"a":NaN}',
  'no text': '',
  'a text': '"a"',
  'a list': '[{"a":1}]',
  null: 'null',
}

const passed: Record<string, string> = {
  'the text "5"': '{"a":"5"}',
  'minus zero': '{"a":-0}',
  'a fraction': '{"a":0.1}',
  'the largest safe integer': '{"a":9007199254740991}',
  'the text true': '{"a":"true"}',
  null: '{"a":null}',
  'no members': '{}',
  'odd keys': '{"":1," ":2,"toString":3,"a.b":4,"hasOwnProperty":5}',
  'a smuggled tag character': '{"a":"\u{e0041}\u202e\u200b"}',
  'sixty levels': `{"a":${'['.repeat(60)}${']'.repeat(60)}}`,
  'decomposed accents': '{"a":"e\u0301"}',
}

const sent = (text: string) => [{ calls: [{ tool: 'act', rawArgs: text }] }, { text: '' }]

describe.each(ways)('S2-T1 arguments, %s', (way) => {
  test.each(Object.entries(refused))('with %s are refused and on record', async (_, text) => {
    const { tool, calls } = noting('act')
    const { start } = agentOf(sent(text), { tools: [tool], policy: allowing('act') })
    const finished = await finish(start(), way)
    expect(calls).toEqual([])
    expect(statusesOf(finished)[0]).toMatch(/^error-(parsing|validation)$/)
    const [row] = finished.result.report.rows
    expect(row!.decision).toMatchObject({ effect: 'deny', rule: expect.stringMatching(/^bad_/) })
    expect(finished.result.status).toBe('completed')
    expectEventOrder(finished.events)
    expectOneRecord(finished)
  })

  test.each(Object.entries(passed))('with %s reach the tool as they are', async (_, text) => {
    const { tool, calls } = noting('act')
    const { start } = agentOf(sent(text), { tools: [tool], policy: allowing('act') })
    const finished = await finish(start(), way)
    expect(calls).toEqual([JSON.parse(text)])
    expect(finished.result.report.rows[0]!.args).toEqual(JSON.parse(text))
    expectOneRecord(finished)
  })
})

describe('arguments', () => {
  test('are never made to fit: "5" is no number', async () => {
    const { tool, calls } = noting('act', {
      input: { type: 'object', properties: { a: { type: 'number' } } },
    })
    const { start } = agentOf(sent('{"a":"5"}'), { tools: [tool], policy: allowing('act') })
    expect(statusesOf(await finish(start()))).toEqual(['error-validation'])
    expect(calls).toEqual([])
  })

  test('may not hold members that the schema does not know', async () => {
    const { tool, calls } = noting('act', {
      input: { type: 'object', properties: { a: {} } },
    })
    const { start } = agentOf(sent('{"a":1,"isAdmin":true}'), {
      tools: [tool],
      policy: allowing('act'),
    })
    expect(statusesOf(await finish(start()))).toEqual(['error-validation'])
    expect(calls).toEqual([])
  })

  test('must own what is required', async () => {
    const { tool, calls } = noting('act', {
      input: { type: 'object', properties: { toString: {} }, required: ['toString'] },
    })
    const { start } = agentOf(sent('{}'), { tools: [tool], policy: allowing('act') })
    expect(statusesOf(await finish(start()))).toEqual(['error-validation'])
    expect(calls).toEqual([])
  })

  test('cannot be changed by the tool, and get their declared defaults', async () => {
    const seen: unknown[] = []
    const { tool } = noting('act', {
      input: { type: 'object', properties: { a: { default: [1] }, b: {} } },
      execute(args) {
        expect(Object.isFrozen(args)).toBe(true)
        seen.push(args)
        expect(() => (args['a'] as number[]).push(2)).toThrow(TypeError)
        return null
      },
    })
    const { start } = agentOf(sent('{"b":1}'), { tools: [tool], policy: allowing('act') })
    const finished = await finish(start())
    expect(seen).toEqual([{ a: [1], b: 1 }])
    expect(finished.result.report.rows[0]!.args).toEqual({ a: [1], b: 1 })
    expect(statusesOf(finished)).toEqual(['success'])
  })

  test('over the bound of the runtime are refused before they are read', async () => {
    const { tool, calls } = noting('act')
    const { start } = agentOf(sent(`{"a":"${'x'.repeat(100)}"}`), {
      tools: [tool],
      policy: allowing('act'),
      limits: { maxArgumentLength: 100 },
    })
    expect(statusesOf(await finish(start()))).toEqual(['error-parsing'])
    expect(calls).toEqual([])
  })

  test('a pattern that cannot be tried on them refuses them', async () => {
    const { tool, calls } = noting('act', {
      input: { type: 'object', properties: { a: { type: 'string', pattern: '^(x+x+)+y$' } } },
    })
    const { start } = agentOf(sent(`{"a":"${'x'.repeat(200_000)}"}`), {
      tools: [tool],
      policy: allowing('act'),
    })
    const finished = await finish(start())
    expect(statusesOf(finished)[0]).toMatch(/^error-/)
    expect(finished.result.status).toBe('completed')
    expect(calls).toEqual([])
  })

  test('a schema library that throws refuses them', async () => {
    const library = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => {
          throw new Error('out of order')
        },
        jsonSchema: { input: () => ({ type: 'object' }), output: () => ({ type: 'object' }) },
      },
    }
    const { tool, calls } = noting('act', { input: library as never })
    const { start } = agentOf(sent('{}'), { tools: [tool], policy: allowing('act') })
    const finished = await finish(start())
    expect(calls).toEqual([])
    expect(statusesOf(finished)[0]).toMatch(/^error-/)
    expect(finished.result.status).toBe('completed')
  })
})

describe('what a tool calls sensitive', () => {
  const secret = '4111-secret'
  const args = { card: secret, list: [{ pin: secret }], open: 'seen' }

  test.each(ways)('appears in no event, request and report, %s', async (way) => {
    const { tool, calls } = noting('act', {
      sensitive: ['/card', '/list/*/pin'],
      editable: ['/open'],
      execute() {
        throw new Error(`cannot charge ${secret}`)
      },
    })
    const { tool: strict } = noting('strict', {
      sensitive: ['/card'],
      input: { type: 'object', properties: { card: { type: 'number' } } },
    })
    const requests: unknown[] = []
    const { start } = agentOf(
      [
        {
          calls: [
            { tool: 'act', args },
            { tool: 'act', rawArgs: `{"card":"${secret}"` },
            { tool: 'strict', args: { card: secret } },
          ],
        },
        { text: '' },
      ],
      {
        tools: [tool, strict],
        policy: policyOf({ rules: [{ id: 'asked', ask: ['*'], who: { roles: ['user'] } }] }),
        approve(request) {
          requests.push(request)
          return { action: 'edit', by: { subject: 'ada' }, args: { ...args, open: 'changed' } }
        },
      },
    )
    const { events, recorded, result } = await finish(start(), way)
    expect(calls).toEqual([{ ...args, open: 'changed' }])
    const outputs = JSON.stringify([events, recorded, requests, result.report, result.approvals])
    expect(outputs).toContain('changed')
    expect(outputs).not.toContain(secret)
    const proposed = only(events, 'tool-call')
    expect(proposed[1]).toMatchObject({ args: null, rawArgs: '"[redacted]"' })
  })

  test.each([
    '{"card": 62222222222222222223}',
    '{"card":{"62222222222222222223":1,"62222222222222222223":2}}',
    JSON.stringify('{"card":"62222222222222222223"}'),
    '["62222222222222222223"]',
  ])('stays out of sight when %s is refused', async (text) => {
    const { tool } = noting('act', { sensitive: ['/card'] })
    const { start } = agentOf(sent(text), { tools: [tool], policy: allowing('act') })
    const finished = await finish(start())
    const { events, recorded, result } = finished
    expect(statusesOf(finished)[0]).toMatch(/^error-/)
    expect(JSON.stringify([events, recorded, result.report])).not.toContain('6222222222')
  })

  test.each([
    ['act', 'Card'],
    ['atc', 'card'],
    [' ACT ', 'card'],
  ])('is not shown by misspelling it: %s with %s', async (name, member) => {
    const { tool } = noting('act', {
      sensitive: ['/card'],
      input: { type: 'object', properties: { card: {} } },
    })
    const said = [{ calls: [{ tool: name, args: { [member]: secret } }] }, { text: '' }]
    const { start } = agentOf(said, { tools: [tool], policy: allowing('act') })
    const finished = await finish(start())
    expect(statusesOf(finished)[0]).toMatch(/^error-/)
    const { events, recorded, result } = finished
    expect(JSON.stringify([events, recorded, result.report])).not.toContain(secret)
  })

  test('stays out of the words of a schema', async () => {
    const { tool } = noting('act', {
      sensitive: ['/card'],
      input: {
        type: 'object',
        properties: { card: { type: 'object', additionalProperties: { type: 'number' } } },
      },
    })
    const text = JSON.stringify({ card: { S3x: 'x' } })
    const { start } = agentOf(sent(text), { tools: [tool], policy: allowing('act') })
    const finished = await finish(start())
    expect(statusesOf(finished)).toEqual(['error-validation'])
    const { events, recorded, result } = finished
    expect(JSON.stringify([events, recorded, result.report])).not.toContain('S3x')
  })

  test('also not when a conversation goes on', async () => {
    const { tool } = noting('act', { sensitive: ['/card'] })
    const { start, runtime } = agentOf(
      [{ calls: [{ tool: 'act', args: { card: secret } }] }, { text: 'a' }, { text: 'b' }],
      { tools: [tool], policy: allowing('act') },
    )
    const { messages } = await start().result()
    expect(JSON.stringify(messages)).toContain(secret)
    const run = runtime.run({
      input: 'more',
      messages,
      auth: { custom: { subject: 'u', roles: ['user'], scopes: [] } },
    })
    const { events, recorded } = await finish(run)
    expect(JSON.stringify([events, recorded])).not.toContain(secret)
  })
})

test('the journal keeps what was sent, from which a run can go on', async () => {
  const journal = memoryJournal()
  const { tool } = noting('act', { sensitive: ['/card'] })
  const { start } = agentOf(sent('{"card":"4111"}'), {
    tools: [tool],
    policy: allowing('act'),
    journal,
  })
  const { runId } = await start().result()
  const events = (await collect(journal.read(runId))).map((record) => openRecord(record).event)
  expect(only(events, 'tool-call')[0]).toMatchObject({
    args: { card: '4111' },
    sensitive: ['/card'],
  })
})

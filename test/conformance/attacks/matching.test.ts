import { describe, expect, test, vi } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src/base/json.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { renderCsv } from '../../../src/report/csv.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import { agentOf, policyOf as loadedPolicyOf, toolOf } from '../../support/agent.ts'
import { gateOf } from '../../support/gate.ts'
import { decideOn, findings, policyOf } from '../../unit/policy/build.ts'

type Rule = Readonly<Record<string, unknown>>

/** `effect by rule` for one call of `tool`, which `everyone` may call unless a rule says more. */
function decided(rules: readonly Rule[], args: JsonObject): string {
  const { effect, rule } = decideOn(policyOf({ rules }), args)
  return `${effect} by ${rule}`
}

const everyone = { id: 'everyone', allow: ['tool'] }

function allowIf(x: object): readonly Rule[] {
  return [{ id: 'pass', allow: ['tool'], args: { x } }]
}

function denyIf(x: object): readonly Rule[] {
  return [everyone, { id: 'stop', deny: ['tool'], args: { x } }]
}

describe('a pattern', () => {
  test('M01: with nested repetition answers about a text that almost matches', () => {
    const x = `${'a'.repeat(50_000)}b`
    expect(decided(allowIf({ matches: '(a+)+' }), { x })).toBe('deny by default')
    expect(decided(denyIf({ matches: '(a+)+b' }), { x })).toBe('deny by stop')
  })

  test('M02: answers about a command of 80,000 flags', () => {
    const x = `rm -${'f'.repeat(80_000)}`
    const dangerous = String.raw`rm\s+(-[a-z]*r[a-z]*f|-[a-z]*f[a-z]*r)[a-z]*\s+.*`
    expect(decided(denyIf({ containsMatch: dangerous }), { x })).toBe('allow by everyone')
    expect(decided(denyIf({ containsMatch: dangerous }), { x: `${x}r /` })).toBe('deny by stop')
    expect(decided(denyIf({ matches: dangerous }), { x: x.repeat(2) })).toBe('deny by stop')
  })

  test('M03: is never read out of the arguments', () => {
    const input = {
      type: 'object',
      properties: { x: { type: 'string', pattern: { $data: '1/y' } }, y: { type: 'string' } },
    }
    expect(() => toolOf('tool', { input })).toThrow(expect.objectContaining({ code: 'bad-schema' }))
    const rules = allowIf({ matches: { $data: '/y' } })
    expect(findings(() => policyOf({ rules })).map(({ code }) => code)).toEqual(['wrong-type'])
  })

  test.each([
    ['(?=a)b', 'look-around is not supported'],
    ['(?!a)b', 'look-around is not supported'],
    ['(?<=a)b', 'look-around is not supported'],
    ['(?<!a)b', 'look-around is not supported'],
    ['(a)\\1', 'back-references are not supported'],
    ['a{1001}', 'repeat counts go up to 1000'],
  ])('M04: %s is an error of the file, at its place', (pattern, help) => {
    const text = `sallyport: 1\nname: t\nrules:\n  - id: a\n    allow: [t]\n    args: { x: { matches: '${pattern}' } }\n`
    expect(findings(() => readPolicy(text, { file: 'p.yaml' }))).toMatchObject([
      {
        code: 'bad-pattern',
        help: expect.stringContaining(help),
        range: { start: { line: 6, column: 27 } },
      },
    ])
  })

  test('M06: says the same however often it is asked', () => {
    const policy = policyOf({ rules: denyIf({ containsMatch: 'evil' }) })
    const effects = Array.from({ length: 5 }, () => decideOn(policy, { x: 'evil' }).effect)
    expect(effects).toEqual(Array.from({ length: 5 }, () => 'deny'))
  })

  test.each(['UK123;evil', 'evil;UK123', 'UK123\n', '\nUK123', 'UK123\nevil'])(
    'M07: is about the whole of %j',
    (x) => {
      expect(decided(allowIf({ matches: 'UK[0-9]+' }), { x })).toBe('deny by default')
      expect(decided(allowIf({ matches: 'UK[0-9]+|x' }), { x })).toBe('deny by default')
      expect(decided(allowIf({ matches: 'UK[0-9]+' }), { x: 'UK123' })).toBe('allow by pass')
    },
  )
})

test.each(['x@attacker.com', 'x@ourcompany.com.evil.example', 'x@ourcompany.com@evil.example'])(
  'M08: a domain is compared by its labels: %s',
  (x) => {
    expect(decided(allowIf({ domain: ['ourcompany.com'] }), { x })).toBe('deny by default')
    expect(decided(allowIf({ domain: ['ourcompany.com'] }), { x: 'x@ourcompany.com' })).toBe(
      'allow by pass',
    )
  },
)

test.each<[JsonValue]>([['9999abc'], ['1'], [null], [[1]], [{ value: 1 }], [true]])(
  'M09: a deny on a number fires for %j',
  (x) => {
    expect(decided(denyIf({ exclusiveMinimum: 1000 }), { x })).toBe('deny by stop')
    expect(decided(denyIf({ exclusiveMinimum: 1000 }), { x: 1000 })).toBe('allow by everyone')
  },
)

test('M10: an argument that is left out satisfies no allow', () => {
  for (const x of [{ enum: ['a'] }, { matches: '.*' }, { not: { const: 'b' } }]) {
    expect(decided(allowIf(x), {})).toBe('deny by default')
    expect(decided(allowIf(x), { x: 'a' })).toBe('allow by pass')
  }
})

test('M11: a rule whose evaluation fails denies', () => {
  const args = Object.defineProperty({}, 'x', {
    enumerable: true,
    get() {
      throw new Error('no')
    },
  }) as JsonObject
  expect(decided(denyIf({ const: 1 }), args)).toBe('deny by policy_error')
  expect(decided([everyone], args)).toBe('allow by everyone')
})

test('M12: an ask outranks every allow, and no rule has a priority', () => {
  const rules = [
    { id: 'a-first', allow: ['tool'] },
    { id: 'z-last', ask: ['tool'] },
  ]
  expect(decided(rules, {})).toBe('ask by z-last')
  expect(decided(rules.toReversed(), {})).toBe('ask by z-last')
  const urgent = [{ ...everyone, priority: 100 }]
  expect(findings(() => policyOf({ rules: urgent })).map(({ code }) => code)).toEqual([
    'unknown-key',
  ])
})

test.each([
  ['M17', 'send_money '],
  ['M17', ' send_money'],
  ['M17', 'Send_Money'],
  ['M17', 'functions.send_money'],
  ['M17', 'send_m\u043eney'],
  ['M17', 'send_money\u0000x'],
  ['M17', 'send_money\u200b'],
  ['M18', 'constructor'],
  ['M18', 'toString'],
  ['M18', 'hasOwnProperty'],
  ['M18', '__proto__'],
])('%s: %j is no tool', async (_id, name) => {
  const policy = loadedPolicyOf({ rules: [{ id: 'all', allow: ['**'] }] })
  const { judge } = await gateOf(policy, [toolOf('send_money')])
  expect(await judge('send_money')).toMatchObject({ kind: 'permit' })
  expect(await judge(name)).toMatchObject({
    kind: 'refusal',
    status: 'error-not-found',
    decision: { effect: 'deny', rule: 'unknown_tool' },
  })
  // neither do rules and a catalogue know them
  const known = policyOf({ rules: [{ id: 'all', allow: ['**'] }] }, [{ name: 'send_money' }])
  expect(decideOn(known, {}, { tool: name })).toMatchObject({ rule: 'unknown_tool' })
})

test.each(['=HYPERLINK("http://evil")', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])(
  'M25: a spreadsheet reads no formula from a report in which a tool is called %j',
  async (tool) => {
    const { report } = await agentOf([{ calls: [{ tool }] }, { text: '' }])
      .start()
      .result()
    expect(report.rows[0]!.tool).toBe(tool)
    const fields = renderCsv(report).split(/[,\r\n]+/)
    expect(fields.filter((field) => /^"?[=+\-@\t\r]/.test(field))).toEqual([])
  },
)

test('M30: nothing that helps to find faults weakens the gate', async () => {
  vi.stubEnv('DEBUG', '*')
  vi.stubEnv('NODE_DEBUG', '*')
  vi.stubEnv('NODE_ENV', 'development')
  try {
    const { judge } = await gateOf(loadedPolicyOf(), [toolOf('act')], { allowShadow: true })
    expect(await judge('act')).toMatchObject({ kind: 'refusal', decision: { rule: 'default' } })
  } finally {
    vi.unstubAllEnvs()
  }
  const debug = { model: scripted([]), debug: true }
  expect(() => createRuntime(debug)).toThrow(expect.objectContaining({ code: 'bad-option' }))
})

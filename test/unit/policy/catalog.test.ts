import { expect, test } from 'vitest'
import { compilePolicy } from '../../../src/policy/compile.ts'
import type { PolicyTool } from '../../../src/policy/policy.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { findings, placed, policyOf, user } from './build.ts'

const tools: readonly PolicyTool[] = [
  { name: 'refund', argumentNames: ['order', 'amount'] },
  { name: 'desk.read', argumentNames: ['id'] },
  { name: 'desk.write', argumentNames: ['id', 'body'] },
  { name: 'free' },
]

function found(rules: string, given: readonly PolicyTool[] | undefined = tools): readonly string[] {
  const file = readPolicy(`sallyport: 1\nname: t\n${rules}\n`, { file: 'p' })
  return placed(findings(() => compilePolicy(file, given === undefined ? {} : { tools: given })))
}

test('all names the catalogue does not know are reported at once', () => {
  const rules = `rules:
  - { id: a, allow: [refnd, refund] }
  - { id: b, deny: ['admin.**', '**'] }
  - { id: c, allow: [refund], args: { amout: { type: number } }, onlyArgs: [order, amount, note] }
limits: [{ id: l, tools: [nothing], per: session, max: 1 }]`
  expect(found(rules)).toEqual([
    'unknown-tool 4:22',
    'no-match 5:21',
    'unknown-argument 6:39',
    'unknown-argument 6:92',
    'unknown-tool 7:27',
  ])
})

test('a misspelt tool gives a suggestion', () => {
  const file = readPolicy('{"sallyport":1,"name":"t","rules":[{"id":"a","allow":["refnd"]}]}', {
    file: 'p',
  })
  expect(findings(() => compilePolicy(file, { tools }))).toMatchObject([{ suggestion: 'refund' }])
})

test.each([
  [
    'an argument one tool of the glob has',
    "rules: [{ id: a, deny: ['desk.*'], args: { body: { const: x } } }]",
    [],
  ],
  [
    'an argument no tool of the glob has',
    "rules: [{ id: a, deny: ['desk.*'], args: { amount: { const: 1 } } }]",
    ['unknown-argument 3:44'],
  ],
  [
    'an argument of a tool that takes any',
    'rules: [{ id: a, allow: [free], args: { anything: { const: 1 } } }]',
    [],
  ],
  [
    'a value inside of an argument',
    'rules: [{ id: a, allow: [refund], args: { /order/id: { const: 1 } } }]',
    [],
  ],
  [
    'a value inside of no argument',
    'rules: [{ id: a, allow: [refund], args: { /ordr/id: { const: 1 } } }]',
    ['unknown-argument 3:43'],
  ],
])('%s is checked against the schema of the tool', (_what, rules, expected) => {
  expect(found(rules)).toEqual(expected)
})

test('without a catalogue nothing is checked, with an empty one everything is', () => {
  const rules = 'rules: [{ id: a, allow: [refnd], args: { x: { const: 1 } } }]'
  const file = readPolicy(`sallyport: 1\nname: t\n${rules}\n`, { file: 'p' })
  expect(compilePolicy(file).hasTool('refnd')).toBe(true)
  expect(found(rules, [])).toEqual(['unknown-tool 3:26'])
})

test('tools of the file and tools of the host are one catalogue', () => {
  const policy = policyOf(
    { tools: { own: { kind: 'read' } }, rules: [{ id: 'a', allow: ['own', 'refund'] }] },
    tools,
  )
  expect(policy.hasTool('own')).toBe(true)
  expect(policy.hasTool('refund')).toBe(true)
  expect(policy.hasTool('other')).toBe(false)
})

test('two tools with one name are refused', () => {
  expect(() => policyOf({ rules: [] }, [{ name: 'a' }, { name: 'a' }])).toThrow(
    expect.objectContaining({ code: 'bad-option' }),
  )
})

test('limits match by tool and caller, and meet a caller who is not known', () => {
  const policy = policyOf({
    rules: [],
    limits: [
      { id: 'z', tools: ['desk.*'], per: 'session', max: 2 },
      {
        id: 'a',
        tools: ['**'],
        who: { roles: ['lead'] },
        per: 'subject',
        max: 5,
        window: '1h',
        over: 'ask',
      },
    ],
  })
  expect(policy.limits).toMatchObject([
    { id: 'a', per: 'subject', max: 5, windowMs: 3_600_000, over: 'ask', position: { line: 1 } },
    { id: 'z', per: 'session', max: 2, over: 'deny' },
  ])
  const [byCaller, byTool] = policy.limits
  expect(byTool!.matches('desk.read', user)).toBe(true)
  expect(byTool!.matches('refund', user)).toBe(false)
  expect(byCaller!.matches('refund', user)).toBe(false)
  expect(byCaller!.matches('refund', { ...user, roles: ['lead'] })).toBe(true)
  expect(byCaller!.matches('refund', null)).toBe(true)
})

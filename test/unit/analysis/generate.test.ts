import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cutPoints, missing } from '../../../src/analysis/cut-points.ts'
import { generate } from '../../../src/analysis/generate.ts'
import { sampleOf } from '../../../src/analysis/pattern-sample.ts'
import { compileTest } from '../../../src/policy/argument-test.ts'
import type { ArgumentTest } from '../../../src/policy/document.ts'
import { compilePattern } from '../../../src/policy/pattern.ts'
import { toolOf } from '../../support/agent.ts'
import { policyOf, user } from '../policy/build.ts'

function sample(source: string): string | undefined {
  const compiled = compilePattern(source)
  if (!compiled.ok) throw new Error(compiled.message)
  return sampleOf(compiled.pattern)
}

describe('a sample of a pattern', () => {
  test.each([
    ['O-[0-9]{1,9}', 'O-0'],
    ['[A-Z]{2}[0-9]{2}[A-Z0-9]{8,30}', 'AA00AAAAAAAA'],
    ['(KP|IR|SY)[0-9]{2}.*', 'KP00a'],
    ['a+b*c?', 'abc'],
    ['[^a0]x', '-x'],
    ['(?i:yes)|no', 'yes'],
    ['(?P<year>\\d{4})-\\d\\d', '0000-00'],
    ['\\p{Lu}\\x41\\x{42}\\.', 'ZAB.'],
    ['[[:upper:]]+', 'A'],
    ['(ab){2,}', 'abab'],
    ['[]a]', ']'],
    ['', ''],
  ])('of %s is one that it matches', (source, expected) => {
    expect(sample(source)).toBe(expected)
  })

  test('is only given when the pattern matches it', () => {
    const words = fc.stringMatching(/^([a-c]|\[[a-c]\]|\([ab]\|c\)|[a-c]\?|\.|\\d){1,8}$/)
    fc.assert(
      fc.property(words, (source) => {
        const compiled = compilePattern(source)
        fc.pre(compiled.ok)
        const found = sampleOf(compiled.pattern)
        expect(found).toBeDefined()
        expect(compiled.pattern.matchesWhole(found!)).toBe(2)
      }),
    )
  })

  test('is not looked for without end', () => {
    expect(sample('(a{1000}){1}b')).toHaveLength(1001)
    expect(sample('[^\\x{0}-\\x{10ffff}]')).toBeUndefined()
  })
})

function testOf(a: object): ArgumentTest {
  return policyOf({ rules: [{ id: 'r', allow: ['x'], args: { a } }] }).document.rules[0]!.args[0]!
    .test
}

describe('cut points', () => {
  test.each([
    { minimum: 3 },
    { exclusiveMaximum: 0.5 },
    { type: 'integer', minimum: 2, maximum: 4 },
    { type: 'number', multipleOf: 0.25 },
    { const: { a: [1] } },
    { enum: ['a', 5] },
    { minLength: 3, maxLength: 5 },
    { minItems: 2 },
    { matches: '[a-f]{6}' },
    { containsMatch: 'x[0-9]y' },
    { contains: 'word' },
    { domain: ['*.shop.example'] },
    { equals: { principal: 'subject' } },
    { startsWith: ['git', 'log'] },
    { items: { type: 'string', maxLength: 2 } },
    { anyItem: { const: 7 } },
    { not: { enum: ['a'] } },
    { anyOf: [{ const: 1 }, { minimum: 100 }] },
  ])('hold values on both sides of %j', (a) => {
    const compiled = testOf(a)
    const request = { tool: 'x', args: {}, principal: user, now: 0, at: '' }
    const truths = cutPoints([compiled], user).map((value) =>
      value === missing ? missing : compileTest(compiled)(value, request),
    )
    expect(truths).toContain(missing)
    expect(truths).toContain(2)
    expect(truths.some((truth) => truth === 0 || truth === 1)).toBe(true)
  })

  test('lie between any two bounds of two tests', () => {
    const points = cutPoints([testOf({ maximum: 100 }), testOf({ maximum: 101 })], null)
    expect(points).toContain(100.5)
    expect(points).toContain(101)
  })
})

describe('generated calls', () => {
  const policy = policyOf({
    rules: [
      {
        id: 'a',
        allow: ['pay'],
        who: { roles: ['user'], scopes: ['p'] },
        args: { n: { maximum: 5 } },
      },
      { id: 'b', deny: ['admin.**'] },
    ],
    limits: [{ id: 'l', tools: ['pay'], per: 'session', max: 2, over: 'ask' }],
    sequences: [{ id: 's', after: ['look'], then: { tools: ['pay'], do: 'deny' } }],
    tests: [
      {
        name: 't',
        as: { roles: ['lead'] },
        call: { tool: 'seen', args: { x: 1 } },
        expect: 'deny',
      },
    ],
  })
  const { scenarios, partly } = generate([policy.document])

  test('cover tools, callers, both sides of each bound, and what may have happened before', () => {
    expect(partly).toEqual([])
    expect(new Set(scenarios.map(({ tool }) => tool))).toEqual(
      new Set(['pay', 'admin.any', 'seen']),
    )
    const callers = scenarios.map(({ principal }) => principal)
    expect(callers).toContain(null)
    expect(callers).toContainEqual({ subject: 'someone', roles: ['user'], scopes: ['p'] })
    expect(callers).toContainEqual({ subject: 'someone', roles: ['user'], scopes: [] })
    const amounts = scenarios.filter(({ tool }) => tool === 'pay').map(({ args }) => args['n'])
    expect(amounts).toEqual(expect.arrayContaining([5, 6, 5.5, 'other', undefined]))
    expect(scenarios.map(({ given }) => given.length)).toContain(2)
    expect(scenarios.some(({ given }) => given[0]?.tool === 'look')).toBe(true)
  })

  test('are always the same', () => {
    expect(generate([policy.document]).scenarios).toEqual(scenarios)
  })

  test('meet the schemas of tools, and know no tool that a catalogue lacks', () => {
    const input = {
      type: 'object',
      required: ['to', 'n'],
      properties: { to: { enum: ['a', 'b'] }, n: { type: 'integer', minimum: 3 } },
    }
    const made = generate([policy.document], [toolOf('pay', { input })])
    expect(made.scenarios[0]).toMatchObject({ tool: 'pay', args: { to: 'a' } })
    expect(made.scenarios.map(({ tool }) => tool)).not.toContain('admin.any')
  })

  test('say of which tools not every combination was made', () => {
    const args = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, { minimum: 1 }]))
    const large = policyOf({ rules: [{ id: 'a', allow: ['pay'], args }] })
    expect(generate([large.document]).partly).toEqual(['pay'])
  })
})

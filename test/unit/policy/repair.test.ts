import { describe, expect, test } from 'vitest'
import type { Diagnostic } from '../../../src/policy/diagnostic.ts'
import { readPolicy } from '../../../src/policy/read.ts'

const head = 'sallyport: 1\nname: p\n'

function findings(text: string): readonly Diagnostic[] {
  try {
    return readPolicy(text, { file: 'p.yaml' }).warnings
  } catch (error) {
    return (error as { details: readonly Diagnostic[] }).details
  }
}

/** The findings of a rule that has these keys too. */
function ofRule(keys: string): readonly Diagnostic[] {
  return findings(`${head}rules: [{ id: a, ${keys} }]\n`)
}

describe('a value of the wrong kind is answered with what to write', () => {
  test.each([
    ['shadow: yes, allow: [t]', 'write `true`, without quotes', 'true'],
    ['shadow: "false", allow: [t]', 'write `false`, without quotes', 'false'],
    ['shadow: 7, allow: [t]', 'write `true` or `false`', undefined],
    ['allow: t', 'put it in brackets: `[t]`', '[t]'],
    ['allow: { t: 1 }', 'write a list: `[a, b]`', undefined],
    ['allow: [t], who: lead', 'such as `{ roles: [lead] }`', undefined],
    ['allow: [t], who: { roles: lead }', 'put it in brackets: `[lead]`', '[lead]'],
    ['allow: [t], args: amount', 'such as `{ amount: { maximum: 100 } }`', undefined],
    ['allow: [t], args: { amount: 100 }', 'such as `{ const: 100 }`', '{ const: 100 }'],
    ['allow: [t], args: { to: [a, b] }', 'such as `{ enum: [a, b] }`', '{ enum: [a, b] }'],
    ['allow: [t], args: { n: { maximum: "5" } }', 'write `5`, without quotes', '5'],
    ['allow: [t], args: { n: { maximum: 5kg } }', 'write digits alone', undefined],
    ['allow: [t], args: { n: { minLength: 1.5 } }', 'without a fraction, such as `1`', undefined],
    ['allow: [t], args: { n: { matches: 10 } }', 'put it in quotes', undefined],
    ['allow: [t], reason: 5', 'put it in quotes: `"5"`', '"5"'],
    ['allow: [t], until: 2027', 'write RFC 3339', undefined],
    ['ask: [t], approvers: lead', 'the keys are `roles`, `count`', undefined],
  ])('%s', (keys, help, suggestion) => {
    const [first, ...others] = ofRule(keys)
    expect(others).toEqual([])
    expect(first).toMatchObject({ code: 'wrong-type', help: expect.stringContaining(help) })
    expect(first!.suggestion).toBe(suggestion)
  })

  test('a mapping of names is no list', () => {
    const [first] = findings(`${head}rules: []\nroles: [lead]\n`)
    expect(first?.help).toContain('a name, a colon and a value')
  })

  test('what would mend it does: the file with all suggestions in place loads', () => {
    const text = `${head}rules: [{ id: 7, allow: t, shadow: yes, args: { n: 100, m: { maximum: "5" } } }]\n`
    const found = findings(text)
    expect(found.map(({ code }) => code)).toEqual(Array(5).fill('wrong-type'))
    const lines = text.split('\n')
    for (const { range, suggestion } of found.toReversed()) {
      const line = lines[range.start.line - 1]!
      const [from, to] = [range.start.column - 1, range.end.column - 1]
      lines[range.start.line - 1] = `${line.slice(0, from)}${suggestion}${line.slice(to)}`
    }
    expect(findings(lines.join('\n')).filter(({ severity }) => severity === 'error')).toEqual([])
  })

  test('a value that may be a secret is not repeated', () => {
    const issuer = 'issuer: https://id.example, audience: [a], algorithms: [HS256]'
    const found = findings(
      `${head}rules: []\nidentity: { jwt: [{ ${issuer}, secretEnv: 12345 }] }\n`,
    )
    expect(JSON.stringify(found)).not.toContain('12345')
  })

  test('a long value is not repeated, and a hostile one is shown escaped', () => {
    const [long] = ofRule(`allow: ${'t'.repeat(100)}`)
    expect(long!.help).toContain('put brackets around it')
    const [hostile] = ofRule('allow: [t], args: { to: "\\u001b[2J" }')
    expect(hostile!.help).not.toContain('\u001b')
  })
})

describe('a key that is missing is answered with what it holds', () => {
  test.each([
    ['rules: []\ntools: { t: {} }', 'add `kind:` and one of `read`, `write`'],
    ['rules: [{ allow: [t] }]', 'add `id:` and an id, such as `refund-small`'],
    ['rules: []\nlimits: [{ id: l, per: session, max: 1 }]', 'add `tools:` and a list'],
    ['rules: []\nlimits: [{ id: l, per: session, tools: [t] }]', 'add `max:` and a number'],
    ['description: d', 'add `rules:` and a list'],
    ['rules: []\noutput: [{ tools: ["**"], redact: [{ keep: 1 }] }]', 'write `what: secrets`'],
  ])('%s', (text, help) => {
    const found = findings(`${head}${text}\n`)
    expect(found).toMatchObject([{ code: 'missing-key', help: expect.stringContaining(help) }])
  })
})

describe('a word of another language is answered with ours', () => {
  test.each([
    ['allow: [t], args: { n: { max: 5 } }', 'a number has `minimum`, `maximum`'],
    ['allow: [t], args: { n: { not: { regex: a } } }', 'write `matches` for a pattern'],
    ['allow: [t], when: { n: 1 }', 'conditions on arguments are `args`'],
    ['allow: [t], roles: [lead]', '`who: { roles: [lead] }`'],
    ['allow: [t], raeson: x', 'did you mean `reason`?'],
  ])('%s', (keys, help) => {
    const found = ofRule(keys)
    expect(found[0]).toMatchObject({ code: 'unknown-key', help: expect.stringContaining(help) })
  })
})

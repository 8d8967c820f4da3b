import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src/base/json.ts'
import { compileOutput } from '../../../src/gate/output.ts'
import { policyOf } from '../policy/build.ts'

function refine(rule: JsonObject, value: JsonValue, secrets: readonly string[] = []) {
  const output = [{ tools: ['t'], ...rule }]
  return compileOutput(policyOf({ rules: [], output }), secrets)('t')!(value)
}

describe('strip', () => {
  test.each([
    ['ansi', 'a\u001b[31mred\u001b[0m b', 'ared b', 2],
    ['ansi', '\u001b]8;;https://evil.example\u0007text\u001b]8;;\u0007', 'text', 2],
    ['ansi', '\u001b]52;c;ZXZpbA==\u001b\\x\u009b2Jy\u001bcz', 'xyz', 3],
    ['bidi', 'a\u202eb\u2066c\u2069\u200fd', 'abcd', 3],
    ['tags', 'hi\u{e0072}\u{e006d}!', 'hi!', 1],
    ['zero-width', 'a\u200bb\ufeffc\u00add\u2060', 'abcd', 4],
    ['zero-width', 'a\u200db 👩‍👩‍👧 می‌خواهم ❤️', 'ab 👩‍👩‍👧 می‌خواهم ❤️', 1],
    ['zero-width', '😀\ufe0f\u{e0101}\u{e0142}', '😀\ufe0f', 1],
    ['control', 'a\u0007b\u0000c\td\ne\u0085', 'abc\td\ne', 3],
  ])('R05: takes %s out of %j and counts', (what, text, rest, count) => {
    expect(refine({ strip: [what] }, text)).toEqual({ value: rest, changes: [{ what, count }] })
  })

  test('happens before anything is looked for, in whatever order the policy says it', () => {
    const rule = {
      strip: ['control', 'zero-width', 'ansi'],
      redact: [{ what: 'email' }],
    }
    expect(refine(rule, 'a\u200bnn@mail.exam\u001b[1mple\u0007').value).toBe('[redacted]')
  })
})

describe('redact', () => {
  const card = '4111 1111 1111 1111'

  test.each([
    ['email', 'mail ann@mail.example now', 'mail [redacted] now'],
    ['iban', 'to DE89370400440532013000.', 'to [redacted].'],
    ['card', `card ${card}`, 'card [redacted]'],
    ['phone', 'call +49 30 12345678', 'call [redacted]'],
    ['secrets', `key AKIA${'A2B3C4D5E6F7G2H3'};`, 'key [redacted];'],
  ])('blacks %s out', (what, text, rest) => {
    expect(refine({ redact: [{ what }] }, text)).toEqual({
      value: rest,
      changes: [{ what, count: 1 }],
    })
  })

  test('blacks out what a pattern finds, everywhere', () => {
    expect(refine({ redact: [{ matches: 'O-[0-9]+' }] }, 'O-1, O-22, P-3')).toEqual({
      value: '[redacted], [redacted], P-3',
      changes: [{ what: 'matches', count: 2 }],
    })
    expect(refine({ redact: [{ matches: 'caf\u00e9' }] }, 'cafe\u0301').value).toBe('[redacted]')
    const long = 'a'.repeat(4 * 1024 * 1024)
    const pattern = { matches: `(${'ab?'.repeat(200)}c)+` }
    expect(refine({ redact: [pattern] }, long)).toEqual({
      value: '[redacted]',
      changes: [{ what: 'matches', count: 1 }],
    })
  })

  test('keeps the last characters where most of the value goes', () => {
    expect(refine({ redact: [{ what: 'card', keep: 4 }] }, card).value).toBe('[redacted]1111')
    expect(refine({ redact: [{ matches: 'abc', keep: 4 }] }, 'abc').value).toBe('[redacted]')
    const letters = { redact: [{ matches: '[a-z]+', keep: 4 }] }
    expect(refine(letters, 'abcdefgh').value).toBe('[redacted]efgh')
    expect(refine(letters, 'abcdefg').value).toBe('[redacted]')
    expect(refine({ redact: [{ matches: '.+', keep: 1 }] }, 'abc😀').value).toBe('[redacted]😀')
  })

  test('leaves what holds nothing of it exactly as it came', () => {
    const rule = { redact: [{ matches: 'x' }], strip: ['bidi'] }
    for (const value of ['cafe\u0301', null, true, 1.5, [null, false, []], { a: { b: null } }]) {
      expect(refine(rule, value)).toEqual({ value, changes: [] })
    }
  })

  test('finds values of the host, encoded or not', () => {
    const rule = { redact: [{ what: 'secrets' }] }
    const base64 = Buffer.from('x hunter2-value y').toString('base64')
    expect(refine(rule, `hunter2-value ${base64}`, ['hunter2-value']).changes).toEqual([
      { what: 'secrets', count: 2 },
    ])
  })

  test('reaches every text, names of members, and numbers', () => {
    const value = { list: ['a@b.example', { 'c@d.example': 1 }], n: 4111111111111111, ok: 5 }
    const rule = { redact: [{ what: 'email' }, { what: 'card' }] }
    expect(refine(rule, value)).toEqual({
      value: { list: ['[redacted]', { '[redacted]': 1 }], n: '[redacted]', ok: 5 },
      changes: [
        { what: 'email', count: 2 },
        { what: 'card', count: 1 },
      ],
    })
  })

  test('blacks out the whole result where names of members would clash or reach a prototype', () => {
    const rule = { redact: [{ what: 'email' }] }
    expect(refine(rule, { 'a@b.example': 1, 'c@d.example': 2 })).toEqual({
      value: '[redacted]',
      changes: [{ what: 'failed', count: 1 }],
    })
    const hidden = JSON.parse('{"__pro\u200bto__":{"a":1}}') as JsonValue
    expect(refine({ strip: ['zero-width'] }, hidden).value).toBe('[redacted]')
  })
})

describe('rules of several', () => {
  test('all apply, those of parents too, and the smallest size', () => {
    const output = [
      { tools: ['*'], maxSize: '1KiB', redact: [{ what: 'email' }] },
      { tools: ['t'], maxSize: '512B', strip: ['bidi'] },
      { tools: ['u'], maxSize: '256B' },
    ]
    const refineOf = compileOutput(policyOf({ rules: [], output }))
    expect(refineOf('t')!('a@b.example\u202e')).toMatchObject({
      value: '[redacted]',
      maxBytes: 512,
    })
    expect(refineOf('u')!('\u202e')).toMatchObject({ value: '\u202e', maxBytes: 256 })
    expect(refineOf('v.w')).toBeUndefined()
  })
})

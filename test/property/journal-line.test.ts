import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../src/base/digest.ts'
import { parseExact } from '../../src/base/json-source.ts'
import { Chain, openRecord } from '../../src/journal/chain.ts'
import type { StructuralEvent } from '../../src/protocol/run-event.ts'

const text = fc.string({
  unit: fc.constantFrom('a', '"', '\\', '\n', '\u2028', 'é', '𝄞', '\u007f'),
})
const count = fc.nat()
const at = fc.constant('2026-01-01T00:00:00.000Z')
const digest = fc.constant(`sha256:${'0a'.repeat(32)}`)
const base = { seq: count, runId: text, turn: count, at }
const effect = fc.constantFrom('allow', 'ask', 'deny')
const cost = fc.record({
  amount: fc.constantFrom(0, 1e-7, 1e21),
  currency: fc.constant('USD'),
  source: fc.constantFrom('provider', 'registry', 'fallback'),
})
const usage = fc.record(
  {
    inputTokens: count,
    outputTokens: count,
    cacheReadTokens: count,
    cacheWriteTokens: count,
    reasoningTokens: count,
    raw: fc.dictionary(text, fc.oneof(text, count)),
  },
  {
    requiredKeys: [
      'inputTokens',
      'outputTokens',
      'cacheReadTokens',
      'cacheWriteTokens',
      'reasoningTokens',
    ],
  },
)
const rule = fc.record(
  {
    id: text,
    effect,
    file: text,
    line: count,
    column: count,
    shadow: fc.boolean(),
    unknown: fc.boolean(),
  },
  { requiredKeys: ['id', 'effect', 'file', 'line', 'column'] },
)
const decision = fc.record(
  {
    effect,
    rule: text,
    rules: fc.array(rule, { maxLength: 3 }),
    reasons: fc.array(text, { maxLength: 3 }),
    obligations: fc.array(
      fc.record({ kind: fc.constant('approval'), approvers: fc.record({ count }) }),
      { maxLength: 2 },
    ),
    labels: fc.array(fc.record({ argument: text, trust: text }), { maxLength: 2 }),
    policy: fc.record({ name: text, digest }),
    at,
    shadow: fc.boolean(),
  },
  {
    requiredKeys: ['effect', 'rule', 'rules', 'reasons', 'obligations', 'labels', 'policy', 'at'],
  },
)

/** An event of this type with these members; those after the bar may be missing. */
function event(
  type: StructuralEvent['type'],
  members: Record<string, fc.Arbitrary<unknown>>,
  optional: Record<string, fc.Arbitrary<unknown>> = {},
): fc.Arbitrary<StructuralEvent> {
  const required = { type: fc.constant(type), ...base, ...members }
  return fc.record(
    { ...required, ...optional },
    { requiredKeys: Object.keys(required) as never[] },
  ) as unknown as fc.Arbitrary<StructuralEvent>
}

const call = { callId: text, tool: text }
const events = [
  event(
    'turn-start',
    {},
    {
      model: fc.record({ id: text, provider: text }),
      tools: fc.array(text, { maxLength: 2 }),
      toolChoice: fc.oneof(fc.constant('none'), fc.record({ tool: text })),
      said: fc.constant([{ role: 'user', content: 'go' }]),
      trusted: fc.constant(true),
    },
  ),
  event('usage', { usage, message: fc.constant(null) }, { cost }),
  event(
    'tool-call',
    { ...call, providerId: text, index: count, args: text, rawArgs: text, argsDigest: digest },
    { sensitive: fc.array(text, { maxLength: 2 }) },
  ),
  event('decision', { callId: text, decision }),
  event('execution-start', { ...call, argsDigest: digest, idempotencyKey: text }),
  event(
    'tool-result',
    {
      ...call,
      status: fc.constantFrom('success', 'error-not-found'),
      content: text,
      attempts: count,
      queueMs: count,
      approvalMs: count,
      executionMs: count,
    },
    { resultDigest: digest, resultBytes: count, truncated: fc.boolean(), result: text },
  ),
  event(
    'turn-end',
    {
      finishReason: fc.record({
        unified: fc.constantFrom('stop', 'tool-calls'),
        raw: fc.option(text),
      }),
      usage,
      attempts: count,
      durationMs: count,
    },
    { cost, model: text, responseId: text },
  ),
]

describe('a line', () => {
  test('is canonical JSON and keeps its event, whatever the members say', () => {
    fc.assert(
      fc.property(fc.oneof(...events), (sealed) => {
        const { line, payload } = new Chain().seal(sealed)
        expect(line).toBe(canonicalJson(parseExact(line)))
        const record = payload === undefined ? { line } : { line, payload }
        expect(openRecord(record).event).toEqual(sealed)
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['callId', '\ud800'],
    ['tool', 'a\udfff'],
    ['executionMs', Number.NaN],
    ['attempts', Number.POSITIVE_INFINITY],
  ])('is refused for a `%s` that has no canonical form', (member, value) => {
    const [sample] = fc.sample(events[5]!, { numRuns: 1, seed: 1 })
    expect(() => new Chain().seal({ ...sample, [member]: value } as StructuralEvent)).toThrow(
      TypeError,
    )
  })
})

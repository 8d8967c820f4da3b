import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { traceOfLine } from '../../../src/analysis/trace-shape.ts'
import type { JsonValue } from '../../../src/base/json.ts'

const file = new URL('../../../src/analysis/trace.schema.json', import.meta.url)
const isTrace = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(file, 'utf8')) as object,
)

function isRead(value: JsonValue): boolean {
  try {
    traceOfLine(value, 'line')
    return true
  } catch {
    return false
  }
}

const texts = fc.array(fc.string(), { maxLength: 2 })
const odd = fc.constantFrom<JsonValue>(null, 1, 'user', [], [1], {}, { other: 1 })
const principal = fc.record(
  {
    subject: fc.string(),
    issuer: fc.string(),
    roles: texts,
    scopes: texts,
    tenant: fc.string(),
    agent: fc.string(),
    claims: fc.constant({ a: 1 }),
  },
  { requiredKeys: [] },
)
const message = fc.record(
  {
    role: fc.constantFrom('system', 'user', 'assistant', 'tool'),
    content: fc.oneof({ weight: 9, arbitrary: fc.string() }, odd),
  },
  { requiredKeys: ['role', 'content'] },
)
const call = fc.record(
  {
    id: fc.string(),
    name: fc.string(),
    args: fc.oneof({ weight: 9, arbitrary: fc.constant({ a: 1 }) }, odd),
    result: odd,
    error: fc.oneof({ weight: 9, arbitrary: fc.string() }, odd),
  },
  { requiredKeys: ['name'] },
)
const few = { maxLength: 2 }
const trace = fc.record(
  {
    id: fc.string(),
    principal: fc.oneof({ weight: 9, arbitrary: principal }, odd),
    messages: fc.array(message, few),
    calls: fc.array(call, few),
    meta: fc.oneof({ weight: 9, arbitrary: fc.constant({ suite: 'x' }) }, odd),
    other: odd,
  },
  { requiredKeys: ['id'] },
)

test('the published schema of traces takes what is read as one, and nothing else', () => {
  let taken = 0
  fc.assert(
    fc.property(trace, (value) => {
      const isValid = isTrace(value)
      if (isValid) taken++
      expect(isValid).toBe(isRead(value as JsonValue))
    }),
    { numRuns: 1000 },
  )
  expect(taken).toBeGreaterThan(20)
})

import { expect, test } from 'vitest'
import { digestJson } from '../../../src/base/digest.ts'
import { copyOutput, presentOutput, type ToolOutput } from '../../../src/tools/output.ts'

function read(value: unknown, maxBytes = 65_536): ToolOutput {
  const output = copyOutput(value)
  if (typeof output === 'string') throw new Error(output)
  return presentOutput(output, maxBytes)
}

test.each([
  ['plain text', 'plain text'],
  [{ b: 1, a: [true, null] }, '{"b":1,"a":[true,null]}'],
  [42, '42'],
  [undefined, 'null'],
  [null, 'null'],
  ['{"tool":"refund"}', '{"tool":"refund"}'],
])('%j is shown to the model as %s', (value, content) => {
  expect(read(value).content).toBe(content)
})

test('digest and length are those of the canonical JSON', () => {
  expect(read({ b: 'é', a: 1 })).toMatchObject({
    resultDigest: digestJson({ a: 1, b: 'é' }),
    resultBytes: Buffer.byteLength('{"a":1,"b":"é"}'),
  })
})

test('a text of exactly the bound is whole, one byte more is cut', () => {
  expect(read('a'.repeat(256), 256)).toMatchObject({ content: 'a'.repeat(256) })
  expect(read('a'.repeat(256), 256)).not.toHaveProperty('truncated')
  expect(read('a'.repeat(257), 256)).toMatchObject({ truncated: true, resultBytes: 259 })
})

test.each(['a', 'é', '€', '😀'])(
  'a long text of %s is cut between code points, mark included',
  (unit) => {
    const text = unit.repeat(1000)
    const { content, truncated, result } = read(text, 300)
    expect(truncated).toBe(true)
    expect(result).toBe(text)
    expect(Buffer.byteLength(content)).toBeLessThanOrEqual(300)
    const [shown = '', mark = ''] = content.split('\n')
    expect(text.startsWith(shown)).toBe(true)
    expect(shown.length % unit.length).toBe(0)
    const bytes = Buffer.byteLength(text)
    expect(mark).toBe(
      `[the result was cut: ${Buffer.byteLength(shown)} of ${bytes} bytes are shown]`,
    )
  },
)

test('a text of 200 MB is cut, also in the record', () => {
  const output = read('x'.repeat(200_000_000), 1024)
  expect(output.truncated).toBe(true)
  expect(output.resultBytes).toBe(200_000_000)
  expect((output.result as string).length).toBe(4 * 1024 * 1024)
  expect(output.resultDigest).toBeUndefined()
  expect(Buffer.byteLength(output.content)).toBeLessThanOrEqual(1024)
})

test('a list of the size of a text that would be cut is refused', () => {
  expect(copyOutput(Array.from({ length: 5_000_000 }, () => 1))).toContain('longer than')
})

test('a deep result is refused', () => {
  let deep: unknown = 1
  for (let depth = 0; depth < 10_000; depth++) deep = [deep]
  expect(copyOutput(deep)).toContain('nested deeper')
})

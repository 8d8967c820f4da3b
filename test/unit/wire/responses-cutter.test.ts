import { expect, test } from 'vitest'
import { DeltaCutter } from '../../../src/wire/responses/cutter.ts'

/** What is cut out of `later` after a lesson from `first`; undefined when it has to be parsed. */
function cutAfter(first: string, later: string): string | undefined {
  const cutter = new DeltaCutter()
  let text: string | undefined
  const growing = {
    append(delta: string) {
      text = delta
    },
  }
  cutter.learn(first, JSON.parse(first), growing)
  return cutter.cut(later) ? text : undefined
}

const plain = '{"type":"t","delta":"a","sequence_number":9,"obfuscation":"x"}'

test.each([
  ['another text', plain.replace('"a"', '"bcd"'), 'bcd'],
  ['another number and padding', plain.replace('9', '10').replace('"x"', '""'), 'a'],
  ['escapes', plain.replace('"a"', String.raw`"\"\u00e9\n"`), '"é\n'],
  ['another member', plain.replace('"t"', '"u"'), undefined],
  ['one member more', plain.replace('}', ',"more":1}'), undefined],
  ['a fraction', plain.replace('9', '9.5'), undefined],
  ['a number that is none', plain.replace('9', '09'), undefined],
  ['a text that is none', plain.replace('"a"', '"a\nb"'), undefined],
  ['an escape that is none', plain.replace('"a"', String.raw`"\x"`), undefined],
  ['padding that is no text', plain.replace('"x"', '"x\ty"'), undefined],
  ['escaped padding', plain.replace('"x"', String.raw`"\\"`), undefined],
  ['an end that is missing', plain.slice(0, -1), undefined],
  ['an end that is too long', `${plain} `, undefined],
])('an event with %s', (_, later, expected) => {
  expect(cutAfter(plain, later)).toBe(expected)
})

test('a delta that is written with escapes teaches as well as another one', () => {
  const escaped = plain.replace('"a"', String.raw`"{\"or"`)
  expect(cutAfter(escaped, plain)).toBe('a')
  expect(cutAfter(escaped, escaped)).toBe('{"or')
})

test.each([
  String.raw`{"delta":"a","name":"\"delta\":\"a"}`,
  String.raw`{"delta":"a","obfuscation":"\n","n\u0061me":"a"}`,
  '{"delta" :"a","n":{"delta":"a"}}',
  String.raw`{"d\u0065lta":"a","n":{"delta":"a"}}`,
  '{"delta":"a","n":{"delta":"a"}}',
  '{"delta":"a","delta":"a"}',
  '{"delta":7}',
  '{"sequence_number":7}',
])('nothing is learned from %s', (event) => {
  expect(cutAfter(event, event)).toBeUndefined()
})

test('learning stops when it is of no use, and what was learned is forgotten when asked', () => {
  const cutter = new DeltaCutter()
  const growing = { append() {} }
  const teach = (event: string): void => cutter.learn(event, JSON.parse(event), growing)
  teach(plain)
  expect(cutter.cut(plain)).toBe(true)
  cutter.forget()
  expect(cutter.cut(plain)).toBe(false)
  for (let id = 0; id < 9; id++) teach(`{"id":"${id}","delta":"a"}`)
  teach(plain)
  expect(cutter.cut(plain)).toBe(false)
})

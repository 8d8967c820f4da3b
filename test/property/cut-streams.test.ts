import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { chat, responses, told, type StreamEvent } from '../support/told-streams.ts'

/** Where a text stands that changes from one event to the next, or padding. */
const hole = '~'
const padding = '^'

/** Objects are written by hand: members may stand twice, in any order, and in any place. */
function members(...texts: readonly string[]): fc.Arbitrary<string> {
  return fc.shuffledSubarray([...texts]).map((some) => some.join(','))
}

const detail = members(
  '"type":"reasoning.text"',
  '"index":0',
  '"text":~',
  '"summary":~',
  '"signature":null',
)

const body = members('"name":"f"', '"arguments":~', '"arguments":""')
const entry = fc
  .tuple(members('"index":0', '"index":1', '"id":"a"', '"id":"z"'), fc.boolean(), body)
  .map(([place, isCustom, inside]) =>
    [...(place === '' ? [] : [place]), `"${isCustom ? 'custom' : 'function'}":{${inside}}`].join(),
  )
const calls = fc.array(entry, { minLength: 1, maxLength: 2 }).map((all) => `{${all.join('},{')}}`)

const delta = fc.oneof(
  members('"content":~', '"role":"assistant"', '"content":null', '"refusal":""'),
  fc
    .tuple(members('"reasoning":~', '"reasoning_content":~', '"reasoning":"a"'), detail)
    .map(([plain, inside]) =>
      [...(plain === '' ? [] : [plain]), `"reasoning_details":[{${inside}}]`].join(),
    ),
  fc
    .tuple(calls, fc.constantFrom('"content":~,', '"content":"",', ''))
    .map(([all, content]) => `${content}"tool_calls":[${all}]`),
  fc.constantFrom('"content":~', '"tool_calls":[{"index":0,"function":{"arguments":~}}]'),
)

const ending = fc.constantFrom(
  '',
  '',
  ',"finish_reason":null',
  ',"finish_reason":"none"',
  ',"finish_reason":"stop"',
  ',"message":null',
)

const chatEvent = fc
  .tuple(
    delta,
    ending,
    fc.constantFrom('delta', 'delta', 'delta', 'message'),
    members('"id":"x"', '"x":~', '"usage":null', '"obfuscation":^', '"obfuscation":"a"'),
  )
  .map(([inside, end, holder, more]) => {
    const choices = `"choices":[{"${holder}":{${inside}}${end}}]`
    return `{${[choices, ...(more === '' ? [] : [more])].join()}}`
  })

const types = [
  'response.output_text.delta',
  'response.function_call_arguments.delta',
  'response.reasoning_text.delta',
  'response.refusal.delta',
]

const responsesEvent = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('', ...types.map((type) => `"type":"${type}",`)),
      members('"output_index":0', '"item_id":"a"', '"item_id":"b"', '"sequence_number":7'),
      fc.constantFrom(
        '"delta":~',
        '"delta" :~',
        '"n":{"delta":~},"delta":~',
        '"delta":~,"delta":~',
      ),
      fc.constantFrom('', ',"obfuscation":^'),
    )
    .map(
      ([type, place, text, more]) => `{${type}${place}${place === '' ? '' : ','}${text}${more}}`,
    ),
  fc
    .tuple(
      members('"id":"a"', '"id":"b"', '"name":"f"'),
      fc.constantFrom('message', 'function_call'),
    )
    .map(([inside, type]) => {
      const item = [`"type":"${type}"`, ...(inside === '' ? [] : [inside])].join()
      return `{"type":"response.output_item.added","output_index":0,"item":{${item}}}`
    }),
)

const word = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'z',
    'f',
    '',
    '"',
    '\\',
    '{"a":1}',
    ':',
    ',',
    'é',
    '😀',
    '\u2028',
    '\n',
  ),
  fc.constantFrom('[DONE]', 'sallyport probe', 'sallyport padding', 'one probe', 'another'),
)

/** A text as JSON, written in one of the ways that mean the same. */
const writings: readonly ((text: string) => string)[] = [
  (text) => JSON.stringify(text),
  (text) => JSON.stringify(text).replace(/[\u0080-\uffff]/g, escaped),
  (text) => `"${text.split('').map(escaped).join('')}"`,
  (text) => JSON.stringify(text).replace(/[ a]/, escaped),
]

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

const writing = fc.constantFrom(0, 0, 0, 1, 2, 3)
/** What JSON does not have inside a text. */
const wrong = fc.constantFrom('"a\u0001"', '"a\n"', '"\\x"', '"a', '7', '"a","role":"b"')
const value = fc.oneof(
  { weight: 30, arbitrary: fc.tuple(word, writing).map(([text, way]) => writings[way]!(text)) },
  { weight: 1, arbitrary: wrong },
)

const step = fc.record({
  pick: fc.nat(3),
  text: value,
  // in place of the text, at one of its places
  other: fc.option(fc.tuple(fc.nat(3), value), { freq: 4 }),
  pad: value,
  name: fc.constantFrom(undefined, undefined, undefined, undefined, ...types),
})

/** A few events, sent again and again with other texts. */
function streamOf(event: fc.Arbitrary<string>): fc.Arbitrary<readonly StreamEvent[]> {
  const pool = fc.array(event, { minLength: 1, maxLength: 4 })
  return fc.tuple(pool, fc.array(step, { maxLength: 24 })).map(([events, steps]) =>
    steps.map(({ name, other, pad, pick, text }): StreamEvent => {
      let place = 0
      const data = events[pick % events.length]!.replaceAll(hole, () =>
        other !== null && place++ === other[0] ? other[1] : text,
      )
      const padded = data.replaceAll(padding, () => pad)
      return name === undefined ? [padded] : [padded, name]
    }),
  )
}

const most = fc.oneof(
  { weight: 9, arbitrary: fc.constant(1_000_000) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 400 }) },
)

test.each([
  ['Chat Completions', chat, chatEvent],
  ['Responses', responses, responsesEvent],
])('every stream of %s means the same whether it is cut or parsed', (_, decoder, event) => {
  fc.assert(
    fc.property(streamOf(event), most, (stream, maxTextLength) => {
      const [cut, parsed] = [decoder(maxTextLength), decoder(maxTextLength)]
      expect(told(cut, stream, false)).toEqual(told(parsed, stream, true))
    }),
    { numRuns: 8000 },
  )
})

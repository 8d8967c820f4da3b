import { describe, expect, test } from 'vitest'
import { chat, responses, told, type StreamEvent as Event } from '../../support/told-streams.ts'

function delta(members: string, more = ''): Event {
  return [`{"choices":[{"delta":{${members}}${more}}]}`]
}

function call(members: string, args: string): string {
  return `"tool_calls":[{${members},"function":{"arguments":"${args}"}}]`
}

function opening(members: string): Event {
  return delta(`"tool_calls":[{${members}}]`)
}

const withEmptyCall = delta(`"content":"a",${call('"index":0', '')}`)
const finished = delta('', ',"finish_reason":"tool_calls"')
const freeText = delta('"content":"a","tool_calls":[{"index":0,"custom":{}}]')
const whole: Event = ['{"choices":[{"message":{"content":"a"},"finish_reason":"none"}]}']

function twoPlaces(member: string, text: string): string {
  const details = `[{"type":"reasoning.text","index":0,"text":"${text}"}]`
  return `"${member}":"${text}","reasoning_details":${details}`
}

const streams: Record<string, readonly Event[]> = {
  'a call that goes on beside a text after the end was told': [
    opening('"index":0,"id":"a","function":{"name":"f","arguments":"{}"}'),
    withEmptyCall,
    finished,
    withEmptyCall,
  ],
  'a call that is said to be of free text beside a text, before and after another one begins': [
    opening('"index":0,"id":"a","function":{"name":"f","arguments":"{}"}'),
    freeText,
    opening('"index":0,"id":"b","function":{"name":"g","arguments":"{}"}'),
    freeText,
    finished,
  ],
  'an id that another call gets while fragments name it': [
    opening('"index":0,"id":"a","function":{"name":"f"}'),
    opening('"function":{"name":"g"}'),
    delta(call('"index":0,"id":"z"', '{')),
    opening('"id":"z","function":{"name":"g"}'),
    delta(call('"index":0,"id":"z"', '}')),
    finished,
  ],
  'a whole message that comes twice': [whole, whole],
  'reasoning under three names, of which the first that is read stays the same': [
    delta(`${twoPlaces('reasoning_content', 'a')},"reasoning":"a"`),
    delta(`${twoPlaces('reasoning_content', 'a')},"reasoning":"a"`),
    delta(`${twoPlaces('reasoning_content', 'b')},"reasoning":"a"`),
  ],
  'the text that stands for others while a place is proved': [
    delta('"x":"sallyport probe","content":"sallyport\\u0020probe"'),
    delta('"x":"other","content":"sallyport\\u0020probe"'),
  ],
  'the padding that stands for others while a place is proved': [
    opening('"id":"sallyport padding","function":{"name":"f","arguments":"{"}'),
    opening('"id":"other","function":{"name":"g","arguments":"{"}'),
    ...['sallyport padding', 'other'].map((id): Event => {
      const entry = `{"function":{"arguments":"}"},"id":"${id}"}`
      const padding = '"obfuscation":"sallyport\\u0020padding"'
      return [`{"choices":[{"delta":{"tool_calls":[${entry}]}}],${padding}}`]
    }),
    finished,
  ],
}

/** Reasoning under each of its names, alone and with its details, without an end. */
const endless = ['content', 'reasoning', 'reasoning_content'].flatMap((member) =>
  [`"${member}":"abcd"`, twoPlaces(member, 'abcd')].map((members) =>
    Array<Event>(12).fill(delta(members)),
  ),
)

describe('Chat Completions', () => {
  test.each(Object.entries(streams))(
    '%s means the same whether it is cut or parsed',
    (_, stream) => {
      expect(told(chat(), stream, false)).toEqual(told(chat(), stream, true))
    },
  )

  test.each(endless)(
    '%s is too long at the same place whether it is cut or parsed',
    (...stream) => {
      for (let maxTextLength = 4; maxTextLength < 300; maxTextLength += 3) {
        const [cut, parsed] = [chat(maxTextLength), chat(maxTextLength)]
        expect(told(cut, stream, false)).toEqual(told(parsed, stream, true))
      }
    },
  )
})

describe('Responses', () => {
  const untyped = '{"output_index":0,"delta":"a"}'

  test.each([
    ['of another name', 'response.reasoning_text.delta'],
    ['of an error', 'error'],
    ['without a name', undefined],
  ])('a delta without a type is not read like the one before it under the name %s', (_, name) => {
    const stream: Event[] = [
      [untyped, 'response.output_text.delta'],
      name === undefined ? [untyped] : [untyped, name],
    ]
    expect(told(responses(), stream, false)).toEqual(told(responses(), stream, true))
  })

  test('a delta with the text that stands for others is read where it stands', () => {
    const stream = ['one probe', 'other'].map((text): Event => {
      const head = '"type":"response.output_text.delta","output_index":0'
      return [`{${head},"n":{"delta":"${text}"},"delta" :"one probe"}`]
    })
    expect(told(responses(), stream, false)).toEqual(told(responses(), stream, true))
  })
})

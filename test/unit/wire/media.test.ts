import { describe, expect, test } from 'vitest'
import type { UserPart } from '../../../src/protocol/message.ts'
import type { ModelRequest } from '../../../src/protocol/request.ts'
import { anthropicCodec } from '../../../src/wire/anthropic/codec.ts'
import { chatCodec } from '../../../src/wire/chat/codec.ts'
import { responsesCodec } from '../../../src/wire/responses/codec.ts'
import { bodyText } from '../../support/body-text.ts'

const codecs = {
  'chat of OpenAI': chatCodec({ dialect: 'openai' }),
  'chat of OpenRouter': chatCodec({ dialect: 'openrouter' }),
  'chat of others': chatCodec({ dialect: 'compatible' }),
  responses: responsesCodec({ dialect: 'openai' }),
  messages: anthropicCodec({}),
}
type Name = keyof typeof codecs
const names = Object.keys(codecs) as Name[]

/** What a wire sends of a part. */
function sent(name: Name, part: UserPart): unknown {
  const request: ModelRequest = { messages: [{ role: 'user', content: [part] }], tools: [] }
  const body = JSON.parse(bodyText(codecs[name].encode(request, { model: 'm', stream: true })))
  return (body.messages ?? body.input)[0].content[0]
}

const pdf = 'data:application/pdf;base64,JVBERi0='
const link = 'https://x.example/a.pdf'
const hello = 'data:text/plain;base64,aMOpbGxv'

describe('a PDF', () => {
  const part: UserPart = { type: 'file', name: 'a.pdf', url: pdf }
  const chat = { type: 'file', file: { filename: 'a.pdf', file_data: pdf } }
  const source = { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' }
  test.each<readonly [Name, object]>([
    ['chat of OpenAI', chat],
    ['chat of OpenRouter', chat],
    ['chat of others', chat],
    ['responses', { type: 'input_file', filename: 'a.pdf', file_data: pdf }],
    ['messages', { type: 'document', source, title: 'a.pdf' }],
  ])('goes over %s', (name, expected) => {
    expect(sent(name, part)).toEqual(expected)
  })
})

describe('the address of a file', () => {
  const part: UserPart = { type: 'file', name: 'a.pdf', url: link }
  const chat = { type: 'file', file: { filename: 'a.pdf', file_data: link } }
  test.each<readonly [Name, object]>([
    ['chat of OpenRouter', chat],
    ['chat of others', chat],
    ['responses', { type: 'input_file', file_url: link }],
    ['messages', { type: 'document', source: { type: 'url', url: link }, title: 'a.pdf' }],
  ])('goes over %s', (name, expected) => {
    expect(sent(name, part)).toEqual(expected)
  })

  test('is refused where only data go', () => {
    expect(() => sent('chat of OpenAI', part)).toThrow('the file `a.pdf` is an address')
  })
})

describe.each(['data:text/plain,h%C3%A9llo', 'DATA:Text/Plain;BASE64,aMOpbGxv', hello])(
  'the text in %s',
  (url) => {
    const part: UserPart = { type: 'file', name: 'a.txt', url }
    test.each(names)('goes over %s', (name) => {
      const text = JSON.stringify(sent(name, part))
      expect(text).toContain(name === 'messages' ? 'héllo' : hello)
    })
  },
)

describe.each([
  'http://x.example/a',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'ftp://x.example/a',
  '/etc/passwd',
  'a.png',
  '',
])('the address `%s`', (url) => {
  test.each(names)('is looked up by nobody: %s', (name) => {
    const message = 'is neither an https URL nor a'
    expect(() => sent(name, { type: 'image', url })).toThrow(message)
    expect(() => sent(name, { type: 'file', name: 'f', url })).toThrow(message)
  })
})

test.each(names)('data of a picture that are written out are refused: %s', (name) => {
  expect(() => sent(name, { type: 'image', url: 'data:image/svg+xml,<svg/>' })).toThrow(
    'a picture is neither',
  )
})

test.each(names)('data of a file that are no text are refused: %s', (name) => {
  const part: UserPart = { type: 'file', name: 'f', url: 'data:text/plain,%zz' }
  expect(() => sent(name, part)).toThrow('the data URL of the file `f` is malformed')
})

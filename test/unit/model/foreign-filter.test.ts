import { expect, test } from 'vitest'
import { foreignFilter } from '../../../src/model/sealed.ts'
import type { AssistantMessage, Message } from '../../../src/protocol/message.ts'

const asked: Message = { role: 'user', content: 'hi' }

function said(provider: string | undefined, secret: string): AssistantMessage {
  return {
    role: 'assistant',
    content: [{ type: 'text', text: 'hello' }],
    opaque: { wire: 'chat', value: { secret } },
    ...(provider === undefined ? {} : { provider }),
  }
}

const own = said('ours', 'own')
const foreign = said('theirs', 'foreign')

function secretsIn(messages: readonly Message[]): readonly string[] {
  return [...JSON.stringify(messages).matchAll(/"secret":"(\w+)"/g)].map(([, secret]) => secret!)
}

test('only what the provider itself has sealed is left in a history, in whatever order it grows', () => {
  const see = foreignFilter('ours')
  expect(secretsIn(see([asked, own]))).toEqual(['own'])
  expect(secretsIn(see([asked, own, foreign]))).toEqual(['own'])
  expect(secretsIn(see([asked, own, foreign, own]))).toEqual(['own', 'own'])
  expect(secretsIn(see([asked, own, own]))).toEqual(['own', 'own'])
  expect(secretsIn(see([asked, foreign, own]))).toEqual(['own'])
  expect(secretsIn(see([asked, said(undefined, 'nameless')]))).toEqual([])
  expect(see([])).toEqual([])
})

test('a list that is changed in place is looked at as it is now', () => {
  const see = foreignFilter('ours')
  const messages = [asked, own, own]
  expect(see(messages)).toBe(messages)
  messages[1] = foreign
  expect(secretsIn(see(messages))).toEqual(['own'])
  messages.length = 1
  messages.push(foreign)
  expect(secretsIn(see(messages))).toEqual([])
})

test('two providers that share a history each see their own', () => {
  const [ours, theirs] = [foreignFilter('ours'), foreignFilter('theirs')]
  const messages = [asked, own, foreign]
  expect(secretsIn(ours(messages))).toEqual(['own'])
  expect(secretsIn(theirs(messages))).toEqual(['foreign'])
})

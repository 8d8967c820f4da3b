import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deepFreeze } from '../../src/base/json.ts'
import type { Message } from '../../src/protocol/message.ts'
import type { ModelRequest } from '../../src/protocol/request.ts'
import { comparedRequest } from '../../src/run/foreign-text.ts'

/** Longest text of a message. */
const maxLength = 12

const said: fc.Arbitrary<Message> = fc
  .record({
    role: fc.constantFrom('system', 'user', 'assistant', 'tool'),
    text: fc.string({ maxLength }),
    callId: fc.string({ minLength: 1, maxLength: 3 }),
    isError: fc.boolean(),
  })
  .map(({ role, text, callId, isError }): Message => {
    if (role === 'assistant') return { role, content: [{ type: 'text', text }] }
    if (role !== 'tool') return { role, content: text }
    return { role, callId, providerId: callId, tool: 'read', content: text, isError }
  })

const conversation = fc.array(said, { minLength: 1, maxLength: 6 })

/** What becomes of each message. */
const cuts = fc.array(fc.record({ stays: fc.boolean(), from: fc.nat(4), to: fc.nat(maxLength) }), {
  minLength: 6,
  maxLength: 6,
})

const reordered = conversation.chain((given) =>
  fc.tuple(fc.constant(given), fc.shuffledSubarray([...given.keys()])),
)

function foreignIn(given: readonly Message[], messages: readonly Message[]): readonly Message[] {
  const request: ModelRequest = deepFreeze({ messages: structuredClone(given), tools: [] })
  return comparedRequest(request, { ...request, messages }).foreign
}

function withText(message: Message, change: (text: string) => string): Message {
  if (message.role !== 'assistant') {
    return { ...message, content: change(String(message.content)) } as Message
  }
  const content = message.content.map((part) =>
    part.type === 'text' ? { ...part, text: change(part.text) } : part,
  )
  return { ...message, content }
}

describe('a request that wrappers have made of another one', () => {
  test('holds nothing foreign where messages were left out and cut', () => {
    fc.assert(
      fc.property(conversation, cuts, (given, how) => {
        const asked = given.flatMap((message, at) => {
          const { from, stays, to } = how[at]!
          return stays ? [withText(message, (text) => text.slice(from, to))] : []
        })
        expect(foreignIn(given, asked)).toEqual([])
      }),
    )
  })

  test('holds nothing foreign where whole messages were put in another order', () => {
    fc.assert(
      fc.property(reordered, ([given, order]) => {
        const asked = order.map((at) => structuredClone(given[at]!))
        expect(foreignIn(given, asked)).toEqual([])
      }),
    )
  })

  test('holds each text that is longer than those of the run', () => {
    fc.assert(
      fc.property(conversation, fc.nat(5), fc.nat(6), (given, like, at) => {
        const text = 'x'.repeat(maxLength + 1)
        const added = withText(given[like % given.length]!, () => text)
        expect(foreignIn(given, given.toSpliced(at, 0, added))).toEqual([added])
      }),
    )
  })

  test('holds a text that is spelt with letters of the run', () => {
    const letters = fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { minLength: 2 })
    fc.assert(
      fc.property(letters, (spelling) => {
        const given: Message[] = [{ role: 'user', content: spelling.join('') }]
        const backwards = spelling.toReversed()
        const parts = backwards.map((text) => ({ type: 'text', text }) as const)
        const inParts: Message = { role: 'user', content: parts }
        const inMessages = backwards.map((content): Message => ({ role: 'user', content }))
        expect(foreignIn(given, [inParts])).toEqual([inParts])
        expect(foreignIn(given, inMessages)).toEqual(inMessages.slice(1))
      }),
    )
  })
})

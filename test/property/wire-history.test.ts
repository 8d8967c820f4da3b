import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import type { Message } from '../../src/protocol/message.ts'
import { historyWriter, type HistoryWriter } from '../../src/wire/history.ts'
import { bodyText } from '../support/body-text.ts'

const writer = (): HistoryWriter =>
  historyWriter((message, ids) => {
    const { content } = message
    return content === '' ? '' : JSON.stringify([message.role, content, ids])
  })

/** Ids and texts repeat, so that calls of one id and messages without a text occur. */
const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    role: fc.constantFrom('user' as const, 'system' as const),
    content: fc.constantFrom('', 'a', 'b', 'ü\n', 'é'.repeat(9000)),
  }),
  fc.record({
    role: fc.constant('assistant' as const),
    content: fc.array(
      fc.record({
        type: fc.constant('tool-call' as const),
        callId: fc.constantFrom('c1', 'c2', 'c3'),
        providerId: fc.constantFrom('', 'p1', 'p2'),
        tool: fc.constant('t'),
        arguments: fc.constant('{}'),
      }),
      { maxLength: 2 },
    ),
  }),
  fc.record({
    role: fc.constant('tool' as const),
    callId: fc.constantFrom('c1', 'c2', 'c3'),
    providerId: fc.constant('p1'),
    tool: fc.constant('t'),
    content: fc.constantFrom('', 'r'),
    isError: fc.boolean(),
  }),
)

function isSystem({ role }: Message): boolean {
  return role === 'system'
}

/** How one history follows from the one before it: cut, changed at a place, and gone on with. */
const step = fc.record({
  keep: fc.nat(12),
  change: fc.option(fc.tuple(fc.nat(12), message)),
  add: fc.array(message, { maxLength: 4 }),
})

test('a history that grows, shrinks and changes is written as one that is seen for the first time', () => {
  fc.assert(
    fc.property(message, fc.array(step, { minLength: 1, maxLength: 8 }), (first, steps) => {
      const write = writer()
      let history: readonly Message[] = [first]
      for (const { keep, change, add } of steps) {
        const kept = history.slice(0, Math.max(1, keep))
        if (change !== null && change[0] < kept.length) kept[change[0]] = change[1]
        history = [...kept, ...add]
        const known = write(history)
        const fresh = writer()(history)
        expect(known.texts).toEqual(fresh.texts)
        const joined = known.texts.filter((text) => text !== '').join(',')
        expect(bodyText(known.between('[', ']'))).toBe(`[${joined}]`)
        expect(bodyText(fresh.between('', ''))).toBe(joined)
      }
    }),
    { numRuns: 500 },
  )
})

test('a history that only grows has each message written once', () => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 12 }), (messages) => {
      // what comes first is what a history is known by
      const history: readonly Message[] = [{ role: 'system', content: 'begin' }, ...messages]
      const ordered = [...history.filter(isSystem), ...history.filter((one) => !isSystem(one))]
      const written: Message[] = []
      const write = historyWriter((one) => {
        written.push(one)
        return one.role
      })
      for (let length = 1; length <= ordered.length; length++) write(ordered.slice(0, length))
      expect(written).toEqual(ordered)
    }),
  )
})

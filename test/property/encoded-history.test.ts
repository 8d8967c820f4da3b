import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { foreignFilter } from '../../src/model/sealed.ts'
import type { AssistantMessage, Message, ToolCallPart } from '../../src/protocol/message.ts'
import { anthropicCodec } from '../../src/wire/anthropic/codec.ts'
import { chatCodec } from '../../src/wire/chat/codec.ts'
import { responsesCodec } from '../../src/wire/responses/codec.ts'
import { giveBack, type BodyText } from '../../src/wire/growing-text.ts'
import type { WireCodec } from '../../src/wire/wire.ts'
import { bodyText } from '../support/body-text.ts'

const text = fc.constantFrom('', 'a', 'é😀', '\n"', 'x'.repeat(17_000))
const callId = fc.constantFrom('c1', 'c2', 'a', 'c')

const call: fc.Arbitrary<ToolCallPart> = fc.record({
  type: fc.constant('tool-call'),
  callId,
  // joined with others they could be the same as those of other calls
  providerId: fc.constantFrom('', 'p1', 'a\nb', 'b\nc', 'c1'),
  tool: fc.constantFrom('t', 'a.b'),
  arguments: fc.constantFrom('{}', '{"a":1}', 'x'),
})

interface Told {
  readonly said: string
  readonly calls: readonly ToolCallPart[]
  readonly types: readonly string[]
  readonly dialect: string
  readonly provider: string | undefined
}

const callTypes = fc.constantFrom('function_call', 'function_call', 'custom_tool_call')

const answer = fc
  .record<Told>({
    said: fc.constantFrom('', 'hi'),
    calls: fc.array(call, { maxLength: 2 }),
    types: fc.array(callTypes, { minLength: 2, maxLength: 2 }),
    dialect: fc.constantFrom('openai', 'compatible'),
    provider: fc.constantFrom('A', 'B', undefined),
  })
  .map(({ said, calls, types, dialect, provider }): AssistantMessage => {
    const spoken = said === '' ? [] : [{ item: { type: 'message' }, text: [0, said.length] }]
    const called = calls.map((_, at) => ({ item: { type: types[at]! }, call: at }))
    return {
      role: 'assistant',
      content: [...(said === '' ? [] : [{ type: 'text' as const, text: said }]), ...calls],
      opaque: { wire: 'responses', value: { dialect, items: [...spoken, ...called] } },
      ...(provider === undefined ? {} : { provider }),
    }
  })

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ role: fc.constantFrom('user' as const, 'system' as const), content: text }),
  answer,
  fc.record({
    role: fc.constant('tool' as const),
    callId,
    providerId: fc.constant('p1'),
    tool: fc.constant('t'),
    content: text,
    isError: fc.boolean(),
  }),
)

/** How one history follows from an earlier one: cut, with another message in it, and gone on with. */
const step = fc.record({
  from: fc.nat(9),
  keep: fc.nat(9),
  at: fc.nat(9),
  change: fc.constantFrom('nothing', 'bare', 'copy', 'other'),
  other: message,
  add: fc.array(message, { maxLength: 3 }),
})

const histories = fc.array(step, { maxLength: 8 }).map((steps) => {
  const all: (readonly Message[])[] = [[]]
  for (const { add, at, change, from, keep, other } of steps) {
    const cut = all[from % all.length]!.slice(0, keep)
    const kept = cut.map((each, place) => {
      if (place !== at || change === 'nothing') return each
      if (change === 'other') return other
      const isBare = change === 'bare' && each.role === 'assistant'
      return isBare ? { role: each.role, content: each.content } : { ...each }
    })
    all.push([...kept, ...add])
  }
  return all
})

/** What is sent of a history; what cannot be sent is refused in the same way. */
function written(codec: WireCodec, messages: readonly Message[], model = 'm'): BodyText {
  try {
    return codec.encode({ messages, tools: [] }, { model, stream: true })
  } catch (error) {
    return String(error)
  }
}

function sent(codec: WireCodec, messages: readonly Message[]): string {
  return bodyText(written(codec, messages))
}

test.each([
  ['chat', () => chatCodec({ dialect: 'openrouter' })],
  ['responses', () => responsesCodec({ dialect: 'openai' })],
  ['anthropic', () => anthropicCodec({})],
] as const)('histories that change are sent by %s as if each were the first', (_, codec) => {
  fc.assert(
    fc.property(histories, fc.constantFrom('A', 'B'), (all, provider) => {
      const [known, filter] = [codec(), foreignFilter(provider)]
      for (const history of all) {
        // copies are known to nobody
        const alone = structuredClone(foreignFilter(provider)(history))
        expect(sent(known, filter(history))).toBe(sent(codec(), alone))
      }
    }),
    { numRuns: 1500 },
  )
})

function calling(...ids: readonly (readonly [string, string])[]): Message {
  return {
    role: 'assistant',
    content: ids.map(([id, providerId]) => ({
      type: 'tool-call',
      callId: id,
      providerId,
      tool: 't',
      arguments: '{}',
    })),
  }
}

test('a body stays as it is until it is given back, whatever is written after it', () => {
  const steps = fc.array(fc.tuple(fc.string({ maxLength: 3 }), fc.boolean(), fc.nat(2)), {
    maxLength: 8,
  })
  fc.assert(
    fc.property(steps, (all) => {
      const codec = chatCodec({ dialect: 'openrouter' })
      const history: Message[] = []
      const kept: (readonly [BodyText, string])[] = []
      for (const [model, isGivenBack, more] of all) {
        for (let added = 0; added < more; added++) {
          history.push({ role: 'user', content: `${history.length}${'é'.repeat(9000)}` })
        }
        const body = written(codec, [...history], model)
        const alone = written(chatCodec({ dialect: 'openrouter' }), history, model)
        expect(bodyText(body)).toBe(bodyText(alone))
        if (isGivenBack) giveBack(body)
        else kept.push([body, bodyText(alone)])
      }
      for (const [body, before] of kept) expect(bodyText(body)).toBe(before)
    }),
    { numRuns: 300 },
  )
})

test('the ids of two calls are told apart from others that are the same text when joined', () => {
  const [first, last] = [calling(), calling(['a', 'a\nb'], ['c', 'b\nc'])]
  const known = chatCodec({ dialect: 'openrouter' })
  for (const taken of ['b\nc', 'a\nb']) {
    const history = [first, calling(['x', taken]), last]
    expect(sent(known, history)).toBe(sent(chatCodec({ dialect: 'openrouter' }), history))
  }
})

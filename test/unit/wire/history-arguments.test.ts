import { describe, expect, test } from 'vitest'
import type { AssistantMessage, Message } from '../../../src/protocol/message.ts'
import { anthropicCodec } from '../../../src/wire/anthropic/codec.ts'
import { chatCodec } from '../../../src/wire/chat/codec.ts'
import { responsesCodec } from '../../../src/wire/responses/codec.ts'
import type { WireCodec } from '../../../src/wire/wire.ts'
import { bodyText } from '../../support/body-text.ts'

interface Sent {
  readonly messages?: readonly {
    readonly content?: readonly { readonly type: string; readonly input: object }[]
    readonly tool_calls?: readonly { readonly function: { readonly arguments: string } }[]
  }[]
  readonly input?: readonly { readonly type?: string; readonly arguments?: string }[]
}

const wires: readonly (readonly [string, WireCodec, (sent: Sent) => unknown])[] = [
  [
    'chat',
    chatCodec({ dialect: 'compatible' }),
    ({ messages }) => messages?.[1]?.tool_calls?.[0]?.function.arguments,
  ],
  [
    'responses',
    responsesCodec({ dialect: 'openai' }),
    ({ input }) => input?.find(({ type }) => type === 'function_call')?.arguments,
  ],
  [
    'anthropic',
    anthropicCodec({}),
    ({ messages }) =>
      JSON.stringify(messages?.[1]?.content?.find(({ type }) => type === 'tool_use')?.input),
  ],
]

function history(args: string, opaque?: AssistantMessage['opaque']): readonly Message[] {
  const call = { callId: 'c', providerId: 'p', tool: 'f' }
  return [
    { role: 'user', content: 'go' },
    {
      role: 'assistant',
      content: [{ type: 'tool-call', ...call, arguments: args }],
      ...(opaque === undefined ? {} : { opaque }),
    },
    { role: 'tool', ...call, content: 'these are no arguments', isError: true },
  ]
}

const item = { type: 'function_call', id: 'fc_1', status: 'completed' }
const kept = { wire: 'responses', value: { dialect: 'openai', items: [{ item, call: 0 }] } }

describe.each(wires)('over %s', (_, codec, find) => {
  const sent = (messages: readonly Message[]): unknown =>
    find(JSON.parse(bodyText(codec.encode({ messages, tools: [] }, { model: 'm', stream: true }))))

  test.each([
    '{"a":',
    '',
    'null',
    '[1]',
    '"{}"',
    '{"a":1}{"a":2}',
    '{"a":1,"a":2}',
    '{"a":"\ud83d"}',
  ])('hosts are not refused over the arguments %j of a model', (args) => {
    for (const opaque of [undefined, kept]) {
      // half a character would be refused itself
      const wrapped = JSON.stringify({ INVALID_JSON: args.toWellFormed() })
      expect(sent(history(args, opaque))).toBe(wrapped)
    }
  })

  test('arguments that can be read are sent as they came', () => {
    const args = '{"b":1,"a":[1,2],"c":1.0}'
    const same = codec.encode({ messages: history(args), tools: [] }, { model: 'm', stream: true })
    expect(bodyText(same).replaceAll('\\"', '"')).toContain(args)
  })
})

import { expect, test } from 'vitest'
import type { ToolSpecification } from '../../../src/protocol/request.ts'
import { anthropicCodec } from '../../../src/wire/anthropic/codec.ts'
import { chatCodec } from '../../../src/wire/chat/codec.ts'
import { responsesCodec } from '../../../src/wire/responses/codec.ts'
import { bodyText } from '../../support/body-text.ts'

function toolOf(name: string): ToolSpecification {
  return { name, description: name, input: { type: 'object' } }
}

test.each([
  ['chat', chatCodec({ dialect: 'openai' })],
  ['responses', responsesCodec({ dialect: 'openai' })],
  ['anthropic', anthropicCodec({})],
])('a list of tools that a host changes is sent by %s as it is', (_, codec) => {
  const tools = [toolOf('read')]
  const sent = (given: readonly ToolSpecification[]): string => {
    const messages = [{ role: 'user', content: 'hi' } as const]
    return bodyText(codec.encode({ messages, tools: given }, { model: 'm', stream: true }))
  }
  expect(sent(tools)).toBe(sent([...tools]))
  tools.push(toolOf('web.get'))
  expect(sent(tools)).toContain('web__get')
  tools[0] = toolOf('write')
  expect(sent(tools)).toBe(sent([...tools]))
  tools.length = 1
  expect(sent(tools)).toBe(sent([...tools]))
})

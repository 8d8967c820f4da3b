import type { JsonObject } from '../base/json.ts'
import { isOneOf } from '../protocol/option-checks.ts'
import { chatWire } from '../wire/chat/chat.ts'
import type { ChatDialect } from '../wire/chat/options.ts'
import { responsesWire } from '../wire/responses/responses.ts'
import type { Wire } from '../wire/wire.ts'

/** The two wires that OpenAI speaks: Chat Completions and Responses. */
export type OpenAIWire = 'chat' | 'responses'

/** The wire of that name. Throws `bad-option` for other names. */
export function openaiWire(
  name: OpenAIWire,
  dialect: ChatDialect,
  body: JsonObject | undefined,
): Wire {
  isOneOf('chat', 'responses')('wire', name)
  const rest = body === undefined ? {} : { body }
  if (name === 'chat') return chatWire({ dialect, ...rest })
  return responsesWire({ dialect: dialect === 'mistral' ? 'compatible' : dialect, ...rest })
}

import type {
  AssistantMessage,
  Message,
  ToolCallPart,
  ToolMessage,
} from '../../protocol/message.ts'
import { argumentsOf, callsOf, historyWriter } from '../history.ts'
import { toHistoryName } from '../names.ts'
import { textBlock, userBlock } from './parts.ts'
import { readReplay, type ReplayBlock } from './replay.ts'

/**
 * The content blocks of messages as JSON texts, without the brackets of their lists, so that those
 * of one side can be joined; each message is written once.
 */
export const writeMessages = historyWriter(
  (message, ids) => blocksOf(message, ids).join(','),
  (id) => /^[a-zA-Z0-9_-]+$/.test(id),
)

function blocksOf(message: Message, ids: readonly string[]): readonly string[] {
  switch (message.role) {
    case 'system':
      return texts(textBlock(message.content))
    case 'user':
      return typeof message.content === 'string'
        ? texts(textBlock(message.content))
        : texts(...message.content.map(userBlock))
    case 'assistant':
      return new AssistantBlocks(message, ids).all()
    case 'tool':
      return texts(resultBlock(message, ids[0]!))
  }
}

function texts(...blocks: readonly (object | undefined)[]): readonly string[] {
  return blocks.filter((block) => block !== undefined).map((block) => JSON.stringify(block))
}

function resultBlock({ content, isError }: ToolMessage, id: string): object {
  // an error without a text is refused
  const text = content === '' && isError ? 'the tool failed without a message' : content
  return {
    type: 'tool_result',
    tool_use_id: id,
    ...(text === '' ? {} : { content: text }),
    ...(isError ? { is_error: true } : {}),
  }
}

/**
 * The blocks of an answer in the order they came in, as far as that was kept; else text before
 * calls. Reasoning goes back only in blocks that were kept, since others have no signature; pictures
 * cannot go back at all.
 */
class AssistantBlocks {
  readonly #calls: readonly ToolCallPart[]
  readonly #ids: readonly string[]
  readonly #kept: readonly ReplayBlock[]
  readonly #blocks: string[] = []
  #text = ''
  #called = 0

  constructor(message: AssistantMessage, ids: readonly string[]) {
    this.#calls = callsOf(message)
    this.#ids = ids
    const { opaque } = message
    this.#kept = opaque?.wire === 'anthropic' ? readReplay(opaque.value).blocks : []
    for (const part of message.content) {
      if (part.type === 'text' || part.type === 'refusal') this.#text += part.text
    }
  }

  all(): readonly string[] {
    const lastText = this.#kept.findLastIndex((kept) => 'text' in kept)
    const firstCall = this.#kept.findIndex((kept) => 'call' in kept)
    for (const [at, kept] of this.#kept.entries()) {
      if (lastText < 0 && at === firstCall) this.#addText(this.#text.length)
      if ('text' in kept) {
        this.#addText(at === lastText ? this.#text.length : kept.text, kept.citations)
      } else if ('call' in kept) this.#addCall(kept.call)
      else if ('dropped' in kept) this.#called++
      else this.#blocks.push(JSON.stringify(kept.block))
    }
    this.#addText(this.#text.length)
    while (this.#called < this.#calls.length) this.#addCall({})
    return this.#blocks
  }

  #addText(length: number, citations?: readonly unknown[]): void {
    const block = textBlock(this.#text.slice(0, length))
    this.#text = this.#text.slice(length)
    if (block === undefined) return
    this.#blocks.push(JSON.stringify(citations === undefined ? block : { ...block, citations }))
  }

  #addCall(extras: object): void {
    const at = this.#called++
    const call = this.#calls[at]
    if (call === undefined) return
    const rest = { ...extras, type: 'tool_use', id: this.#ids[at]!, name: toHistoryName(call.tool) }
    this.#blocks.push(`${JSON.stringify(rest).slice(0, -1)},"input":${argumentsOf(call)}}`)
  }
}

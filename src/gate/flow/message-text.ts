import type { Message, UserMessage } from '../../protocol/message.ts'

export function textOf({ content }: UserMessage): string {
  if (typeof content === 'string') return content
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('\n')
}

export function hasAttachment({ content }: UserMessage): boolean {
  return typeof content !== 'string' && content.some(({ type }) => type !== 'text')
}

/** Everything in a message that a model reads as text, whoever it is of. */
export function wholeText(message: Message): string {
  if (message.role === 'user') return textOf(message)
  if (message.role !== 'assistant') return message.content
  return message.content
    .map((part) => {
      if (part.type === 'tool-call') return part.arguments
      return part.type === 'image' ? '' : part.text
    })
    .join('\n')
}

import { strictestSecrecy, type ToolFacts } from '../../protocol/facts.ts'
import type { Message, UserMessage } from '../../protocol/message.ts'

/** What is left of labels where it is not known what the tool was asked, or what of it is where. */
export function vouchingForNothing(facts: ToolFacts): ToolFacts {
  return { output: { trust: 'untrusted', secrecy: strictestSecrecy(facts) } }
}

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

import { SallyportError } from '../../base/errors.ts'
import type { AssistantMessage, Message, ToolMessage } from '../../protocol/message.ts'
import { callsOf } from '../history.ts'
import { droppedCalls } from './replay.ts'

type Spoken = Exclude<Message, { role: 'system' }>

/**
 * Messages in the order the API demands: the results of all calls of an answer come right after it,
 * in the order of the calls, and every call that is sent has one. Throws `bad-option` for a result whose call
 * is not in the answer before it.
 */
export function inOrder(messages: readonly Message[]): readonly Spoken[] {
  const ordered: Spoken[] = []
  let open: AssistantMessage[] = []
  let results = new Map<string, ToolMessage>()
  let others: Spoken[] = []
  const settle = (): void => {
    for (const answer of open) {
      const dropped = droppedCalls(answer)
      for (const { callId, providerId, tool } of callsOf(answer)) {
        const result = results.get(callId) ?? unanswered(callId, providerId, tool)
        if (!dropped.has(callId)) ordered.push(result)
        results.delete(callId)
      }
    }
    for (const { callId } of results.values()) throw stray(callId)
    ordered.push(...others)
    open = []
    results = new Map()
    others = []
  }
  for (const message of messages) {
    if (message.role === 'tool') results.set(message.callId, message)
    else if (message.role === 'user') others.push(message)
    else if (message.role === 'assistant') {
      // an answer that goes on with another one is one answer
      if (results.size > 0 || others.length > 0 || hasCalls(open)) settle()
      open.push(message)
      ordered.push(message)
    }
  }
  settle()
  return ordered
}

function hasCalls(answers: readonly AssistantMessage[]): boolean {
  return answers.some((answer) => callsOf(answer).length > 0)
}

function unanswered(callId: string, providerId: string, tool: string): ToolMessage {
  const content = 'there is no result of this call'
  return { role: 'tool', callId, providerId, tool, content, isError: true }
}

function stray(callId: string): SallyportError {
  return new SallyportError('bad-option', `the result of \`${callId}\` does not follow its call`, {
    help: 'keep the message with the call, and its results right after it',
  })
}

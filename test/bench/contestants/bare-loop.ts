// What an agent loop cannot do without: undici request, eventsource-parser, JSON.parse of every
// event, JSON.parse of complete arguments, Promise.all over the calls, the history sent again.
import { createParser } from 'eventsource-parser'
import { Agent, request } from 'undici'

import type { RunOnce, Target } from '../contestant.ts'
import { promptText, systemText, toolsFor } from '../toolbox.ts'

interface Call {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
}

type Message =
  | { role: 'system' | 'user'; content: string }
  | { role: 'assistant'; content: string; tool_calls?: Call[] }
  | { role: 'tool'; tool_call_id: string; content: string }

interface Chunk {
  readonly choices: readonly {
    readonly delta: {
      readonly content?: string
      readonly tool_calls?: readonly {
        readonly index: number
        readonly id?: string
        readonly function: { readonly name?: string; readonly arguments: string }
      }[]
    }
  }[]
}

const dispatcher = new Agent({ keepAliveTimeout: 600_000, keepAliveMaxTimeout: 600_000 })

export function bareLoop(
  { baseUrl, scenario }: Target,
  valid: (tool: string, args: unknown) => boolean,
): RunOnce {
  const toolbox = toolsFor(scenario)
  const tools = toolbox.map(({ name, description, input }) => ({
    type: 'function',
    function: { name, description, parameters: input },
  }))
  const functions = new Map(
    toolbox.map(({ name, run }) => [name, run as (args: unknown) => Promise<unknown>]),
  )
  return async () => {
    let characters = 0
    let executions = 0
    const messages: Message[] = [
      { role: 'system', content: systemText },
      { role: 'user', content: promptText },
    ]
    const execute = async (call: Call): Promise<Message> => {
      const { name, arguments: text } = call.function
      const args: unknown = JSON.parse(text)
      if (!valid(name, args)) throw new Error(`arguments of ${name} are not valid`)
      const result = await functions.get(name)!(args)
      executions++
      return { role: 'tool', tool_call_id: call.id, content: JSON.stringify(result) }
    }
    for (;;) {
      const body = JSON.stringify({ model: scenario, stream: true, messages, tools })
      const turn = await streamTurn(`${baseUrl}/chat/completions`, body, (text) => {
        characters += text.length
      })
      if (turn.calls.length === 0) return { characters, executions }
      messages.push({ role: 'assistant', content: turn.text, tool_calls: turn.calls })
      messages.push(...(await Promise.all(turn.calls.map(execute))))
    }
  }
}

async function streamTurn(
  url: string,
  body: string,
  onText: (text: string) => void,
): Promise<{ text: string; calls: Call[] }> {
  const response = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer bench' },
    body,
    dispatcher,
  })
  if (response.statusCode !== 200) throw new Error(await response.body.text())
  let text = ''
  const calls: Call[] = []
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data === '[DONE]') return
      const delta = (JSON.parse(data) as Chunk).choices[0]?.delta
      if (delta === undefined) return
      if (delta.content !== undefined && delta.content !== '') {
        text += delta.content
        onText(delta.content)
      }
      for (const part of delta.tool_calls ?? []) {
        const call = calls[part.index]
        if (call === undefined) {
          const { name = '', arguments: start } = part.function
          calls[part.index] = {
            id: part.id ?? '',
            type: 'function',
            function: { name, arguments: start },
          }
        } else call.function.arguments += part.function.arguments
      }
    },
  })
  const decoder = new TextDecoder()
  for await (const bytes of response.body) {
    parser.feed(decoder.decode(bytes as Buffer, { stream: true }))
  }
  return { text, calls }
}

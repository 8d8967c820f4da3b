import type { BenchTurn, Scenario } from './scenarios.ts'

/** One answer: every event is an HTTP chunk of its own, as providers flush them; one buffer holds them all. */
class Body {
  readonly #chunks: string[] = []

  get events(): number {
    return this.#chunks.length
  }

  add(data: string, name?: string): void {
    const event = `${name === undefined ? '' : `event: ${name}\n`}data: ${data}\n\n`
    this.#chunks.push(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`)
  }

  bytes(): Buffer {
    return Buffer.from(`${this.#chunks.join('')}0\r\n\r\n`)
  }
}

/** Letters of changing number, as a provider hides the length of a delta. */
function padding(at: number): string {
  return (at * 2_654_435_761)
    .toString(36)
    .padStart(16, 'k')
    .slice(0, 4 + (at % 12))
}

export function chatBody(
  { id: model, padded }: Scenario,
  index: number,
  { text, calls }: BenchTurn,
): Buffer {
  const head = `{"id":"gen-1763690000-Zk3v9QxT${index}mWb4LrYc","provider":"Bench","model":"${model}","object":"chat.completion.chunk","created":1763690000,`
  const body = new Body()
  const delta = (value: object, finish: string | null = null): void => {
    const end = padded === true ? `,"obfuscation":"${padding(body.events)}"}` : '}'
    body.add(
      `${head}"choices":[{"index":0,"delta":${JSON.stringify(value)},"finish_reason":${JSON.stringify(finish)},"native_finish_reason":${JSON.stringify(finish)},"logprobs":null}],"system_fingerprint":null${end}`,
    )
  }
  delta({ role: 'assistant', content: '' })
  for (const content of text) delta({ content })
  for (const [at, call] of calls.entries()) {
    const start = { name: call.tool, arguments: '' }
    delta({ tool_calls: [{ index: at, id: call.id, type: 'function', function: start }] })
    for (const fragment of call.argumentFragments) {
      delta({ tool_calls: [{ index: at, function: { arguments: fragment } }] })
    }
  }
  delta({ content: '' }, calls.length > 0 ? 'tool_calls' : 'stop')
  body.add(
    `${head}"choices":[],"usage":{"prompt_tokens":120,"completion_tokens":60,"total_tokens":180,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}`,
  )
  body.add('[DONE]')
  return body.bytes()
}

function textPart(text: string): object {
  return { type: 'output_text', text, annotations: [] }
}

export function responsesBody(
  { id: model, padded }: Scenario,
  index: number,
  { text, calls }: BenchTurn,
): Buffer {
  const body = new Body()
  const output: object[] = []
  const event = (type: string, value: object): void => {
    const pad = padded === true && type.endsWith('.delta')
    const extra = pad ? { obfuscation: padding(body.events) } : {}
    body.add(JSON.stringify({ type, ...value, sequence_number: body.events, ...extra }), type)
  }
  const done = (item: object): void => {
    event('response.output_item.done', { output_index: output.length, item })
    output.push(item)
  }
  const response = {
    id: `resp_0a63f40a2632b74300699f88${index}`,
    object: 'response',
    created_at: 1_763_690_000,
    completed_at: null,
    model,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    parallel_tool_calls: true,
    temperature: 1,
    top_p: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    tool_choice: 'auto',
    tools: [],
  }
  event('response.created', { response: { ...response, status: 'in_progress', output: [] } })
  if (text.length > 0) {
    const item = { id: `msg_${index}`, type: 'message', role: 'assistant' }
    const place = { item_id: item.id, output_index: 0, content_index: 0 }
    event('response.output_item.added', {
      output_index: 0,
      item: { ...item, status: 'in_progress', content: [] },
    })
    event('response.content_part.added', { ...place, part: textPart('') })
    for (const delta of text) event('response.output_text.delta', { ...place, delta, logprobs: [] })
    const whole = text.join('')
    event('response.output_text.done', { ...place, text: whole, logprobs: [] })
    event('response.content_part.done', { ...place, part: textPart(whole) })
    done({ ...item, status: 'completed', content: [textPart(whole)] })
  }
  for (const { id, tool: name, argumentFragments } of calls) {
    const item = { id: `fc_${id}`, type: 'function_call', call_id: id, name }
    const place = { item_id: item.id, output_index: output.length }
    event('response.output_item.added', {
      output_index: output.length,
      item: { ...item, arguments: '', status: 'in_progress' },
    })
    for (const delta of argumentFragments) {
      event('response.function_call_arguments.delta', { ...place, delta })
    }
    const whole = argumentFragments.join('')
    event('response.function_call_arguments.done', { ...place, name, arguments: whole })
    done({ ...item, arguments: whole, status: 'completed' })
  }
  event('response.completed', {
    response: {
      ...response,
      status: 'completed',
      completed_at: 1_763_690_001,
      output,
      usage: {
        input_tokens: 120,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: 60,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 180,
      },
    },
  })
  return body.bytes()
}

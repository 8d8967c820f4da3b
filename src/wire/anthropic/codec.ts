import { SallyportError } from '../../base/errors.ts'
import type { Message } from '../../protocol/message.ts'
import type { ModelRequest, ModelSettings, ToolChoice } from '../../protocol/request.ts'
import { toWireName } from '../names.ts'
import type { EncodeOptions, WireCodec } from '../wire.ts'
import { AnthropicDecoder } from './decode.ts'
import { checkExtra } from '../settings.ts'
import { reserved, type AnthropicWireOptions } from './options.ts'
import { readReplay } from './replay.ts'
import { calledTools, strictSchema, toolNames, writeTalk } from './talk.ts'
import { styleOf, thinkingOf } from './thinking.ts'

const defaultMaxTokens = 16_384

/** Writes and reads Messages as the options say; they have been checked. */
export function anthropicCodec(options: AnthropicWireOptions): WireCodec {
  return {
    encode: (request, encoding) => encodeBody(request, encoding, options),
    decoder: (request, bounds, toolCallDeltas) =>
      new AnthropicDecoder(bounds, toolNames(request.tools).toCanonical, toolCallDeltas),
  }
}

function encodeBody(
  request: ModelRequest,
  { model, stream }: EncodeOptions,
  options: AnthropicWireOptions,
): string {
  const { settings = {} } = request
  checkExtra(settings.extra, reserved)
  checkModalities(settings)
  const maxTokens = settings.maxOutputTokens ?? options.maxOutputTokens ?? defaultMaxTokens
  const { thinking, effort } = thinkingOf(request, options.thinking ?? styleOf(model), maxTokens)
  const container = containerOf(request.messages)
  const rest = {
    model,
    max_tokens: maxTokens,
    stream,
    ...encodeSampling(settings),
    ...(thinking === undefined ? {} : { thinking }),
    ...encodeOutput(request, effort),
    ...encodeChoice(request),
    ...(container === undefined ? {} : { container }),
    ...options.body,
    ...settings.extra,
  }
  return `${JSON.stringify(rest).slice(0, -1)},${writeTalk(request, options.cache)}}`
}

/** The wire knows no `seed`; it is left out, as on every wire that has none. */
function encodeSampling({ temperature, topP, stop }: ModelSettings): object {
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(stop === undefined ? {} : { stop_sequences: stop }),
  }
}

function encodeOutput({ output }: ModelRequest, effort: string | undefined): object {
  const schema = strictSchema(output)
  if (schema === undefined && effort === undefined) return {}
  return {
    output_config: {
      ...(effort === undefined ? {} : { effort }),
      ...(schema === undefined ? {} : { format: { type: 'json_schema', schema } }),
    },
  }
}

function encodeChoice({ tools, toolChoice, settings, messages }: ModelRequest): object {
  if (tools.length === 0) {
    return calledTools(messages).size === 0 ? {} : { tool_choice: { type: 'none' } }
  }
  if (toolChoice === 'none') return { tool_choice: { type: 'none' } }
  const single = settings?.parallelToolCalls === false
  if (!single && (toolChoice === undefined || toolChoice === 'auto')) return {}
  return {
    tool_choice: {
      ...choiceOf(toolChoice),
      ...(single ? { disable_parallel_tool_use: true } : {}),
    },
  }
}

function choiceOf(choice: ToolChoice = 'auto'): object {
  if (choice === 'required') return { type: 'any' }
  return typeof choice === 'string'
    ? { type: choice }
    : { type: 'tool', name: toWireName(choice.tool) }
}

function checkModalities({ modalities = [] }: ModelSettings): void {
  if (!modalities.includes('image')) return
  throw new SallyportError('bad-option', 'models on this wire cannot answer with pictures', {
    help: 'leave `image` out of `modalities`',
  })
}

/** Where the code of the answer that is being gone on with runs; it is gone after a while. */
function containerOf(messages: readonly Message[]): string | undefined {
  const asked = messages.findLastIndex((message) => message.role === 'user')
  for (const message of messages.slice(asked + 1).toReversed()) {
    if (message.role !== 'assistant' || message.opaque?.wire !== 'anthropic') continue
    const { container } = readReplay(message.opaque.value)
    if (container !== undefined) return container
  }
  return undefined
}

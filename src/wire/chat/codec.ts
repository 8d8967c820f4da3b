import type {
  ModelRequest,
  ModelSettings,
  OutputFormat,
  ReasoningSettings,
  ToolChoice,
} from '../../protocol/request.ts'
import type { BodyText } from '../growing-text.ts'
import type { HistoryWriter } from '../history.ts'
import { wishForJson } from '../json-word.ts'
import { toolNaming, toWireName } from '../names.ts'
import type { EncodeOptions, WireCodec } from '../wire.ts'
import { ChatDecoder } from './decode.ts'
import { chatHistory } from './encode.ts'
import { checkExtra } from '../settings.ts'
import { reserved, type ChatDialect, type ChatWireOptions } from './options.ts'

const toolNames = toolNaming(({ description, input }, name) => ({
  type: 'function',
  function: { name, description, parameters: input },
}))

/** Writes and reads Chat Completions as the options say; they have been checked. */
export function chatCodec(options: ChatWireOptions): WireCodec {
  const history = chatHistory(options.dialect)
  return {
    encode: (request, encoding) => encodeBody(request, encoding, options, history),
    decoder: (request, bounds, toolCallDeltas) =>
      new ChatDecoder(bounds, toolNames(request.tools).toCanonical, toolCallDeltas),
  }
}

function encodeBody(
  request: ModelRequest,
  encoding: EncodeOptions,
  options: ChatWireOptions,
  history: HistoryWriter,
): BodyText {
  const { settings = {} } = request
  checkExtra(settings.extra, reserved)
  const names = request.tools.length === 0 ? undefined : toolNames(request.tools)
  const rest = {
    model: encoding.model,
    ...encodeSettings(settings, options.dialect),
    ...(request.output === undefined ? {} : { response_format: responseFormat(request.output) }),
    ...(names === undefined ? {} : encodeChoice(request.toolChoice, settings)),
    ...(encoding.stream ? encodeStream(options.dialect) : { stream: false }),
    ...options.body,
    ...settings.extra,
  }
  const tools = names === undefined ? '' : `,"tools":${names.json}`
  const before = `${JSON.stringify(rest).slice(0, -1)},"messages":[`
  return history(request.messages).between(before, `]${tools}}`, wishForJson(request))
}

function encodeSettings(settings: ModelSettings, dialect: ChatDialect): object {
  const { maxOutputTokens, reasoning } = settings
  const limit = dialect === 'openai' ? 'max_completion_tokens' : 'max_tokens'
  return {
    ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
    ...(settings.topP === undefined ? {} : { top_p: settings.topP }),
    ...(maxOutputTokens === undefined ? {} : { [limit]: maxOutputTokens }),
    ...(settings.stop === undefined ? {} : { stop: settings.stop }),
    ...(settings.seed === undefined ? {} : { seed: settings.seed }),
    ...(reasoning === undefined ? {} : encodeReasoning(reasoning, dialect)),
    ...(settings.modalities === undefined ? {} : { modalities: settings.modalities }),
  }
}

/** Only OpenRouter counts tokens of reasoning and can keep it to itself. */
function encodeReasoning(reasoning: ReasoningSettings, dialect: ChatDialect): object {
  const { effort, maxTokens, exclude } = reasoning
  if (dialect !== 'openrouter') return effort === undefined ? {} : { reasoning_effort: effort }
  return {
    reasoning: {
      ...(effort === undefined ? {} : { effort }),
      ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
      ...(exclude === undefined ? {} : { exclude }),
    },
  }
}

function responseFormat(output: OutputFormat): object {
  if (output.type === 'json') return { type: 'json_object' }
  const { name, schema, strict = true } = output
  return { type: 'json_schema', json_schema: { name, strict, schema } }
}

function encodeChoice(choice: ToolChoice | undefined, settings: ModelSettings): object {
  const { parallelToolCalls } = settings
  return {
    ...(choice === undefined ? {} : { tool_choice: toolChoice(choice) }),
    ...(parallelToolCalls === undefined ? {} : { parallel_tool_calls: parallelToolCalls }),
  }
}

function toolChoice(choice: ToolChoice): unknown {
  if (typeof choice === 'string') return choice
  return { type: 'function', function: { name: toWireName(choice.tool) } }
}

/**
 * OpenRouter and Mistral always report usage, and Mistral refuses to be asked for it. Padding against
 * traffic analysis costs OpenAI's callers time.
 */
function encodeStream(dialect: ChatDialect): object {
  if (dialect === 'openrouter' || dialect === 'mistral') return { stream: true }
  const padding = dialect === 'openai' ? { include_obfuscation: false } : {}
  return { stream: true, stream_options: { include_usage: true, ...padding } }
}

import { SallyportError } from '../../base/errors.ts'
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
import { ResponsesDecoder } from './decode.ts'
import { responsesHistory } from './encode.ts'
import { checkExtra } from '../settings.ts'
import { reserved, type ResponsesDialect, type ResponsesWireOptions } from './options.ts'

/** Without a word about strictness the endpoint would alter schemas to fit its strict subset. */
const toolNames = toolNaming(({ description, input }, name) => ({
  type: 'function',
  name,
  description,
  parameters: input,
  strict: false,
}))

/** Writes and reads Responses as the options say; they have been checked. */
export function responsesCodec(options: ResponsesWireOptions): WireCodec {
  const { dialect } = options
  const history = responsesHistory(dialect)
  return {
    encode: (request, encoding) => encodeBody(request, encoding, options, history),
    decoder: (request, bounds, toolCallDeltas) => {
      const toolName = toolNames(request.tools).toCanonical
      return new ResponsesDecoder({ bounds, toolName, toolCallDeltas, dialect })
    },
  }
}

function encodeBody(
  request: ModelRequest,
  { model, stream }: EncodeOptions,
  { dialect, body }: ResponsesWireOptions,
  history: HistoryWriter,
): BodyText {
  const { settings = {}, output } = request
  checkExtra(settings.extra, reserved)
  checkSettings(settings)
  const hasTools = request.tools.length > 0
  const rest = {
    model,
    store: false,
    ...(sealsReasoning(dialect, model) ? { include: ['reasoning.encrypted_content'] } : {}),
    ...encodeSettings(settings, dialect),
    ...(output === undefined ? {} : { text: { format: encodeFormat(output) } }),
    ...(hasTools ? encodeChoice(request.toolChoice, settings) : {}),
    stream,
    // padding against traffic analysis costs its callers time
    ...(stream && dialect === 'openai' ? { stream_options: { include_obfuscation: false } } : {}),
    ...body,
    ...settings.extra,
  }
  const tools = toolsText(request, dialect)
  const before = `${JSON.stringify(rest).slice(0, -1)},"input":[`
  return history(request.messages).between(before, `]${tools}}`, wishForJson(request))
}

/** Tools are JSON text already. OpenAI makes pictures by a tool of its own. */
function toolsText({ tools, settings }: ModelRequest, dialect: ResponsesDialect): string {
  const ours = tools.length === 0 ? '' : toolNames(tools).json
  const drawing = dialect === 'openai' && settings?.modalities?.includes('image') === true
  if (!drawing) return ours === '' ? '' : `,"tools":${ours}`
  const own = '{"type":"image_generation"}'
  return ours === '' ? `,"tools":[${own}]` : `,"tools":${ours.slice(0, -1)},${own}]`
}

/** A `seed` is a hint and left out; without `stop` the answer would be another. */
function checkSettings({ stop }: ModelSettings): void {
  if (stop === undefined) return
  throw new SallyportError('bad-option', 'the Responses wire has no setting `stop`', {
    help: 'leave `stop` out, use the wire `chat`, or put what the endpoint knows into `extra`',
  })
}

/**
 * Whether reasoning is asked for in the form that can be sent back to a provider that stores
 * nothing. OpenAI refuses the wish for its models that do not reason; all newer ones do.
 */
function sealsReasoning(dialect: ResponsesDialect, model: string): boolean {
  if (dialect !== 'openai') return dialect === 'openrouter'
  return !/^(ft:)?(gpt-3|gpt-4|chatgpt|gpt-5(\.\d+)?-chat)/.test(model)
}

function encodeSettings(settings: ModelSettings, dialect: ResponsesDialect): object {
  const { temperature, topP, maxOutputTokens, reasoning, modalities } = settings
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(maxOutputTokens === undefined ? {} : { max_output_tokens: maxOutputTokens }),
    ...(reasoning === undefined ? {} : { reasoning: encodeReasoning(reasoning, dialect) }),
    ...(modalities === undefined || dialect === 'openai' ? {} : { modalities }),
  }
}

/** A summary is the only reasoning that can be read where reasoning itself is sealed. */
function encodeReasoning(
  { effort, maxTokens, exclude, summary }: ReasoningSettings,
  dialect: ResponsesDialect,
): object {
  const wanted = exclude === true ? undefined : (summary ?? 'auto')
  return {
    ...(effort === undefined ? {} : { effort }),
    ...(wanted === undefined ? {} : { summary: wanted }),
    ...(maxTokens === undefined || dialect !== 'openrouter' ? {} : { max_tokens: maxTokens }),
  }
}

function encodeFormat(output: OutputFormat): object {
  if (output.type === 'json') return { type: 'json_object' }
  const { name, schema, strict = true } = output
  return { type: 'json_schema', name, schema, strict }
}

function encodeChoice(choice: ToolChoice | undefined, settings: ModelSettings): object {
  const { parallelToolCalls } = settings
  return {
    ...(choice === undefined ? {} : { tool_choice: toolChoice(choice) }),
    ...(parallelToolCalls === undefined ? {} : { parallel_tool_calls: parallelToolCalls }),
  }
}

function toolChoice(choice: ToolChoice): unknown {
  return typeof choice === 'string' ? choice : { type: 'function', name: toWireName(choice.tool) }
}

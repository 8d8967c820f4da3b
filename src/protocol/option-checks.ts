import { SallyportError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { checkNumber, checkOptions, type NumberRange } from '../base/options.ts'
import { shorten } from '../base/text.ts'
import type { Model } from './model.ts'

/** Checks one option that was given; throws `bad-option`. */
export type OptionCheck = (name: string, value: unknown) => void

/** For what is checked where it is used. */
export const anything: OptionCheck = () => {}

/** What each option that may be given has to be. */
export type OptionChecks = Readonly<Record<string, OptionCheck>>

/** Checks every option that is given, in the order of the table; `path` goes before their names. */
export function checkGiven(options: object, checks: OptionChecks, path = ''): void {
  for (const [name, check] of Object.entries(checks)) {
    const value = (options as Readonly<Record<string, unknown>>)[name]
    if (value !== undefined) check(`${path}${name}`, value)
  }
}

/** An object with none but these members, each of which passes. */
export function isObjectOf(checks: OptionChecks): OptionCheck {
  const known = Object.keys(checks)
  return (name, value) => {
    checkOptions(`\`${name}\``, value as object, known)
    checkGiven(value as object, checks, `${name}.`)
  }
}

export function isNumber(range: NumberRange): OptionCheck {
  return (name, value) => checkNumber(name, value, range)
}

export function isOneOf(...words: readonly string[]): OptionCheck {
  return (name, value) => {
    if (typeof value === 'string' && words.includes(value)) return
    refuse(name, 'one of its words', `pass ${words.map((word) => `'${word}'`).join(', ')}`)
  }
}

function refuse(name: string, what: string, help: string): never {
  throw new SallyportError('bad-option', `\`${name}\` is not ${what}`, { help })
}

export const isText: OptionCheck = (name, value) => {
  if (typeof value !== 'string') refuse(name, 'a text', 'pass a string')
}

export const isFunction: OptionCheck = (name, value) => {
  if (typeof value !== 'function') {
    refuse(name, 'a function', 'pass the function itself, not what it returns')
  }
}

export const isFlag: OptionCheck = (name, value) => {
  if (typeof value !== 'boolean') refuse(name, 'true or false', 'pass a boolean')
}

export const isPlainObject: OptionCheck = (name, value) => {
  if (!isObject(value)) refuse(name, 'an object', 'pass an object')
}

export const isSignal: OptionCheck = (name, value) => {
  if (!(value instanceof AbortSignal)) {
    refuse(name, 'an AbortSignal', 'pass the `signal` of an AbortController, not the controller')
  }
}

/** An array, each member of which passes. */
export function isArrayOf(what: string, check: OptionCheck): OptionCheck {
  return (name, value) => {
    if (!Array.isArray(value)) refuse(name, `an array of ${what}`, `pass an array of ${what}`)
    // by index: an empty place counts as well
    for (let index = 0; index < value.length; index++) check(`${name}[${index}]`, value[index])
  }
}

/** An object with these methods. */
export function hasMethods(what: string, methods: readonly string[], help: string): OptionCheck {
  return (name, value) => {
    const fits = isObject(value) && methods.every((method) => typeof value[method] === 'function')
    if (!fits) refuse(name, what, help)
  }
}

export const isLoadedPolicy = hasMethods(
  'a loaded policy',
  ['compile'],
  'pass what `await loadPolicy(path)` or `await parsePolicy(text)` gives',
)

export const isJournal = hasMethods(
  'a journal',
  ['append', 'read', 'list', 'leaveAnswer', 'answers', 'erase', 'remove', 'prune', 'close'],
  'make one with `sqliteJournal`, `jsonlJournal` or `memoryJournal`',
)

const hasStream = hasMethods(
  'a model',
  ['stream'],
  'make one with `openrouter` or `openaiCompatible`',
)

export const isModel: OptionCheck = (name, value) => {
  hasStream(name, value)
  const { id, provider } = value as Model
  isText(`${name}.id`, id)
  isText(`${name}.provider`, provider)
  checkGiven(value as Model, { streamBatches: isFunction }, `${name}.`)
}

export const isHistory: OptionCheck = (name, value) => {
  const isOptions = isObject(value) && 'store' in value
  if (isOptions) isObjectOf({ store: anything, view: isFunction })(name, value)
  const store = isOptions ? value['store'] : value
  if (isOptions && typeof store === 'function') return
  isHistoryStore(isOptions ? `${name}.store` : name, store)
}

const isHistoryStore = hasMethods(
  'a store of conversations',
  ['read', 'append', 'remove', 'list', 'lease', 'release', 'close'],
  'make one with `memoryHistory`, `diskHistory`, `sqliteHistory` or `redisHistory`',
)

export const isClock = hasMethods(
  'a clock',
  ['now', 'monotonic'],
  'pass an object with the functions `now` and `monotonic`, or leave it out',
)

/** What is wrong inside a tool, `toTools` tells. */
export const isToolLike: OptionCheck = (name, value) => {
  if (!isObject(value)) {
    refuse(name, 'a tool', 'pass what `defineTool` returns, or a plain definition')
  }
}

const isPlugin: OptionCheck = (name, value) => {
  const isNamed =
    isObject(value) &&
    typeof value['name'] === 'string' &&
    /^[A-Za-z0-9][\w.-]{0,63}$/.test(value['name'])
  if (!isNamed) {
    return refuse(`${name}.name`, 'a name', 'pass 1 to 64 letters, digits, `.`, `_` and `-`')
  }
  isFunction(`${name}.setup`, value['setup'])
  checkGiven(value, { dispose: isFunction, tools: isFunction }, `${name}.`)
}

/** What they set up is checked when they do. */
export const arePlugins: OptionCheck = (option, value) => {
  isArrayOf('plugins', isPlugin)(option, value)
  const names = (value as readonly { readonly name: string }[]).map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) < at)
  if (twice !== undefined) refuse(option, `free of two named \`${twice}\``, 'name them differently')
}

const toolChoices: readonly unknown[] = ['auto', 'none', 'required']

export const isToolChoice: OptionCheck = (name, value) => {
  const isTool =
    isObject(value) && typeof value['tool'] === 'string' && Object.keys(value).length === 1
  if (toolChoices.includes(value) || isTool) return
  refuse(name, 'a choice of tools', "pass 'auto', 'none', 'required' or `{ tool: name }`")
}

const isEffort = isOneOf('none', 'minimal', 'low', 'medium', 'high', 'xhigh')
const isPositive = isNumber({ min: 1, max: Number.MAX_SAFE_INTEGER, integer: true })

/** Settings of a model request. What a provider accepts of a range is for the provider to say. */
export const areSettings: OptionCheck = isObjectOf({
  temperature: isNumber({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  topP: isNumber({ min: 0, max: 1 }),
  maxOutputTokens: isPositive,
  stop: isArrayOf('texts', isText),
  seed: isNumber({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, integer: true }),
  reasoning: isObjectOf({
    effort: isEffort,
    maxTokens: isPositive,
    exclude: isFlag,
    summary: isOneOf('auto', 'concise', 'detailed'),
  }),
  parallelToolCalls: isFlag,
  modalities: isArrayOf('words', isOneOf('text', 'image')),
  extra: isPlainObject,
})

const isSchema: OptionCheck = (name, value) => {
  if (isObject(value) || typeof value === 'function') return
  refuse(name, 'a schema', 'pass a JSON Schema, or a schema of a library')
}

const isOutputName: OptionCheck = (name, value) => {
  if (typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(value)) return
  refuse(name, 'a name', 'pass 1 to 64 letters, digits, `_` and `-`')
}

/** What is wanted of an answer. */
export const isOutput: OptionCheck = isObjectOf({
  schema: isSchema,
  name: isOutputName,
  strict: isFlag,
})

const isDetail = isOneOf('low', 'high', 'auto')

/** Data that goes back to the wire it came from. */
const isOpaque: OptionCheck = (name, value) => {
  if (!isObject(value)) refuse(name, 'an object', 'pass the messages of an earlier run as they are')
  else isText(`${name}.wire`, value['wire'])
}

/** Texts that each kind of part needs. */
const partTexts: Readonly<Record<string, readonly string[]>> = {
  text: ['text'],
  image: ['url'],
  file: ['name', 'url'],
  reasoning: ['text'],
  refusal: ['text'],
  'tool-call': ['callId', 'providerId', 'tool', 'arguments'],
}

function isPart(...kinds: readonly string[]): OptionCheck {
  const listed = kinds.map((kind) => `\`${kind}\``).join(', ')
  return (name, value) => {
    const kind = isObject(value) ? value['type'] : undefined
    if (!isObject(value) || typeof kind !== 'string' || !kinds.includes(kind)) {
      return refuse(name, 'a part of a message', `pass an object with the \`type\` ${listed}`)
    }
    checkTexts(name, value, partTexts[kind]!)
    if (kind === 'image') checkGiven(value, { detail: isDetail }, `${name}.`)
  }
}

function checkTexts(name: string, value: object, texts: readonly string[]): void {
  for (const key of texts) isText(`${name}.${key}`, (value as Record<string, unknown>)[key])
}

/** What the user says: a text or parts. */
export const isUserContent: OptionCheck = (name, value) => {
  if (typeof value === 'string') return
  if (!Array.isArray(value)) refuse(name, 'a text or a list of parts', 'pass a string or an array')
  isArrayOf('parts', isPart('text', 'image', 'file'))(name, value)
}

const isTrust = isOneOf('trusted', 'untrusted')
const isSecrecy = isOneOf('public', 'internal', 'private', 'secret')
const isEndorsement = isOneOf('identifier', 'integer', 'number', 'boolean', 'date', 'enum')

const isTextLabel: OptionCheck = (name, value) => {
  isObjectOf({ trust: isTrust, secrecy: isSecrecy })(name, value)
  const { trust, secrecy } = value as Record<string, unknown>
  isTrust(`${name}.trust`, trust)
  isSecrecy(`${name}.secrecy`, secrecy)
}

const isOutputLabel = isObjectOf({
  trust: isTrust,
  secrecy: isSecrecy,
  endorse: isEndorsement,
})

const areFields: OptionCheck = (name, value) => {
  isPlainObject(name, value)
  for (const [pointer, label] of Object.entries(value as object)) {
    isOutputLabel(`${name}.${shorten(pointer, 40)}`, label)
  }
}

const isOutputFacts = isObjectOf({ output: isOutputLabel, fields: areFields })

const contents: Readonly<Record<string, OptionCheck>> = {
  system: isText,
  user: isUserContent,
  assistant: isArrayOf('parts', isPart('text', 'image', 'reasoning', 'refusal', 'tool-call')),
  tool: isText,
}

export const isMessage: OptionCheck = (name, value) => {
  if (!isObject(value)) return refuse(name, 'a message', 'pass an object with `role` and `content`')
  const { role } = value
  if (typeof role !== 'string' || !Object.hasOwn(contents, role)) {
    const given = typeof role === 'string' ? ` \`${shorten(role, 40)}\`` : ''
    throw new SallyportError('bad-option', `\`${name}\` has no role that exists${given}`, {
      help: 'the roles are system, user, assistant and tool',
    })
  }
  contents[role]!(`${name}.content`, value['content'])
  if (role === 'assistant') checkGiven(value, { opaque: isOpaque, provider: isText }, `${name}.`)
  if (role === 'user') checkGiven(value, { label: isTextLabel }, `${name}.`)
  if (role !== 'tool') return
  checkGiven(value, { labels: isArrayOf('labels', isOutputFacts) }, `${name}.`)
  checkTexts(name, value, ['callId', 'providerId', 'tool'])
  isFlag(`${name}.isError`, value['isError'])
}

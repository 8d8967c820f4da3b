import { SallyportError } from './base/errors.ts'
import { isObject } from './base/json.ts'
import { shorten } from './base/text.ts'

/** Checks one option that was given; throws `bad-option`. */
export type OptionCheck = (name: string, value: unknown) => void

/** Checks every option that is given, in the order of the table. */
export function checkGiven(options: object, checks: Readonly<Record<string, OptionCheck>>): void {
  for (const [name, check] of Object.entries(checks)) {
    const value = (options as Readonly<Record<string, unknown>>)[name]
    if (value !== undefined) check(name, value)
  }
}

function refuse(name: string, what: string, help: string): never {
  throw new SallyportError('bad-option', `\`${name}\` is not ${what}`, { help })
}

export const isText: OptionCheck = (name, value) => {
  if (typeof value !== 'string') refuse(name, 'a text', 'pass a string, or leave it out')
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
  if (!isObject(value)) refuse(name, 'an object', 'pass an object, or leave it out')
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

const toolChoices: readonly unknown[] = ['auto', 'none', 'required']

export const isToolChoice: OptionCheck = (name, value) => {
  const isTool =
    isObject(value) && typeof value['tool'] === 'string' && Object.keys(value).length === 1
  if (toolChoices.includes(value) || isTool) return
  refuse(name, 'a choice of tools', "pass 'auto', 'none', 'required' or `{ tool: name }`")
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

const contents: Readonly<Record<string, OptionCheck>> = {
  system: isText,
  user: isUserContent,
  assistant: isArrayOf('parts', isPart('text', 'reasoning', 'refusal', 'tool-call')),
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
  if (role !== 'tool') return
  checkTexts(name, value, ['callId', 'providerId', 'tool'])
  isFlag(`${name}.isError`, value['isError'])
}

import { deepFreeze, isObject, type JsonValue } from '../base/json.ts'
import type { Message } from '../protocol/message.ts'
import { isArrayOf, isMessage } from '../protocol/option-checks.ts'
import type { ModelRequest, ToolSpecification } from '../protocol/request.ts'
import { isPartOf } from '../tools/output.ts'

/** A request as the model is sent it, and the messages in it that hold text of nobody known. */
export interface ComparedRequest {
  readonly request: ModelRequest
  readonly foreign: readonly Message[]
}

const checkMessages = isArrayOf('messages', isMessage)

/**
 * What wrappers have made of a request that is frozen through and through, in a copy that they
 * cannot change any more. Throws `bad-option` for messages that are none.
 */
export function comparedRequest(given: ModelRequest, asked: ModelRequest): ComparedRequest {
  if (asked === given) return { request: given, foreign: [] }
  const request: { -readonly [Part in keyof ModelRequest]: ModelRequest[Part] } = { ...asked }
  if (request.messages !== given.messages) {
    checkMessages('next().messages', request.messages)
    const own = new Set(given.messages)
    request.messages = request.messages.map((each) => (own.has(each) ? each : frozen(each)))
  }
  for (const part of ['tools', 'output', 'settings'] as const) {
    if (request[part] !== given[part]) Object.assign(request, { [part]: frozen(request[part]) })
  }
  const foreign = foreignMessages(request.messages, given.messages)
  const words = wordsBeside(request, given)
  const beside = { role: 'system', content: words.join('\n') } as const
  return { request, foreign: words.length === 0 ? foreign : [...foreign, beside] }
}

/**
 * Messages that are none of the run's: neither as a whole, wherever they stand, nor with texts cut to
 * pieces of themselves. Of each message one such rest counts, in their order; pieces without an order
 * could say anything.
 */
function foreignMessages(asked: readonly Message[], given: readonly Message[]): readonly Message[] {
  if (asked === given) return []
  const own = new Set(given)
  const others = asked.filter((each) => !own.has(each))
  if (others.length === 0) return []
  const whole = new Set(given.map((each) => JSON.stringify(each)))
  let from = 0
  return others.filter((each) => {
    if (whole.has(JSON.stringify(each))) return false
    const at = given.findIndex((known, place) => place >= from && isRestOf(each, known))
    if (at >= 0) from = at + 1
    return at < 0
  })
}

/** Whether a message is what is left of another one of somebody like its speaker. */
function isRestOf(message: Message, whole: Message): boolean {
  if (speaker(message) !== speaker(whole)) return false
  const texts = textsIn(whole)
  let from = 0
  return textsIn(message).every((each) => {
    const at = texts.findIndex((known, place) => place >= from && isPieceOf(each, known))
    from = at + 1
    return at >= 0
  })
}

/** Who runs a program and who uses it both give tasks. */
function speaker(message: Message): string {
  if (message.role === 'tool') return message.isError ? 'tool that failed' : 'tool'
  return message.role === 'system' ? 'user' : message.role
}

interface Text {
  /** Those that are read by people too can be cut; a name, an address or data cannot. */
  readonly isProse: boolean
  readonly text: string
}

function isPieceOf(piece: Text, known: Text): boolean {
  if (piece.isProse !== known.isProse) return false
  return piece.isProse ? known.text.includes(piece.text) : known.text === piece.text
}

/** What somebody may read in a request. */
export function requestTexts({ messages, output, tools }: ModelRequest): readonly string[] {
  const texts = messages.flatMap(textsIn).map(({ text }) => text)
  return [...texts, ...wordsIn([tools, output])]
}

/** Every text in a message, in the order of its members' names. */
function textsIn(message: Message): readonly Text[] {
  const texts: Text[] = []
  const visit = (value: unknown, name: string): void => {
    if (name === 'opaque') texts.push({ isProse: false, text: JSON.stringify(value) })
    else if (typeof value === 'string') {
      const isProse = name === 'text' || name === 'content'
      if (!isProse || value.trim() !== '') texts.push({ isProse, text: value })
    } else if (Array.isArray(value)) for (const item of value) visit(item, name)
    else if (isObject(value)) {
      for (const member of Object.keys(value).toSorted()) {
        if (member !== 'role' && member !== 'type') visit(value[member], member)
      }
    }
  }
  visit(message, '')
  return texts
}

/** What a model may read beside messages, where it is not that of the run or a part of it. */
function wordsBeside(asked: ModelRequest, given: ModelRequest): readonly string[] {
  const tools = asked.tools.filter((each) => !isToolOf(each, given.tools))
  const others = (['stop', 'extra'] as const).map(
    (name) => [asked.settings?.[name], given.settings?.[name]] as const,
  )
  const changed = [[asked.output, given.output] as const, ...others].filter(
    ([value, known]) => value !== known && !isPart(value, known),
  )
  return wordsIn([
    ...(asked.tools === given.tools ? [] : tools),
    ...changed.map(([value]) => value),
  ])
}

function isToolOf(tool: ToolSpecification, tools: readonly ToolSpecification[]): boolean {
  if (tools.includes(tool)) return true
  const { description, input, name, ...others } = tool
  const known = tools.find((each) => each.name === name)
  if (known === undefined || Object.keys(others).length > 0) return false
  return known.description.includes(description) && isPart(input, known.input)
}

function isPart(value: unknown, whole: unknown): boolean {
  return isPartOf(value as JsonValue, whole as JsonValue)
}

/** Every text and number of data, and the names of its members, which are somebody's words too. */
function wordsIn(value: unknown): readonly string[] {
  if (typeof value === 'string' || typeof value === 'number') return [String(value)]
  if (Array.isArray(value)) return value.flatMap(wordsIn)
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, member]) => [name, ...wordsIn(member)])
}

function frozen<Value>(value: Value): Value {
  return deepFreeze(structuredClone(value))
}

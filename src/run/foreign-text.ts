import { deepFreeze, isObject } from '../base/json.ts'
import type { AssembledTurn } from '../protocol/assemble.ts'
import type { Message } from '../protocol/message.ts'
import { isArrayOf, isMessage } from '../protocol/option-checks.ts'
import type { ModelRequest } from '../protocol/request.ts'

/** A request as the model is sent it, and the messages in it that hold text of nobody known. */
export interface ComparedRequest {
  readonly request: ModelRequest
  readonly foreign: readonly Message[]
}

/** Words that tell parts of messages apart and say nothing. */
const structural: ReadonlySet<string> = new Set(['role', 'type'])

/** Text that is there; every contiguous piece of one text of it is there too. */
class Texts {
  readonly #texts = new Set<string>()

  add(texts: Iterable<string>): void {
    for (const text of texts) this.#texts.add(text)
  }

  has(text: string): boolean {
    if (text.trim() === '' || this.#texts.has(text)) return true
    for (const known of this.#texts) if (known.includes(text)) return true
    return false
  }
}

const checkMessages = isArrayOf('messages', isMessage)

/**
 * What wrappers have made of a request that is frozen through and through, in a copy that they
 * cannot change any more. Throws `bad-option` for messages that are none.
 */
export function comparedRequest(given: ModelRequest, asked: ModelRequest): ComparedRequest {
  if (asked === given) return { request: given, foreign: [] }
  const own = new Set(given.messages)
  const request: { -readonly [Part in keyof ModelRequest]: ModelRequest[Part] } = { ...asked }
  if (request.messages !== given.messages) {
    checkMessages('next().messages', request.messages)
    request.messages = request.messages.map((each) => (own.has(each) ? each : frozen(each)))
  }
  for (const part of ['tools', 'output', 'settings'] as const) {
    if (request[part] !== given[part]) Object.assign(request, { [part]: frozen(request[part]) })
  }
  const known = knownIn(given)
  const isForeign = (text: string): boolean => !known().has(text)
  const foreign = request.messages.filter((each) => !own.has(each) && textsIn(each).some(isForeign))
  const words = wordsBeside(request, given).filter(isForeign)
  const beside = { role: 'system', content: words.join('\n') } as const
  return { request, foreign: words.length === 0 ? foreign : [...foreign, beside] }
}

/** Whether an answer holds text, or makes a call, that is not of the model. */
export function isForeignAnswer(
  answer: AssembledTurn,
  said: AssembledTurn,
  request: ModelRequest,
): boolean {
  const texts = saidIn(answer)
  const calls = new Set(said.calls.map(callText))
  if (answer.calls.some((call) => !calls.has(callText(call)))) return true
  const known = new Texts()
  known.add(saidIn(said))
  if (texts.every((text) => known.has(text))) return false
  const inRequest = knownIn(request)()
  return !texts.every((text) => known.has(text) || inRequest.has(text))
}

function saidIn({ text, reasoning, refusal, images, opaque }: AssembledTurn): readonly string[] {
  return textsIn({ text, reasoning, refusal, images, opaque })
}

function callText({ tool, arguments: args, opaque }: AssembledTurn['calls'][number]): string {
  return JSON.stringify([tool, args, opaque])
}

/** Read when somebody asks: most wrappers change nothing. */
function knownIn(request: ModelRequest): () => Texts {
  let known: Texts | undefined
  return () => {
    if (known === undefined) {
      known = new Texts()
      known.add(textsIn(request.messages))
      known.add(wordsBeside(request, undefined))
    }
    return known
  }
}

/** What a model may read beside messages, where it is not that of the other request. */
function wordsBeside(
  { output, settings, tools }: ModelRequest,
  other: ModelRequest | undefined,
): readonly string[] {
  return [
    ...(tools === other?.tools ? [] : wordsIn(tools)),
    ...(output === other?.output ? [] : wordsIn(output)),
    ...(settings === other?.settings ? [] : wordsIn([settings?.stop, settings?.extra])),
  ]
}

/** Every text and number in parts of messages. */
function textsIn(value: unknown): readonly string[] {
  const texts: string[] = []
  visit(value, (text) => texts.push(text), false)
  return texts
}

/** The same of data whose names of members are somebody's words too. */
function wordsIn(value: unknown): readonly string[] {
  const words: string[] = []
  visit(value, (word) => words.push(word), true)
  return words
}

function visit(value: unknown, take: (text: string) => void, hasNames: boolean): void {
  if (typeof value === 'string' || typeof value === 'number') take(String(value))
  else if (Array.isArray(value)) for (const item of value) visit(item, take, hasNames)
  else if (isObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      if (hasNames) take(name)
      if (hasNames || !structural.has(name)) visit(member, take, hasNames)
    }
  }
}

function frozen<Value>(value: Value): Value {
  return deepFreeze(structuredClone(value))
}

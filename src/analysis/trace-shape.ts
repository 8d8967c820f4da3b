import { messageOf, SallyportError } from '../base/errors.ts'
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts'
import { shorten } from '../base/text.ts'
import { compilePolicy } from '../policy/compile.ts'
import type { Policy } from '../policy/policy.ts'
import { readScope } from '../policy/scope.ts'
import type { Message } from '../protocol/message.ts'
import type { Principal } from '../protocol/principal.ts'
import type { ScopePart } from '../protocol/run-event.ts'
import { readPrincipal } from './principal.ts'
import type { Trace, TraceCall } from './trace.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * Reads one trace: `{"id", "principal"?, "messages": [{"role", "content"}], "calls": [{"id"?,
 * "name", "args", "result"?, "error"?}], "meta"?}`. Unknown members are refused: one that is
 * misspelt would change what is decided. Throws `bad-trace`.
 */
export function traceOfLine(value: JsonValue, place: string): Trace {
  const read = new ShapeReader(place)
  const trace = read.object(value, 'the trace', ['id', 'principal', 'messages', 'calls', 'meta'])
  const { id, principal, messages = [], calls, meta } = trace
  if (meta !== undefined && !isObject(meta)) throw read.wrong('`meta` is not an object')
  return {
    id: read.text(id, '`id`'),
    ...(principal === undefined ? {} : { principal: read.principal(principal) }),
    messages: read.list(messages, '`messages`').map((message) => read.message(message)),
    calls: read.list(calls, '`calls`').map((call, index) => read.call(call, index)),
    ...(meta === undefined ? {} : { meta: meta as JsonObject }),
    place,
  }
}

/** The words of a principal, as policies and tests use them. Throws `bad-trace`. */
export function principalOf(value: unknown, place: string): Principal | null {
  return new ShapeReader(place).principal(value)
}

/** What a recorded run was narrowed to. Throws `bad-trace`. */
export function scopeOf(value: unknown, place: string): Policy {
  const read = new ShapeReader(place)
  try {
    return compilePolicy(readScope(read.list(value, '`scope`') as readonly ScopePart[]))
  } catch (error) {
    throw read.wrong(messageOf(error))
  }
}

class ShapeReader {
  readonly #place: string

  constructor(place: string) {
    this.#place = place
  }

  wrong(message: string): SallyportError {
    return new SallyportError('bad-trace', `\`${this.#place}\`: ${message}`, {
      help: 'a trace has `id`, `messages`, `calls`, and may have `principal` and `meta`',
    })
  }

  object(value: unknown, what: string, members: readonly string[]): Fields {
    if (!isObject(value)) throw this.wrong(`${what} is not an object`)
    const unknown = Object.keys(value).find((key) => !members.includes(key))
    if (unknown === undefined) return value
    throw this.wrong(
      `${what} has no member \`${shorten(unknown, 64)}\`, only ${members.join(', ')}`,
    )
  }

  text(value: unknown, what: string): string {
    if (typeof value === 'string') return value
    throw this.wrong(`${what} is not a text`)
  }

  list(value: unknown, what: string): readonly unknown[] {
    if (Array.isArray(value)) return value
    throw this.wrong(`${what} is not a list`)
  }

  message(value: unknown): Message {
    const { role, content } = this.object(value, 'a message', ['role', 'content'])
    const text = this.text(content, '`content` of a message')
    switch (role) {
      case 'system':
      case 'user':
        return { role, content: text }
      case 'assistant':
        return { role, content: [{ type: 'text', text }] }
      default:
        throw this.wrong('`role` of a message is not `system`, `user` or `assistant`')
    }
  }

  call(value: unknown, index: number): TraceCall {
    const what = `call ${index + 1}`
    const members = ['id', 'name', 'args', 'result', 'error'] as const
    const { id, name, args = {}, result, error } = this.object(value, what, members)
    if (!isObject(args)) throw this.wrong(`\`args\` of ${what} is not an object`)
    return {
      ...(id === undefined ? {} : { id: this.text(id, `\`id\` of ${what}`) }),
      name: this.text(name, `\`name\` of ${what}`),
      args: args as JsonObject,
      ...(result === undefined ? {} : { result: result as JsonValue }),
      ...(error === undefined ? {} : { error: this.text(error, `\`error\` of ${what}`) }),
    }
  }

  principal(value: unknown): Principal | null {
    if (value === null) return null
    const principal = readPrincipal(value)
    if (typeof principal === 'string') throw this.wrong(principal)
    return principal
  }
}

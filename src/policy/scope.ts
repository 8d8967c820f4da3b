import { isSallyportError, SallyportError } from '../base/errors.ts'
import { isObject, isTexts, type JsonObject } from '../base/json.ts'
import type { ScopePart } from '../protocol/run-event.ts'
import type { PolicyFile } from './document.ts'
import { readPolicy } from './read.ts'

/**
 * A policy that allows what the parts of a scope name, each as a rule. Throws `bad-option` for what
 * no rule could say.
 */
export function readScope(parts: readonly ScopePart[]): PolicyFile {
  const rules = parts.map((part, index) => toRule(part, `scope-${index + 1}`))
  try {
    return readPolicy(JSON.stringify({ sallyport: 1, name: 'scope', rules }), { file: 'scope' })
  } catch (error) {
    throw wrongScope(error)
  }
}

const scopeHelp = 'write `tools` and, where needed, `args` and `onlyArgs` as in an allow rule'

/** What is wrong with a scope, told to who wrote it. */
export function wrongScope(cause: unknown): unknown {
  if (!isSallyportError(cause)) return cause
  return new SallyportError('bad-option', `the \`scope\` of the run: ${cause.message}`, {
    help: scopeHelp,
    cause,
  })
}

function toRule(scope: ScopePart, id: string): JsonObject {
  if (!isObject(scope)) {
    throw new SallyportError('bad-option', '`scope` is not an object or a list of objects', {
      help: scopeHelp,
    })
  }
  const { tools, ...conditions } = scope
  // keys of a rule that would make the scope look wider than it is are unknown here
  const strange = Object.keys(conditions).find((key) => key !== 'args' && key !== 'onlyArgs')
  if (strange !== undefined) {
    throw new SallyportError('bad-option', `\`scope\` has no member \`${strange}\``, {
      help: 'the members are `tools`, `args` and `onlyArgs`',
    })
  }
  if (!isTexts(tools)) {
    throw new SallyportError('bad-option', '`tools` of the `scope` is not a list of names', {
      help: 'list tools and globs, such as `[read_file, mail.*]`',
    })
  }
  return { id, allow: tools, ...(conditions as JsonObject) }
}

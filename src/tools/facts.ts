import { isObject, pointerTokens } from '../base/json.ts'
import { nearest } from '../base/suggest.ts'
import { shorten } from '../base/text.ts'
import type { ToolFacts } from '../protocol/facts.ts'

const words = {
  kind: ['read', 'write', 'destructive', 'exec', 'network'],
  sink: ['none', 'internal', 'external', 'public'],
  trust: ['trusted', 'untrusted'],
  secrecy: ['public', 'internal', 'private', 'secret'],
  endorse: ['identifier', 'integer', 'number', 'boolean', 'date', 'enum'],
  is: ['text', 'path', 'url', 'host', 'email', 'iban', 'argv', 'sql', 'money', 'date', 'id'],
} as const

/** What is wrong, as the rest of a sentence about the tool. */
export class FactsProblem extends Error {}

type Check = (value: unknown, place: string) => void

/** Checks the facts of a definition and returns a copy; throws `FactsProblem`. */
export function readFacts(given: Readonly<Record<string, unknown>>): ToolFacts {
  facts(given, 'facts')
  return structuredClone(given) as ToolFacts
}

const word =
  (name: keyof typeof words): Check =>
  (value, place) => {
    const known: readonly string[] = words[name]
    if (typeof value === 'string' && known.includes(value)) return
    throw new FactsProblem(`has an unknown \`${place}\`; use ${known.join(', ')}`)
  }

const boolean: Check = (value, place) => {
  if (typeof value !== 'boolean') throw new FactsProblem(`has \`${place}\` that is not a boolean`)
}

const globs: Check = (value, place) => {
  const isList = Array.isArray(value) && value.length > 0
  if (isList && value.every((item) => typeof item === 'string' && /^[\w.:/*-]{1,128}$/.test(item)))
    return
  throw new FactsProblem(`has \`${place}\` that is not a list of tool names or globs`)
}

function isText(item: unknown): boolean {
  return typeof item === 'string' && item !== '' && item.length <= 1024
}

const texts: Check = (value, place) => {
  if (Array.isArray(value) && value.length > 0 && value.every(isText)) return
  throw new FactsProblem(`has \`${place}\` that is not a list of texts of at most 1024 characters`)
}

const members =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value, place) => {
    for (const [key, member] of entries(value, place)) {
      const check = Object.hasOwn(checks, key) ? checks[key] : undefined
      if (check === undefined) {
        const near = nearest(key, Object.keys(checks))
        const help = near === undefined ? '' : `; did you mean \`${near}\`?`
        throw new FactsProblem(`has an unknown \`${place}.${shorten(key, 64)}\`${help}`)
      }
      if (member !== undefined) check(member, `${place}.${key}`)
    }
  }

const each =
  (isName: (name: string) => boolean, check: Check): Check =>
  (value, place) => {
    for (const [key, member] of entries(value, place)) {
      const shown = `${place}[${shorten(JSON.stringify(key), 64)}]`
      if (!isName(key)) throw new FactsProblem(`has \`${shown}\`, which is not a JSON pointer`)
      check(member, shown)
    }
  }

function entries(value: unknown, place: string): readonly [string, unknown][] {
  if (isObject(value)) return Object.entries(value)
  throw new FactsProblem(`has \`${place}\` that is not an object`)
}

const label = members({
  trust: word('trust'),
  secrecy: word('secrecy'),
  endorse: word('endorse'),
})

const facts = members({
  kind: word('kind'),
  sink: word('sink'),
  output: label,
  fields: each((pointer) => pointerTokens(pointer) !== undefined, label),
  args: each(
    () => true,
    members({
      steers: boolean,
      carries: boolean,
      is: word('is'),
      idsFrom: globs,
      fromNamed: globs,
      known: texts,
    }),
  ),
})

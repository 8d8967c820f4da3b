import type { JsonObject } from '../../base/json.ts'
import { shorten } from '../../base/text.ts'
import type { DangerGuard, DangerPack } from '../../policy/document.ts'
import type { ArgumentForm, ToolFacts } from '../../protocol/facts.ts'
import { hasInvisible, visibleForm } from '../detect/invisible.ts'
import { occursIn, packs } from '../detect/packs.ts'
import { createSecretDetector } from '../detect/secrets.ts'
import type { Check } from './guards.ts'
import { scalarsOf } from './values.ts'

/** What was found, and what would help. */
const problems: Readonly<Record<DangerPack, string>> = {
  secrets: 'holds a secret; leave it out',
  sql: 'holds a piece of SQL; send plain values',
  shell: 'holds a piece of a shell command; send plain text',
  html: 'holds active HTML; send plain text',
  template: 'holds a template expression; send plain text',
  invisible: 'holds invisible or control characters; write it without them',
}

/**
 * Forms that are one line: a line end in them begins a header or a record. The items of a vector
 * are not read as lines; a guard of commands or a rule says what they may hold.
 */
const oneLine: ReadonlySet<ArgumentForm> = new Set([
  'path',
  'url',
  'host',
  'email',
  'iban',
  'money',
  'date',
  'id',
])

const lineEnd = /[\t\n\r\u0085\u2028\u2029]/

/**
 * A check of every text of the arguments, names of members included, against the packs of a guard.
 * What the facts say an argument is decides too: SQL is no danger where it belongs, and a value of
 * one line must be one.
 */
export function compileDanger(
  guard: DangerGuard,
  secrets: readonly string[],
  factsOf: (tool: string) => ToolFacts,
): Check {
  const finders = guard.packs.map((pack) => [pack, finderOf(pack, secrets)] as const)
  return (args, tool) => {
    const { args: facts = {} } = factsOf(tool)
    for (const [name, value] of Object.entries(args)) {
      const form = Object.hasOwn(facts, name) ? facts[name]!.is : undefined
      for (const { pointer, value: scalar } of textsOf(name, value)) {
        const pack = finders.find(([, finds]) => finds(scalar, form))?.[0]
        if (pack !== undefined) return `\`${shorten(pointer, 128)}\` ${problems[pack]}`
      }
    }
    return undefined
  }
}

/** Numbers are texts here: a card or a code may come as one. */
function* textsOf(
  name: string,
  value: JsonObject[string],
): Generator<{ readonly pointer: string; readonly value: string }> {
  for (const found of scalarsOf({ pointer: '', value: { [name]: value } })) {
    yield { pointer: found.pointer, value: String(found.value) }
  }
}

type Finder = (text: string, form: ArgumentForm | undefined) => boolean

function finderOf(pack: DangerPack, secrets: readonly string[]): Finder {
  if (pack === 'invisible') {
    return (text, form) =>
      hasInvisible(text) || (form !== undefined && oneLine.has(form) && lineEnd.test(text))
  }
  const finds = pack === 'secrets' ? secretFinder(secrets) : patternFinder(pack)
  return (text, form) => {
    if (pack === 'sql' && form === 'sql') return false
    const seen = visibleForm(text)
    return finds(text) || (seen !== text && finds(seen))
  }
}

function secretFinder(secrets: readonly string[]): (text: string) => boolean {
  const detect = createSecretDetector(secrets)
  return (text) => detect(text).length > 0
}

function patternFinder(pack: keyof typeof packs): (text: string) => boolean {
  return (text) => occursIn(packs[pack], text)
}

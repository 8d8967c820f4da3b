import { visible } from '../base/text.ts'
import type { DiagnosticCode, Diagnostics } from './diagnostic.ts'
import { repairText, type Repair } from './repair.ts'
import { formed, writtenAs, type Name, type Read } from './shape.ts'
import { describe, type Node } from './tree.ts'

export interface TextRule {
  /** What the text is, such as `an id`. */
  readonly what: string
  readonly pattern?: RegExp
  readonly maxLength?: number
  readonly help?: string
  /** True when the text may be a secret: it is neither shown nor quoted. */
  readonly secret?: boolean
}

const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

/** Whether a text holds characters that no editor shows; no text of a policy may. */
export function hasUnseen(text: string): boolean {
  return unseen.test(text)
}

/** Text without invisible characters, not empty, at most 1,024 characters unless told. */
export function textOf(rule: TextRule): Read<string> {
  return formed(rule.what, (node, diagnostics) => {
    if (node.kind !== 'scalar' || typeof node.value !== 'string') {
      const message = `${rule.what} has to be a string, not ${describe(node)}`
      const extra = { ...quotes(node, rule, diagnostics), ...secretOf(rule) }
      return diagnostics.error(node, 'wrong-type', message, extra)
    }
    const problem = textProblem(node.value, rule)
    return problem === undefined
      ? node.value
      : diagnostics.error(node, problem.code, problem.message, {
          help: problem.help,
          ...secretOf(rule),
        })
  })
}

/** In quotes it may be right; what is said about a text without a pattern says more. */
function quotes(node: Node, rule: TextRule, diagnostics: Diagnostics): Repair {
  const written = writtenAs(node, diagnostics)
  const { help, pattern, secret = false } = rule
  const fits =
    textProblem(written, rule) === undefined && (pattern !== undefined || help === undefined)
  if (!secret && fits) return repairText(node, written, help)
  return { help: help ?? 'write a text in quotes' }
}

function secretOf({ secret }: TextRule): Pick<TextRule, 'secret'> {
  return secret === undefined ? {} : { secret }
}

interface TextProblem {
  readonly code: DiagnosticCode
  readonly message: string
  readonly help: string
}

/** Also for keys of a mapping. */
export function textProblem(value: string, rule: TextRule): TextProblem | undefined {
  const { what, pattern, maxLength = 1024, secret = false } = rule
  const problem = (message: string, help: string): TextProblem => ({
    code: 'bad-value',
    message,
    help: rule.help ?? help,
  })
  if (hasUnseen(value)) {
    const found = problem(
      `${what} holds an invisible or control character`,
      'remove it, or type the text anew',
    )
    return { ...found, code: 'invisible' }
  }
  if (value === '') return problem(`${what} is empty`, 'write a text, or remove what holds it')
  if (value.length > maxLength) {
    return problem(`${what} is longer than ${maxLength} characters`, 'shorten it')
  }
  if (pattern === undefined || pattern.test(value)) return undefined
  const shown = secret ? 'the value' : `\`${visible(value.slice(0, 64))}\``
  return problem(`${shown} is not ${what}`, `write ${what}`)
}

/** The same text with its place. */
export function named(read: Read<string>): Read<Name> {
  return formed(read.form ?? 'a name', (node, diagnostics) => {
    const value = read(node, diagnostics)
    return value === undefined ? undefined : { text: value, start: node.start, end: node.end }
  })
}

/** Turns a text that was read into something else; `parse` gives undefined when it cannot. */
export function parsed<T>(rule: TextRule, parse: (value: string) => T | undefined): Read<T> {
  const read = textOf(rule)
  return formed(rule.what, (node, diagnostics) => {
    const value = read(node, diagnostics)
    if (value === undefined) return undefined
    const result = parse(value)
    if (result !== undefined) return result
    const message = `\`${visible(value.slice(0, 64))}\` is not ${rule.what}`
    return diagnostics.error(node, 'bad-value', message, { help: rule.help })
  })
}

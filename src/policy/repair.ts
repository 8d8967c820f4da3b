import { visible } from '../base/text.ts'
import type { Node } from './tree.ts'

/** How to mend a value of the wrong kind. */
export interface Repair {
  /** One sentence that shows what to write. */
  readonly help: string
  /** The text that would mend it. */
  readonly suggestion?: string
}

/** Longest value that is repeated as it would have to stand. */
const maxShown = 64

/** The same text with something around it, where it is short and stands on one line. */
function around(before: string, written: string, after: string): string | undefined {
  return written.length <= maxShown && !/[\r\n]/.test(written)
    ? `${before}${written}${after}`
    : undefined
}

const yesWords: ReadonlySet<string> = new Set(['true', 'yes', 'on', 'y'])
const noWords: ReadonlySet<string> = new Set(['false', 'no', 'off', 'n'])

export function repairBoolean(node: Node): Repair {
  const word = node.kind === 'scalar' ? String(node.value).toLowerCase() : ''
  const suggestion = yesWords.has(word) ? 'true' : noWords.has(word) ? 'false' : undefined
  if (suggestion === undefined) return { help: 'write `true` or `false`' }
  return {
    help: `write \`${suggestion}\`, without quotes: in YAML 1.2 \`yes\`, \`no\`, \`on\` and \`off\` are texts`,
    suggestion,
  }
}

export function repairNumber(node: Node): Repair {
  const text = node.kind === 'scalar' ? node.value : undefined
  if (typeof text === 'string' && /^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?$/.test(text)) {
    return { help: `write \`${text}\`, without quotes`, suggestion: text }
  }
  return { help: 'write digits alone, without a unit, such as `10`' }
}

/** `help` is what else there is to say about the text. */
export function repairText(node: Node, written: string, help: string | undefined): Repair {
  if (node.kind !== 'scalar') return { help: help ?? 'write one text, without brackets or braces' }
  if (node.value === null) return { help: help ?? 'write a text behind the key' }
  const quoted = around('"', written, '"')
  return {
    help: `put it in quotes${quoted === undefined ? '' : `: \`${visible(quoted)}\``}`,
    ...(quoted === undefined ? {} : { suggestion: quoted }),
  }
}

/** `isItem` tells that the value would be right as an item of the list. */
export function repairList(written: string, isItem: boolean): Repair {
  const inBrackets = isItem ? around('[', written, ']') : undefined
  if (inBrackets !== undefined) {
    return { help: `put it in brackets: \`${visible(inBrackets)}\``, suggestion: inBrackets }
  }
  if (isItem) return { help: 'put brackets around it, or `- ` in front of it: it is one of a list' }
  return { help: 'write a list: `[a, b]`, or a line that begins with `- ` for each item' }
}

/** Keys of a mapping that are named. */
const maxKeys = 6

export function repairMapping(keys: readonly string[]): Repair {
  const shown = keys.slice(0, maxKeys).map((key) => `\`${key}\``)
  const more = keys.length > maxKeys ? ` and ${keys.length - maxKeys} more` : ''
  return {
    help: `write \`key: value\` in braces or line by line; the keys are ${shown.join(', ')}${more}`,
  }
}

/** A value that stands where a test of it is needed. */
export function repairTest(node: Node, written: string): Repair {
  const key = node.kind === 'list' ? 'enum' : 'const'
  const isValue = node.kind === 'list' || (node.kind === 'scalar' && node.value !== null)
  const suggestion = isValue ? around(`{ ${key}: `, written, ' }') : undefined
  const help = `write a test of the value, such as \`${visible(suggestion ?? '{ type: string }')}\``
  return suggestion === undefined ? { help } : { help, suggestion }
}

import {
  Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Scalar,
  type Node,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { visibleJson } from '../base/text.ts'

/** What does not show in an editor, and is refused in a policy unless it is written as an escape. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufffd]/u
const eachUnseen = new RegExp(unseen.source, 'gu')

/** A text as it is printed in quotes; undefined for what the library prints as it should. */
export function quotes(node: Scalar): string | undefined {
  const { value, type, anchor } = node
  if (typeof value !== 'string' || !needsQuotes(value, type)) return undefined
  const text =
    asWritten(node) ??
    (unseen.test(value) || value.includes("'") ? doubleQuoted(value) : `'${value}'`)
  return anchor === undefined ? text : `&${anchor} ${text}`
}

/** An escape by number, behind an even count of backslashes. */
const numbered = /(?<=(?:^|[^\\])(?:\\\\)*)\\(?:x[\da-f]{2}|u[\da-f]{4}|U[\da-f]{8})/gi

/**
 * The text as its author wrote it, where that escapes what would show without: so that a scanner
 * does not take a sample for a secret, or that one letter is told from its double.
 */
function asWritten({ srcToken, type }: Scalar): string | undefined {
  if (type !== 'QUOTE_DOUBLE' || srcToken?.type !== 'double-quoted-scalar') return undefined
  const { source } = srcToken
  if (source.includes('\n')) return undefined
  const escapes = source.match(numbered) ?? []
  const isOfSeen = escapes.some((escape) => !hasUnseen(characterOf(escape)))
  return isOfSeen ? source : undefined
}

function characterOf(escape: string): string {
  return String.fromCodePoint(Number.parseInt(escape.slice(2), 16))
}

function needsQuotes(value: string, type: Scalar['type']): boolean {
  switch (type) {
    case 'QUOTE_DOUBLE':
    case 'QUOTE_SINGLE':
      return true
    case 'BLOCK_LITERAL':
    case 'BLOCK_FOLDED':
      // spaces at the ends of lines, which a block would hold unseen
      return !/^\S/.test(value) || /\s\n|\n[ \t]| $/.test(value)
    default:
      return false
  }
}

/** JSON, also inside of YAML, with everything escaped that a policy may not hold as it is. */
export function policyJson(json: string): string {
  return visibleJson(json).replaceAll('\ufffd', '\\ufffd')
}

/** Whether a text has to stand in quotes with escapes. */
export function hasUnseen(text: string): boolean {
  return unseen.test(text)
}

/** Escapes of JSON are escapes of YAML; all else that does not show is escaped as well. */
function doubleQuoted(value: string): string {
  return JSON.stringify(value).replaceAll(eachUnseen, (character) => {
    const code = character.codePointAt(0)!.toString(16)
    return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`
  })
}

/** A scalar with everything around the node that is not its value. */
export function scalarOf(node: Node, value: string): Node {
  const scalar = new Scalar(value)
  scalar.type = 'PLAIN'
  const { comment, commentBefore, spaceBefore } = node
  if (comment != null) scalar.comment = comment
  if (commentBefore != null) scalar.commentBefore = commentBefore
  if (spaceBefore !== undefined) scalar.spaceBefore = spaceBefore
  return scalar
}

/** A collection on one line; undefined when a comment or a text of several lines is in it. */
export function flowText(node: YAMLMap | YAMLSeq): string | undefined {
  const text = isMap(node) ? mapText(node) : listText(node as YAMLSeq<Node>)
  if (text === undefined) return undefined
  return node.anchor === undefined ? text : `&${node.anchor} ${text}`
}

function listText(node: YAMLSeq<Node>): string | undefined {
  const items = node.items.map(inlineText)
  return items.includes(undefined) ? undefined : `[${items.join(', ')}]`
}

function mapText(node: YAMLMap): string | undefined {
  if (node.items.length === 0) return '{}'
  const items = node.items.map(({ key, value }) => {
    const [name, text] = [inlineText(key as Node), inlineText(value as Node | null)]
    if (name === undefined || text === undefined) return undefined
    return text === '' ? `${name}:` : `${name}: ${text}`
  })
  return items.includes(undefined) ? undefined : `{ ${items.join(', ')} }`
}

function inlineText(node: Node | null): string | undefined {
  if (node === null) return 'null'
  if (node.comment != null || node.commentBefore != null) return undefined
  if (isAlias(node)) return `*${node.source}`
  if (isMap(node) || isSeq(node)) return flowText(node)
  return isScalar(node) ? (quotes(node) ?? plainText(node)) : undefined
}

/** As the library prints it inside of brackets. */
function plainText(node: Scalar): string | undefined {
  const list = new Document([]).createNode(['']) as YAMLSeq
  const copy = node.clone() as Scalar
  delete copy.spaceBefore
  list.items[0] = copy
  list.flow = true
  const document = new Document(null, { version: '1.2', schema: 'core' })
  document.contents = list as never
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: false }).trim()
  return text.includes('\n') ? undefined : text.slice(1, -1)
}

import { isAlias, isMap, isScalar, isSeq, parseDocument, type Node, type Pair } from 'yaml'
import { digestJson } from '../base/digest.ts'
import { SallyportError } from '../base/errors.ts'
import { parseJson } from '../base/json.ts'
import { openPolicy } from '../policy/read.ts'
import { orderJson, orderKeys } from './format-order.ts'
import { flowText, policyJson, quotes, scalarOf } from './format-scalar.ts'

/** Longest line on which a collection in braces or brackets stays. */
const lineWidth = 100

/**
 * A policy, or a file of tests, in canonical form: the keys in the order of the language, two
 * spaces a level, one kind of quotes, collections in braces on one line or broken up. Comments and
 * blank lines stay. What the file means does not change, and formatting again changes nothing.
 *
 * Throws `bad-policy` for a text that is not well-formed, as `readPolicy` does.
 */
export function formatPolicy(text: string, file: string): string {
  const before = openPolicy(text, file).json
  const json = parseJson(text)
  const formatted = json.ok
    ? `${policyJson(JSON.stringify(orderJson(json.value), undefined, 2))}\n`
    : settle(text)
  if (digestJson(openPolicy(formatted, file).json) !== digestJson(before)) {
    throw new SallyportError('internal', `formatting \`${file}\` would change what it says`, {
      help: 'leave the file as it is, and report it',
    })
  }
  return formatted
}

/** Rounds until nothing changes; what moves a second time are blank lines around comments. */
const maxRounds = 5

function settle(text: string): string {
  let current = text
  for (let round = 0; round < maxRounds; round++) {
    const next = formatYaml(current)
    if (next === current) break
    current = next
  }
  return current
}

function formatYaml(text: string): string {
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    keepSourceTokens: true,
  })
  const layout = new Layout(freeWord(text))
  const root = document.contents
  if (root !== null) {
    orderKeys(root)
    document.contents = layout.place(root, 0, 0) as typeof root
  }
  const printed = document.toString({ lineWidth: 0, indent: 2 })
  return layout.fill(printed)
}

/** A word that the text holds nowhere, comments included. */
function freeWord(text: string): string {
  let word = 'placeholder'
  while (text.includes(word)) word += '-x'
  return word
}

/**
 * The printer of the library breaks lines and pads brackets in its own way. Whatever goes on one
 * line is therefore printed here, and a placeholder is handed to the library.
 */
class Layout {
  readonly #texts: string[] = []
  readonly #word: string

  /** `word` stands for texts until the document is printed. */
  constructor(word: string) {
    this.#word = word
  }

  fill(printed: string): string {
    return printed.replaceAll(
      new RegExp(`${this.#word}-(\\d+)-`, 'g'),
      (_, index: string) => this.#texts[Number(index)]!,
    )
  }

  /** The node as it is printed: on one line from `beside` on, or broken up from `below` on. */
  place(node: Node, beside: number, below: number): Node {
    if (isAlias(node)) return this.#hold(node, `*${node.source}`)
    if (isScalar(node)) {
      const text = quotes(node)
      return text === undefined ? node : this.#hold(node, text)
    }
    if (!isMap(node) && !isSeq(node)) return node
    if (node.flow === true || node.items.length === 0) {
      const text = flowText(node)
      if (text !== undefined && beside + text.length <= lineWidth) return this.#hold(node, text)
      node.flow = false
    }
    if (isSeq(node)) {
      node.items = node.items.map((item) => this.place(item as Node, below + 2, below + 2))
      return node
    }
    for (const pair of node.items) {
      const { key, value } = pair as Pair<Node, Node | null>
      const name = isScalar(key) ? (quotes(key) ?? String(key.value)) : ''
      pair.key = this.place(key, below, below)
      if (value !== null) pair.value = this.place(value, below + name.length + 2, below + 2)
    }
    return node
  }

  #hold(node: Node, text: string): Node {
    const index = this.#texts.push(text) - 1
    return scalarOf(node, `${this.#word}-${index}-`)
  }
}

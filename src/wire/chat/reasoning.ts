import { isObject, type JsonValue } from '../../base/json.ts'
import { isShallow } from '../read.ts'

/** The member that is streamed in fragments, by type of block; other types come whole. */
const growing = new Map<unknown, string>([
  ['reasoning.text', 'text'],
  ['reasoning.summary', 'summary'],
])

export function growingMember(type: unknown): string | undefined {
  return growing.get(type)
}

/**
 * `reasoning_details` of one response, merged to what has to be sent back: fragments of one block
 * share type and index, their text is joined, and members such as `signature` that come in a later
 * fragment are added. Order and everything else stay as sent.
 */
export class ReasoningDetails {
  readonly #blocks: Record<string, unknown>[] = []
  #last: { readonly block: Record<string, unknown>; readonly member: string } | undefined

  /**
   * Adds the fragments of one event of the given length. Returns their readable text, and how many
   * characters are kept at most.
   */
  add(fragments: readonly unknown[], eventLength: number): { text: string; kept: number } {
    let text = ''
    let kept = 0
    this.#last = undefined
    for (const fragment of fragments) {
      if (!isObject(fragment) || !isShallow(fragment)) continue
      const member = growingMember(fragment['type'])
      if (member !== undefined && typeof fragment[member] === 'string') text += fragment[member]
      const block = member === undefined ? undefined : this.#openBlock(fragment)
      if (block === undefined) {
        this.#blocks.push({ ...fragment })
        kept += eventLength
      } else {
        const size = Object.keys(block).length
        merge(block, fragment, member!)
        if (Object.keys(block).length > size) kept += eventLength
        this.#last = { block, member: member! }
      }
    }
    return { text, kept: kept + text.length }
  }

  /** True when a single fragment like the last one would only lengthen the same block again. */
  get continues(): boolean {
    const { block, member } = this.#last ?? {}
    return block !== undefined && isText(block[member!]) && !isText(block['signature'])
  }

  /** Lengthens the block that the last fragment belonged to. */
  lengthen(text: string): void {
    const { block, member } = this.#last!
    block[member] = (block[member] as string) + text
  }

  get value(): JsonValue | undefined {
    return this.#blocks.length === 0 ? undefined : (this.#blocks as JsonValue[])
  }

  #openBlock(fragment: Record<string, unknown>): Record<string, unknown> | undefined {
    const { type, index } = fragment
    if (typeof index !== 'number') return undefined
    const block = this.#blocks.findLast((each) => each['type'] === type && each['index'] === index)
    // a signature closes its block: text added later would make it invalid
    return block !== undefined && !isText(block['signature']) ? block : undefined
  }
}

function merge(
  block: Record<string, unknown>,
  fragment: Record<string, unknown>,
  growingKey: string,
): void {
  for (const key of Object.keys(fragment)) {
    const value = fragment[key]
    if (key === '__proto__') continue
    if (key === growingKey && isText(block[key]) && typeof value === 'string') {
      block[key] = (block[key] as string) + value
    } else if (value !== null && value !== '') {
      block[key] = value
    } else if (!Object.hasOwn(block, key)) {
      block[key] = value
    }
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

import { isObject } from '../../base/json.ts'
import { isImageUrl } from '../../protocol/image.ts'
import { objectAt, textAt } from '../read.ts'

/** A piece of what a model says. */
export interface Piece {
  readonly kind: 'text' | 'reasoning' | 'refusal' | 'image'
  readonly text: string
}

/** What parts of a type say with their `text`; a part without a type is one of text. */
const kinds = new Map<unknown, Piece['kind']>([
  [undefined, 'text'],
  ['text', 'text'],
  ['output_text', 'text'],
  ['reasoning', 'reasoning'],
])

/**
 * The pieces of content that is no text: a part or a list of them, typed or plain texts. Parts of
 * unknown types are left out.
 */
export function piecesOf(content: unknown): readonly Piece[] {
  const parts: readonly unknown[] = Array.isArray(content) ? content : [content]
  return parts.flatMap((part): readonly Piece[] => {
    if (typeof part === 'string') return [{ kind: 'text', text: part }]
    if (!isObject(part)) return []
    const kind = kinds.get(part['type'])
    const text = kind === undefined ? undefined : textAt(part, 'text')
    if (kind !== undefined && text !== undefined) return [{ kind, text }]
    const refusal = part['type'] === 'refusal' ? textAt(part, 'refusal') : undefined
    if (refusal !== undefined) return [{ kind: 'refusal', text: refusal }]
    const thoughts = thoughtsIn(part['thinking'])
    return thoughts.length === 0 ? imagesIn([part]) : thoughts
  })
}

/** Thinking is a text, or a list of parts with texts. */
function thoughtsIn(thinking: unknown): readonly Piece[] {
  if (typeof thinking === 'string') return [{ kind: 'reasoning', text: thinking }]
  if (!Array.isArray(thinking)) return []
  return thinking
    .filter(isObject)
    .map((thought) => ({ kind: 'reasoning', text: textAt(thought, 'text') ?? '' }))
}

/** The pictures in a list of parts, of which each holds its address in one of several places. */
export function imagesIn(parts: readonly unknown[]): readonly Piece[] {
  return parts.flatMap((part) => {
    const url = addressOf(part)
    return url !== undefined && isImageUrl(url) ? [{ kind: 'image' as const, text: url }] : []
  })
}

function addressOf(part: unknown): string | undefined {
  if (typeof part === 'string') return part
  if (!isObject(part)) return undefined
  return (
    textAt(part, 'image_url') ??
    textAt(objectAt(part, 'image_url') ?? {}, 'url') ??
    textAt(part, 'url')
  )
}

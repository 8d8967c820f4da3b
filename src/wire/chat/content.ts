import { isObject } from '../../base/json.ts'
import { isImageUrl } from '../../protocol/image.ts'
import { listAt, objectAt, textAt } from '../read.ts'

/** A piece of what a model says. */
export interface Piece {
  readonly kind: 'text' | 'reasoning' | 'image'
  readonly text: string
}

/** The pieces of content that comes as typed parts; parts of unknown types are left out. */
export function piecesOf(parts: readonly unknown[]): readonly Piece[] {
  return parts.flatMap((part): readonly Piece[] => {
    if (!isObject(part)) return []
    if (part['type'] === 'text') return [{ kind: 'text', text: textAt(part, 'text') ?? '' }]
    const thinking = part['thinking']
    if (typeof thinking === 'string') return [{ kind: 'reasoning', text: thinking }]
    const thoughts = listAt(part, 'thinking')
    if (thoughts.length === 0) return imagesIn([part])
    return thoughts.flatMap((thought) =>
      isObject(thought)
        ? [{ kind: 'reasoning' as const, text: textAt(thought, 'text') ?? '' }]
        : [],
    )
  })
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

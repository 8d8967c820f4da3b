import { textAt } from '../read.ts'
import type { Call } from './calls.ts'
import type { Prose } from './prose.ts'

/** One item of the output of a response, while it arrives. */
export interface Item {
  readonly type: string
  /** Its place in the output; undefined where the endpoint does not say. */
  readonly index: number | undefined
  /** As first heard of; some endpoints change it with every event. */
  readonly id: string
  isDone: boolean
  /** The complete item without what its other members hold, to be sent back. */
  rest?: Record<string, unknown>
  /** Characters of `rest` at its longest. */
  size?: number
  readonly call?: Call
  /** What it says, or the reasoning it tells. */
  readonly prose?: Prose
  readonly refusal?: Prose
  /** Which of the two forms of reasoning is told: the summary or the reasoning itself. */
  form?: 'summary' | 'content'
  /** Number of the picture it holds. */
  picture?: number
}

/** Where an event says its item is. */
export interface ItemPlace {
  readonly index: number | undefined
  readonly id: string
}

/**
 * The items of one response. An event finds its item by the place in the output, since ids may
 * change from event to event; where several items claim one place, and where places are not given,
 * the id tells them apart.
 */
export class Items {
  readonly all: Item[] = []
  readonly #byIndex = new Map<number, Item>()
  readonly #byId = new Map<string, Item>()

  add(item: Item): Item {
    this.all.push(item)
    if (item.index !== undefined) this.#byIndex.set(item.index, item)
    if (item.id !== '') this.#byId.set(item.id, item)
    return item
  }

  find({ index, id }: ItemPlace): Item | undefined {
    const named = id === '' ? undefined : this.#byId.get(id)
    if (named !== undefined && (index === undefined || named.index === index)) return named
    if (index !== undefined) return this.#byIndex.get(index)
    return id === '' ? this.all.at(-1) : undefined
  }

  /**
   * The items that the complete output lists, each with its description there; undefined for one
   * that was never heard of. An item is known by its id, else by the id of its call, else by its
   * place, else as the next of its type.
   */
  match(output: readonly Record<string, unknown>[]): readonly (Item | undefined)[] {
    const left = new Set(this.all)
    const found = new Map<Record<string, unknown>, Item>()
    const claim = (finds: (whole: Record<string, unknown>, at: number) => Item | undefined): void =>
      output.forEach((whole, at) => {
        const item = found.has(whole) ? undefined : finds(whole, at)
        if (item === undefined || !left.delete(item)) return
        found.set(whole, item)
      })
    claim((whole) => {
      const item = this.#byId.get(textAt(whole, 'id') ?? '')
      return item !== undefined && fits(item, whole) ? item : undefined
    })
    claim((whole) => {
      const id = textAt(whole, 'call_id')
      return this.all.find((item) => id !== undefined && item.call?.id === id && fits(item, whole))
    })
    claim((whole, at) => {
      const item = this.#byIndex.get(at)
      return item !== undefined && fits(item, whole) ? item : undefined
    })
    const byType = Map.groupBy(left, ({ type }) => type)
    claim((whole) => {
      const waiting = byType.get(String(whole['type'])) ?? []
      const at = waiting.findIndex((item) => fits(item, whole))
      return at < 0 ? undefined : waiting.splice(at, 1)[0]
    })
    return output.map((whole) => found.get(whole))
  }
}

/** Whether a description may be of this item: its type, and for calls their id and name. */
export function fits({ type, call }: Item, whole: Record<string, unknown>): boolean {
  if (type !== whole['type']) return false
  if (call === undefined) return true
  const [id, name] = [textAt(whole, 'call_id') ?? '', textAt(whole, 'name') ?? '']
  const sameId = id === '' || call.id === '' || call.id === id
  return sameId && (name === '' || call.name === '' || call.name === name)
}

import type { UserMessage } from '../protocol/message.ts'
import type { StructuralEvent, TurnStart } from '../protocol/run-event.ts'

/** Said at the beginning of a turn that nobody has answered. */
export function unheardIn(events: readonly StructuralEvent[]): readonly UserMessage[] {
  const from = events.findLastIndex((event) => event.type === 'usage')
  return events
    .slice(from + 1)
    .flatMap((event) => (event.type === 'turn-start' ? (event.said ?? []) : []))
}

/** How turns began. One that was begun again has heard what was said to its first beginning. */
export class TurnStarts {
  readonly #starts = new Map<number, TurnStart>()

  add(start: TurnStart): void {
    const before = this.#starts.get(start.turn)?.said ?? []
    const said = [...before, ...(start.said ?? [])]
    this.#starts.set(start.turn, said.length === 0 ? start : { ...start, said })
  }

  of(turn: number): TurnStart {
    return this.#starts.get(turn)!
  }
}

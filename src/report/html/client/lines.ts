import type { ModelCallRow } from '../../report.ts'
import type { CallSummary } from '../../summary.ts'

/** A line of the waterfall: a turn, or a call of it. */
export type Line =
  | {
      readonly kind: 'turn'
      readonly turn: number
      readonly model: ModelCallRow | undefined
      /** Calls of the turn that are shown. */
      readonly calls: number
      readonly isOpen: boolean
    }
  | { readonly kind: 'call'; readonly call: CallSummary }

/** Turns with their calls; turns without a call only where nothing is filtered. */
export function linesOf(
  calls: readonly CallSummary[],
  models: readonly ModelCallRow[],
  closed: ReadonlySet<number>,
  isFiltered: boolean,
): readonly Line[] {
  const byTurn = Map.groupBy(calls, ({ row }) => row.turn)
  const modelOf = new Map(models.map((model) => [model.turn, model]))
  const turns = new Set([...(isFiltered ? [] : modelOf.keys()), ...byTurn.keys()])
  return [...turns]
    .toSorted((a, b) => a - b)
    .flatMap((turn) => {
      const own = byTurn.get(turn) ?? []
      const isOpen = !closed.has(turn)
      const head: Line = { kind: 'turn', turn, model: modelOf.get(turn), calls: own.length, isOpen }
      return isOpen ? [head, ...own.map((call): Line => ({ kind: 'call', call }))] : [head]
    })
}

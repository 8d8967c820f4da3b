import { compactJson } from '../../json.ts'
import { callNumber, type CallSummary } from '../../summary.ts'

export const facets = ['decision', 'status', 'tool', 'rule', 'data', 'time'] as const

export type Facet = (typeof facets)[number]

/** Letters of a call that the search looks through. */
const longestSearched = 4000

/** Values of a facet that get a chip; the search finds the rest. */
const mostChips = 24

export interface Chip {
  readonly value: string
  readonly count: number
}

/** Which calls are shown: any of the chosen values of each facet, and every word of the search. */
export class Filters {
  readonly #calls: CallSummary[] = []
  readonly #counts = byFacet(() => new Map<string, number>())
  readonly #chosen = byFacet(() => new Set<string>())
  #words: readonly string[] = []
  #texts: (string | undefined)[] = []

  add(calls: readonly CallSummary[]): void {
    this.#calls.push(...calls)
    for (const facet of facets) {
      const counts = this.#counts[facet]
      for (const call of calls) {
        for (const value of valuesOf(call, facet)) counts.set(value, (counts.get(value) ?? 0) + 1)
      }
    }
  }

  /** All calls that were added. */
  get calls(): readonly CallSummary[] {
    return this.#calls
  }

  /** The values of a facet, the most frequent first. */
  chips(facet: Facet): readonly Chip[] {
    return [...this.#counts[facet]]
      .map(([value, count]) => ({ value, count }))
      .toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
      .slice(0, mostChips)
  }

  toggle(facet: Facet, value: string): void {
    const chosen = this.#chosen[facet]
    if (!chosen.delete(value)) chosen.add(value)
  }

  has(facet: Facet, value: string): boolean {
    return this.#chosen[facet].has(value)
  }

  search(text: string): void {
    this.#words = text.toLowerCase().split(/\s+/).filter(Boolean)
  }

  clear(): void {
    for (const facet of facets) this.#chosen[facet].clear()
    this.#words = []
  }

  get isOff(): boolean {
    return this.#words.length === 0 && facets.every((facet) => this.#chosen[facet].size === 0)
  }

  /** The calls to show, in their order. */
  apply(): readonly CallSummary[] {
    if (this.isOff) return this.#calls
    const active = facets.filter((facet) => this.#chosen[facet].size > 0)
    return this.#calls.filter(
      (call, at) =>
        active.every((facet) =>
          valuesOf(call, facet).some((value) => this.#chosen[facet].has(value)),
        ) && this.#words.every((word) => this.#text(at).includes(word)),
    )
  }

  /** Makes the texts of some calls ready, so that the first search does not have to. */
  prepare(from: number, to: number): void {
    for (let at = from; at < Math.min(to, this.#calls.length); at++) this.#text(at)
  }

  #text(at: number): string {
    return (this.#texts[at] ??= textOf(this.#calls[at]!))
  }
}

function byFacet<T>(make: () => T): Readonly<Record<Facet, T>> {
  return {
    decision: make(),
    status: make(),
    tool: make(),
    rule: make(),
    data: make(),
    time: make(),
  }
}

/** Labels that somebody who looks for trouble looks for. */
const looked: ReadonlySet<string> = new Set(['untrusted', 'private', 'secret'])

function valuesOf({ row, effect, rule }: CallSummary, facet: Facet): readonly string[] {
  switch (facet) {
    case 'decision':
      return [effect]
    case 'status':
      return [row.status]
    case 'tool':
      return [row.tool]
    case 'rule':
      return [rule]
    case 'data':
      if (row.labels.length === 0) return []
      return [...new Set(row.labels.flatMap(({ trust, secrecy = '' }) => [trust, secrecy]))].filter(
        (word) => looked.has(word),
      )
    case 'time':
      if (row.executionMs < slowness[0][0]) return []
      return slowness.filter(([least]) => row.executionMs >= least).map(([, words]) => words)
  }
}

/** What counts as slow, in milliseconds that a tool ran. */
const slowness = [
  [1000, '1 s or more'],
  [10_000, '10 s or more'],
] as const

function textOf({ row, rule, effect, reasons }: CallSummary): string {
  const { tool, status, callId, providerId, args, error } = row
  return [
    callNumber(row),
    tool,
    effect,
    status,
    rule,
    error?.code ?? '',
    ...reasons,
    callId,
    providerId,
    args == null ? '' : compactJson(args),
  ]
    .join(' ')
    .slice(0, longestSearched)
    .toLowerCase()
}

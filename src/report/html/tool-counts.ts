import type { ToolSet } from '../../protocol/tool-set.ts'
import { formatNumber } from '../format.ts'
import type { CallSummary } from '../summary.ts'
import { element, leftOut, mostRows, section, table } from './element.ts'
import type { Content, Section } from './element.ts'

/** Names that are counted apart: a model can make up any number of them. */
const mostNames = 1_000

interface ToolCount {
  readonly calls: number
  readonly executed: number
  readonly refused: number
}

const none: ToolCount = { calls: 0, executed: 0, refused: 0 }

/** What became of the calls of each tool, and whether its definition is the one that was pinned. */
export class ToolCounts {
  readonly #byName = new Map<string, ToolCount>()
  #beyond = none

  add({ outcome, row }: CallSummary): void {
    const call = {
      calls: 1,
      executed: +(outcome === 'executed'),
      refused: +(outcome === 'refused'),
    }
    const known = this.#byName.get(row.tool)
    if (known === undefined && this.#byName.size === mostNames)
      this.#beyond = sum(this.#beyond, call)
    else this.#byName.set(row.tool, sum(known ?? none, call))
  }

  section({ changed, names, pinned }: ToolSet): Section | undefined {
    const offered = new Set(names)
    const made = [...this.#byName].filter(([name]) => !offered.has(name))
    const unknown = made.reduce((all, [, count]) => sum(all, count), this.#beyond)
    if (offered.size === 0 && unknown.calls === 0) return undefined
    const [isChanged, isPinned] = [new Set(changed), new Set(pinned)]
    const rows = names
      .map((name) => ({ name, count: this.#byName.get(name) ?? none }))
      .toSorted(
        (a, b) => +isChanged.has(b.name) - +isChanged.has(a.name) || b.count.calls - a.count.calls,
      )
      .map(({ name, count }) => {
        if (isChanged.has(name)) return cells(name, changedText(count), count)
        return cells(name, isPinned.has(name) ? 'as pinned' : 'not pinned', count)
      })
    const others = unknown.calls === 0 ? [] : [cells('names of no tool', 'none', unknown)]
    return toolsSection([...others, ...rows])
  }
}

/** One that ran was as pinned before somebody else carried the run on, or has been since. */
function changedText({ executed }: ToolCount): Content {
  const text =
    executed === 0
      ? 'changed since it was pinned: refused'
      : 'not always as pinned: refused while it was not'
  return element('strong', { class: 'bad' }, text)
}

function sum(a: ToolCount, b: ToolCount): ToolCount {
  return {
    calls: a.calls + b.calls,
    executed: a.executed + b.executed,
    refused: a.refused + b.refused,
  }
}

function cells(
  name: string,
  definition: Content,
  { calls, executed, refused }: ToolCount,
): readonly Content[] {
  return [name, definition, ...[calls, executed, refused].map(formatNumber)]
}

function toolsSection(rows: readonly (readonly Content[])[]): Section {
  const columns = [
    { title: 'Tool' },
    { title: 'Definition' },
    { title: 'Calls', numeric: true },
    { title: 'Executed', numeric: true },
    { title: 'Refused', numeric: true },
  ]
  return section(
    'tools',
    'Tools',
    table('Tools', columns, rows.slice(0, mostRows)),
    leftOut(rows.length),
  )
}

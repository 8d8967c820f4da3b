import { formatNumber } from '../../format.ts'
import { ChipGroup } from './chips.ts'
import { button, create } from './dom.ts'
import { facets, type Filters } from './filters.ts'

/** The search field, the chips of every facet, and how many calls they leave. */
export class FilterBar {
  readonly element: HTMLElement
  readonly search: HTMLInputElement
  readonly #filters: Filters
  readonly #changed: () => void
  readonly #groups: readonly ChipGroup[]
  readonly #count = create('p', { class: 'muted', role: 'status' })
  readonly #clear: HTMLButtonElement

  constructor(filters: Filters, changed: () => void) {
    this.#filters = filters
    this.#changed = changed
    this.search = create('input', {
      type: 'search',
      placeholder: 'Search tool, rule, arguments, reason …',
      'aria-label': 'Search calls',
    })
    this.search.addEventListener('input', () => {
      filters.search(this.search.value)
      changed()
    })
    this.#clear = button({ class: 'plain' }, 'Show all', () => this.clear())
    this.#groups = facets.map((facet) => new ChipGroup(facet, filters, changed))
    this.element = create(
      'div',
      { class: 'filters', role: 'search', 'aria-label': 'Calls' },
      create('div', { class: 'line' }, this.search, this.#count, this.#clear),
      ...this.#groups.map(({ element }) => element),
    )
  }

  /** Shows the values of the calls there are now. */
  refresh(): void {
    const focused = document.activeElement
    for (const group of this.#groups) group.refresh()
    // a chip that is put elsewhere loses it
    if (focused instanceof HTMLElement && this.element.contains(focused)) focused.focus()
  }

  /** Tells how many calls are shown, of how many, and which chips are chosen. */
  update(shown: number, total: number): void {
    const { length } = this.#filters.calls
    const reading = length < total ? `, ${formatNumber(length)} read` : ''
    this.#count.textContent = `${formatNumber(shown)} of ${formatNumber(total)} calls${reading}`
    this.#clear.hidden = this.#filters.isOff
    for (const group of this.#groups) group.update()
  }

  clear(): void {
    this.#filters.clear()
    this.search.value = ''
    this.#changed()
  }
}

import { formatNumber } from '../../format.ts'
import { button, create } from './dom.ts'
import { facets, type Facet, type Filters } from './filters.ts'

/** The search field, the chips of every facet, and how many calls they leave. */
export class FilterBar {
  readonly element: HTMLElement
  readonly search: HTMLInputElement
  readonly #filters: Filters
  readonly #changed: () => void
  readonly #chips = new Map<HTMLButtonElement, () => boolean>()
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
    this.element = create(
      'div',
      { class: 'filters', role: 'search', 'aria-label': 'Calls' },
      create('div', { class: 'line' }, this.search, this.#count, this.#clear),
      ...facets.map((facet) => this.#group(facet)),
    )
  }

  /** Tells how many calls are shown, and which chips are chosen. */
  update(shown: number, total: number): void {
    this.#count.textContent = `${formatNumber(shown)} of ${formatNumber(total)} calls`
    this.#clear.hidden = this.#filters.isOff
    for (const [chip, isChosen] of this.#chips) {
      chip.setAttribute('aria-pressed', String(isChosen()))
    }
  }

  clear(): void {
    this.#filters.clear()
    this.search.value = ''
    this.#changed()
  }

  /** Undefined where no call has a value. */
  #group(facet: Facet): HTMLElement | undefined {
    const chips = this.#filters.chips(facet).map(({ value, count }) => {
      const chip = button({ class: 'chip', 'aria-pressed': 'false' }, value, () => {
        this.#filters.toggle(facet, value)
        this.#changed()
      })
      chip.append(create('span', { class: 'number' }, ` ${formatNumber(count)}`))
      this.#chips.set(chip, () => this.#filters.has(facet, value))
      return chip
    })
    if (chips.length === 0) return undefined
    return create(
      'div',
      { class: 'line', role: 'group', 'aria-label': facet },
      create('span', { class: 'facet', 'aria-hidden': 'true' }, facet),
      ...chips,
    )
  }
}

import { formatNumber } from '../../format.ts'
import { button, create } from './dom.ts'
import type { Chip, Facet, Filters } from './filters.ts'

interface ShownChip {
  readonly element: HTMLButtonElement
  readonly count: HTMLElement
}

/** The chips of one facet; nothing to be seen as long as no call has a value. */
export class ChipGroup {
  readonly element: HTMLElement
  readonly #facet: Facet
  readonly #filters: Filters
  readonly #changed: () => void
  readonly #title: HTMLElement
  readonly #chips = new Map<string, ShownChip>()

  constructor(facet: Facet, filters: Filters, changed: () => void) {
    this.#facet = facet
    this.#filters = filters
    this.#changed = changed
    this.#title = create('span', { class: 'facet', 'aria-hidden': 'true' }, facet)
    this.element = create('div', { class: 'line', role: 'group', 'aria-label': facet })
    this.element.hidden = true
  }

  /** Shows the values of the calls there are now. */
  refresh(): void {
    const chips = this.#filters.chips(this.#facet).map((chip) => this.#shown(chip))
    this.element.hidden = chips.length === 0
    this.element.replaceChildren(this.#title, ...chips)
  }

  /** Shows which chips are chosen. */
  update(): void {
    for (const [value, { element }] of this.#chips) {
      element.setAttribute('aria-pressed', String(this.#filters.has(this.#facet, value)))
    }
  }

  #shown({ value, count }: Chip): HTMLElement {
    const chip = this.#chips.get(value) ?? this.#add(value)
    chip.count.textContent = ` ${formatNumber(count)}`
    return chip.element
  }

  #add(value: string): ShownChip {
    const element = button({ class: 'chip', 'aria-pressed': 'false' }, value, () => {
      this.#filters.toggle(this.#facet, value)
      this.#changed()
    })
    const count = create('span', { class: 'number' })
    element.append(count)
    const chip = { element, count }
    this.#chips.set(value, chip)
    return chip
  }
}

import { summarize, type CallSummary } from '../../summary.ts'
import type { PageData } from '../packed.ts'
import { anchorOf } from '../look.ts'
import { FilterBar } from './bar.ts'
import { create } from './dom.ts'
import { Detail } from './detail.ts'
import { Filters } from './filters.ts'
import { linesOf } from './lines.ts'
import { loadData } from './load.ts'
import { legend, scaleOf } from './row.ts'
import { createToolbar } from './toolbar.ts'
import { Waterfall } from './waterfall.ts'

/** Calls whose texts are made ready for the search at a time. */
const portion = 500

/** The calls of the page as something to look through: filters, waterfall and detail. */
class Explorer {
  readonly element: HTMLElement
  readonly #data: PageData
  readonly #calls: readonly CallSummary[]
  readonly #filters: Filters
  readonly #bar: FilterBar
  readonly #waterfall: Waterfall
  readonly #detail: Detail
  readonly #closed = new Set<number>()
  #opened: CallSummary | undefined

  constructor(data: PageData) {
    this.#data = data
    this.#calls = summarize(data.report).calls
    this.#filters = new Filters(this.#calls)
    this.#bar = new FilterBar(this.#filters, () => this.#show())
    this.#waterfall = new Waterfall(scaleOf(data.report), {
      open: (call) => {
        this.open(call)
        this.#detail.element.focus({ preventScroll: true })
      },
      toggle: (turn) => this.#toggle(turn),
    })
    this.#detail = new Detail(data, () => this.close())
    const panes = create('div', { class: 'panes' }, this.#waterfall.element, this.#detail.element)
    this.element = create('div', { class: 'explorer' }, this.#bar.element, panes, legend())
  }

  start(): void {
    this.#show()
    this.#follow()
    addEventListener('hashchange', () => this.#follow())
    document.addEventListener('keydown', (event) => this.#key(event))
    this.#prepare(0)
  }

  open(call: CallSummary): void {
    this.#opened = call
    this.#detail.show(call)
    this.#waterfall.mark(call)
    setHash(anchorOf(call.row))
  }

  close(): void {
    this.#opened = undefined
    this.#detail.hide()
    this.#waterfall.mark(undefined)
    this.#waterfall.element.focus({ preventScroll: true })
    setHash('calls')
  }

  #show(): void {
    const calls = this.#filters.apply()
    const { modelCalls } = this.#data.report
    this.#waterfall.show(linesOf(calls, modelCalls, this.#closed, !this.#filters.isOff))
    this.#bar.update(calls.length, this.#calls.length)
  }

  #toggle(turn: number): void {
    if (!this.#closed.delete(turn)) this.#closed.add(turn)
    this.#show()
  }

  /** Opens the call a link of the page, or from elsewhere, leads to. */
  #follow(): void {
    const anchor = location.hash.slice(1)
    const call = this.#calls.find(({ row }) => anchorOf(row) === anchor)
    if (call === undefined || call === this.#opened) return
    this.#closed.delete(call.row.turn)
    this.#bar.clear()
    this.open(call)
    this.element.scrollIntoView({ block: 'start' })
    this.#detail.element.focus({ preventScroll: true })
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    const isTyping = event.target instanceof HTMLInputElement
    if (event.key === 'Escape') this.#escape(isTyping)
    if (isTyping || document.querySelector('dialog[open]') !== null) return
    if (event.key === '/') {
      event.preventDefault()
      this.#bar.search.focus()
    }
    if (event.key === 'j' || event.key === 'k') this.#step(event.key === 'j' ? 1 : -1)
    if (event.key === '?') document.querySelector('dialog')?.showModal()
  }

  #escape(isTyping: boolean): void {
    if (document.querySelector('dialog[open]') !== null) return
    if (isTyping) {
      this.#bar.clear()
      this.#waterfall.element.focus({ preventScroll: true })
    } else if (this.#opened !== undefined) this.close()
  }

  #step(direction: 1 | -1): void {
    const call = this.#waterfall.step(direction)
    if (call === undefined) return
    if (this.#opened !== undefined) this.open(call)
    else this.#waterfall.element.focus({ preventScroll: true })
  }

  #prepare(from: number): void {
    if (from >= this.#calls.length) return
    setTimeout(() => {
      this.#filters.prepare(from, from + portion)
      this.#prepare(from + portion)
    })
  }
}

/** Where the address may not be changed, as in a frame without an origin, links cannot be made. */
function setHash(anchor: string): void {
  try {
    history.replaceState(null, '', `#${anchor}`)
  } catch {
    // the call is open all the same
  }
}

/** Without the data, or in a browser too old for it, the page stays as it is without script. */
async function main(): Promise<void> {
  const place = document.querySelector('#explorer')
  if (place === null) return
  const explorer = new Explorer(await loadData())
  place.replaceChildren(explorer.element)
  document.querySelector('header nav')?.after(createToolbar())
  document.documentElement.dataset['script'] = 'on'
  explorer.start()
  performance.mark('sallyport')
}

void main().catch((cause: unknown) => console.error('the calls cannot be shown', cause))

import type { CallRow } from '../../report.ts'
import { summarizer, type CallSummary } from '../../summary.ts'
import type { CallDetails, PackedCalls, PackedHead } from '../packed.ts'
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
  readonly #head: PackedHead
  readonly #summarize: (row: CallRow) => CallSummary
  readonly #details = new Map<string, CallDetails>()
  readonly #filters = new Filters()
  readonly #bar: FilterBar
  readonly #waterfall: Waterfall
  readonly #detail: Detail
  readonly #closed = new Set<number>()
  readonly #listening = new AbortController()
  readonly #toolbar = createToolbar()
  #opened: CallSummary | undefined

  constructor(head: PackedHead) {
    const { outline } = head
    this.#head = head
    this.#summarize = summarizer(outline.report)
    this.#bar = new FilterBar(this.#filters, () => this.#show())
    this.#waterfall = new Waterfall(scaleOf(outline.report), {
      open: (call) => {
        this.open(call)
        this.#detail.element.focus({ preventScroll: true })
      },
      toggle: (turn) => this.#toggle(turn),
    })
    this.#detail = new Detail(outline, this.#details, () => this.close())
    const panes = create('div', { class: 'panes' }, this.#waterfall.element, this.#detail.element)
    this.element = create('div', { class: 'explorer' }, this.#bar.element, panes, legend())
  }

  /** Takes its place in the document, without calls yet. */
  start(place: Element): void {
    this.element.setAttribute('aria-busy', 'true')
    place.replaceChildren(this.element)
    document.querySelector('header nav')?.after(this.#toolbar)
    document.documentElement.dataset['script'] = 'on'
    const { signal } = this.#listening
    addEventListener('hashchange', () => this.#follow(), { signal })
    document.addEventListener('keydown', (event) => this.#key(event), { signal })
  }

  /** Leaves it: the page is again what it is without script. */
  end(): void {
    this.#listening.abort()
    this.element.remove()
    this.#toolbar.remove()
    delete document.documentElement.dataset['script']
  }

  add(calls: PackedCalls): void {
    for (const { row, details } of calls) {
      if (details !== undefined) this.#details.set(row.callId, details)
    }
    this.#filters.add(calls.map(({ row }) => this.#summarize(row)))
    this.#bar.refresh()
    this.#show()
    this.#follow()
  }

  /** All calls have been added. */
  finish(): void {
    this.element.removeAttribute('aria-busy')
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
    const { calls: total, modelCalls } = this.#head
    this.#waterfall.show(linesOf(calls, modelCalls, this.#closed, !this.#filters.isOff))
    this.#bar.update(calls.length, total)
  }

  #toggle(turn: number): void {
    if (!this.#closed.delete(turn)) this.#closed.add(turn)
    this.#show()
  }

  /** Opens the call a link of the page, or from elsewhere, leads to. */
  #follow(): void {
    const anchor = location.hash.slice(1)
    const call = this.#filters.calls.find(({ row }) => anchorOf(row) === anchor)
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
    if (from >= this.#filters.calls.length) return
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

/** Without all of the data, or in a browser too old for it, the page is what it is without script. */
async function main(): Promise<void> {
  const place = document.querySelector<HTMLElement>('#explorer')
  if (place === null) return
  try {
    await fill(place)
  } catch (cause) {
    place.replaceChildren(create('p', { role: 'alert' }, unreadable))
    throw cause
  }
}

const unreadable =
  'The data of this page cannot be read here: it is damaged, cut, or that of another page. Shown is what the page holds without it, which may be some of the calls only.'

async function fill(place: HTMLElement): Promise<void> {
  const { head, calls } = await loadData(place)
  const explorer = new Explorer(head)
  try {
    for await (const some of calls) {
      const isFirst = !explorer.element.isConnected
      if (isFirst) explorer.start(place)
      explorer.add(some)
      if (isFirst) performance.mark('sallyport')
      // what a reader does comes in between
      await new Promise((resolve) => setTimeout(resolve))
    }
  } catch (cause) {
    explorer.end()
    throw cause
  }
  explorer.finish()
  performance.mark('sallyport-all')
}

void main().catch((cause: unknown) => console.error('the calls cannot be shown', cause))

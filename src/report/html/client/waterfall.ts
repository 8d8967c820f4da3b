import type { CallSummary } from '../../summary.ts'
import { create } from './dom.ts'
import type { Line } from './lines.ts'
import { drawLine, lineId, lineNumber, type Scale } from './row.ts'

/** Lines drawn above and below those in sight. */
const margin = 4

/** What a reader does with a line. */
export interface WaterfallActions {
  open(call: CallSummary): void
  toggle(turn: number): void
}

/**
 * The lines of a run as a tree grid of which only the part in sight is in the document, however
 * long the run. One tab stop; the active line is named by `aria-activedescendant`.
 */
export class Waterfall {
  readonly element: HTMLElement
  readonly #space: HTMLElement
  readonly #scale: Scale
  readonly #actions: WaterfallActions
  #lines: readonly Line[] = []
  #active = 0
  #lineHeight = 32
  #opened: CallSummary | undefined

  constructor(scale: Scale, actions: WaterfallActions) {
    this.#scale = scale
    this.#actions = actions
    this.#space = create('div', { role: 'rowgroup', class: 'lines' })
    this.element = create(
      'div',
      { role: 'treegrid', class: 'waterfall', tabindex: 0, 'aria-label': 'Calls by turn' },
      create('div', { role: 'rowgroup', class: 'titles' }, titles()),
      this.#space,
    )
    this.element.addEventListener('scroll', () => this.#draw(), { passive: true })
    this.element.addEventListener('keydown', (event) => this.#key(event))
    this.#space.addEventListener('click', (event) => this.#click(event))
    new ResizeObserver(() => this.#measure()).observe(this.element)
  }

  /** Shows other lines; the active one stays the same call where it is still there. */
  show(lines: readonly Line[]): void {
    const kept = this.#lines[this.#active]
    this.#lines = lines
    this.#active = Math.max(
      0,
      kept === undefined ? 0 : lines.findIndex((line) => isSame(line, kept)),
    )
    this.element.setAttribute('aria-rowcount', String(lines.length + 1))
    this.#measure()
  }

  /** Marks the call whose detail is shown, and brings it into sight where it is among the lines. */
  mark(call: CallSummary | undefined): void {
    this.#opened = call
    const isActive = (line: Line | undefined): boolean =>
      line?.kind === 'call' && line.call === call
    const active = this.#lines[this.#active]
    const at = isActive(active) ? this.#active : this.#lines.findIndex(isActive)
    if (at >= 0) this.#activate(at)
    else this.#draw()
  }

  /** Goes to the next call below (or above) the active line, if there is one. */
  step(direction: 1 | -1): CallSummary | undefined {
    let at = this.#active + direction
    while (this.#lines[at]?.kind === 'turn') at += direction
    const line = this.#lines[at]
    if (line?.kind !== 'call') return undefined
    this.#activate(at)
    return line.call
  }

  #activate(at: number): void {
    this.#active = Math.min(Math.max(at, 0), this.#lines.length - 1)
    const { scrollTop, clientHeight } = this.element
    const head = this.#space.offsetTop
    const top = this.#active * this.#lineHeight
    const sight = clientHeight - head - this.#lineHeight
    if (top < scrollTop) this.element.scrollTop = top
    else if (top > scrollTop + sight) this.element.scrollTop = top - sight
    this.#draw()
  }

  #measure(): void {
    const height = Number.parseFloat(
      getComputedStyle(this.element).getPropertyValue('--line-height'),
    )
    if (height > 0) this.#lineHeight = height
    this.#space.style.height = `${this.#lines.length * this.#lineHeight}px`
    this.#draw()
  }

  #draw(): void {
    const { scrollTop, clientHeight } = this.element
    const first = Math.max(0, Math.floor(scrollTop / this.#lineHeight) - margin)
    const count = Math.ceil(clientHeight / this.#lineHeight) + 2 * margin
    const drawn = this.#lines.slice(first, first + count).map((line, offset) => {
      const at = first + offset
      const row = drawLine(line, at, this.#scale)
      row.style.top = `${at * this.#lineHeight}px`
      if (at === this.#active) row.classList.add('active')
      const isOpened = line.kind === 'call' && line.call === this.#opened
      row.setAttribute('aria-selected', String(isOpened))
      return row
    })
    this.#space.replaceChildren(...drawn)
    const isThere = this.#active >= first && this.#active < first + drawn.length
    if (isThere) this.element.setAttribute('aria-activedescendant', lineId(this.#active))
    else this.element.removeAttribute('aria-activedescendant')
  }

  #click(event: MouseEvent): void {
    const row = event.target instanceof Element ? event.target.closest('[role=row]') : null
    if (row === null) return
    this.#activate(lineNumber(row.id))
    this.#enter()
  }

  #enter(): void {
    const line = this.#lines[this.#active]
    if (line?.kind === 'turn') this.#actions.toggle(line.turn)
    else if (line !== undefined) this.#actions.open(line.call)
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.#lineHeight) - 2)
    const moves: Readonly<Record<string, () => void>> = {
      ArrowDown: () => this.#activate(this.#active + 1),
      ArrowUp: () => this.#activate(this.#active - 1),
      PageDown: () => this.#activate(this.#active + page),
      PageUp: () => this.#activate(this.#active - page),
      Home: () => this.#activate(0),
      End: () => this.#activate(this.#lines.length - 1),
      ArrowRight: () => this.#unfold(),
      ArrowLeft: () => this.#fold(),
      Enter: () => this.#enter(),
      ' ': () => this.#enter(),
    }
    const move = Object.hasOwn(moves, event.key) ? moves[event.key] : undefined
    if (move === undefined) return
    event.preventDefault()
    move()
  }

  #unfold(): void {
    const line = this.#lines[this.#active]
    if (line?.kind === 'call') this.#actions.open(line.call)
    else if (line?.isOpen === false) this.#actions.toggle(line.turn)
    else this.#activate(this.#active + 1)
  }

  /** Closes a turn; from a call, goes to its turn. */
  #fold(): void {
    const line = this.#lines[this.#active]
    if (line?.kind === 'turn' && line.isOpen) this.#actions.toggle(line.turn)
    if (line?.kind !== 'call') return
    const above = this.#lines.slice(0, this.#active)
    this.#activate(above.findLastIndex(({ kind }) => kind === 'turn'))
  }
}

function isSame(a: Line, b: Line): boolean {
  if (a.kind === 'turn') return b.kind === 'turn' && a.turn === b.turn
  return b.kind === 'call' && a.call === b.call
}

function titles(): HTMLElement {
  const names = [
    ['effect', 'Decision'],
    ['tool', 'Call'],
    ['rule', 'Decided by'],
    ['bar', 'When'],
    ['time', 'Ran'],
  ] as const
  return create(
    'div',
    { role: 'row', 'aria-rowindex': 1 },
    ...names.map(([kind, name]) => create('div', { role: 'columnheader', class: kind }, name)),
  )
}

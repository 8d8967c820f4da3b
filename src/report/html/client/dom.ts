import { visible } from '../../../base/text.ts'
import { bounded } from '../bounded.ts'

// The only way to make a part of the page: every text, attribute values included, is made visible
// and set as text. Names of tags and attributes are literals of this folder, never data.

const svgNamespace = 'http://www.w3.org/2000/svg'

export type Part = Node | string | false | undefined

type Name =
  | 'class'
  | 'colspan'
  | 'for'
  | 'id'
  | 'placeholder'
  | 'role'
  | 'tabindex'
  | 'title'
  | 'type'
  | `aria-${string}`

export type Attributes = Readonly<{ [Each in Name]?: string | number }>

export function create<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes,
  ...parts: Part[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag)
  setAttributes(made, attributes)
  append(made, parts)
  return made
}

type Shape =
  | 'class'
  | 'viewBox'
  | 'preserveAspectRatio'
  | 'aria-hidden'
  | 'x'
  | 'y'
  | 'width'
  | 'height'

export function draw(
  tag: 'svg' | 'rect',
  attributes: Readonly<{ [Each in Shape]?: string | number }>,
  ...parts: readonly SVGElement[]
): SVGElement {
  const made = document.createElementNS(svgNamespace, tag)
  setAttributes(made, attributes)
  made.append(...parts)
  return made
}

/** A block of text that keeps its line breaks; every other control character stays visible. */
export function block(text: string): HTMLElement {
  const lines = bounded(text).split('\n').map(visible)
  const made = create('pre', { tabindex: 0 })
  made.textContent = lines.join('\n')
  return made
}

/** An identifier, digest, place or piece of JSON inside a text. */
export function code(text: string): HTMLElement {
  return create('code', {}, text)
}

/** A button that carries out `act`. */
export function button(attributes: Attributes, label: string, act: () => void): HTMLButtonElement {
  const made = create('button', { type: 'button', ...attributes }, label)
  made.addEventListener('click', act)
  return made
}

function setAttributes(
  made: Element,
  attributes: Readonly<Record<string, string | number | undefined>>,
): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(name, shown(value))
  }
}

function append(parent: Element, parts: readonly Part[]): void {
  for (const part of parts) {
    if (part === false || part === undefined) continue
    parent.append(typeof part === 'string' ? visible(bounded(part)) : part)
  }
}

function shown(value: string | number): string {
  return typeof value === 'number' ? String(value) : visible(value)
}

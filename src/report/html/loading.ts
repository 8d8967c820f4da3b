import { hash } from 'node:crypto'
import { h, type VNode } from 'preact'
import { SallyportError } from '../../base/errors.ts'
import { element } from './element.ts'

/** How style, script and data come into the page. */
export interface Loading {
  /** What the page may load and run: nothing but these. */
  readonly securityPolicy: string
  readonly style: readonly VNode[]
  /** The last elements of the page. */
  readonly end: readonly VNode[]
}

/** The parts of a page beside its text; none of them is written from data but `data`, in base64. */
interface Parts {
  readonly css: string
  readonly script: string
  readonly data: string
}

/**
 * What a page says above everything else until its last element is there. A style of its own, for a
 * style whose end was cut off has another hash than the one that is allowed.
 */
export const untilWhole = `html:not(:has(#whole))::before { display: block; padding: .75rem 1.25rem;
  font: 600 15px/1.5 system-ui, sans-serif; background: #b0261c; color: #fff;
  content: 'This page is not whole: it is still being read, or its file was cut. What is shown may be a part of the report only.'; }
`

/** The last element of every page. */
function whole(): VNode {
  return element('span', { id: 'whole', hidden: true })
}

/** Everything inside the page, allowed by hashes. */
export function insideParts({ css, script, data }: Parts): Loading {
  return {
    securityPolicy: securityPolicy(hashesOf(untilWhole, css), hashesOf(script)),
    style: [rawElement('style', untilWhole), rawElement('style', css)],
    end: [plain('template', { id: 'data' }, data), rawElement('script', script), whole()],
  }
}

/** Everything in files beside the page. Throws `bad-option` for a name that is more than a name. */
export function splitParts(name: string): Loading {
  if (!/^\w[\w.-]*$/.test(name)) {
    throw new SallyportError('bad-option', `\`${name}\` cannot name the files beside a page`, {
      help: 'use letters, digits, `.`, `_` and `-`',
    })
  }
  return {
    securityPolicy: securityPolicy("'self'", "'self'"),
    style: [element('link', { rel: 'stylesheet', href: `${name}.css` })],
    end: [
      element('script', { src: `${name}.data.js` }),
      element('script', { src: `${name}.js` }),
      whole(),
    ],
  }
}

/** A page without script: what it may load and run is its style alone. */
export function stillParts(css: string): Loading {
  return {
    securityPolicy: securityPolicy(hashesOf(untilWhole, css), "'none'"),
    style: [rawElement('style', untilWhole), rawElement('style', css)],
    end: [whole()],
  }
}

/** What stands before everything else: nothing is loaded or run before the policy is known. */
export function pageHead(title: string, { securityPolicy: content, style }: Loading): VNode {
  return element(
    'head',
    null,
    element('meta', { charset: 'utf-8' }),
    element('meta', { 'http-equiv': 'Content-Security-Policy', content }),
    ...style,
    element('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    element('meta', { name: 'referrer', content: 'no-referrer' }),
    element('title', null, title),
  )
}

function securityPolicy(style: string, script: string): string {
  return [
    "default-src 'none'",
    `style-src ${style}`,
    `script-src ${script}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')
}

function hashesOf(...texts: readonly string[]): string {
  return texts.map((text) => `'sha256-${hash('sha256', text, 'base64')}'`).join(' ')
}

/** Only for the constants of this folder: their text is not escaped, and cannot end the element. */
function rawElement(tag: 'script' | 'style', text: string): VNode {
  return plain(tag, { dangerouslySetInnerHTML: { __html: text } })
}

function plain(tag: string, attributes: Record<string, unknown>, text?: string): VNode {
  return h(tag, attributes, text)
}

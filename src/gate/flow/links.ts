import { hostOf } from '../../policy/domain.ts'
import { isAscii } from '../../policy/equality.ts'
import { markers, piecesWith } from './pieces.ts'
import { nothing, trim } from './trim.ts'

// what clients make a link of: with a scheme, with two slashes, or a bare host name
const onward = String.raw`[^\s<>"'\x60|^]`
// a name begins where none goes on in front of it; `_` alone may begin an emphasis
const begin = String.raw`(?=[\p{L}\p{N}])(?<![\p{L}\p{M}\p{N}@.-]_{0,64})`
const end = String.raw`\.?(?![\p{L}\p{M}\p{N}@-]|_+[\p{L}\p{N}])(?::\d{1,5})?`
const labels = String.raw`(?:[\p{L}\p{N}][\p{L}\p{M}\p{N}_-]{0,62}\.)+`
const lastLabel = String.raw`(?:xn--[a-z0-9-]{1,59}|\p{L}[\p{L}\p{M}]{1,62})`
const candidate = new RegExp(
  [
    String.raw`(?:[a-z][a-z0-9+.-]{1,31}:)?[\\/]{2}${onward}+`,
    String.raw`\bhttps?:${onward}+`,
    String.raw`${begin}${labels}${lastLabel}${end}(?:[/?#]${onward}*)?`,
    String.raw`${begin}\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?[/?#]${onward}*`,
  ].join('|'),
  'giu',
)

/** Every candidate has one of them. */
const linking = markers('.:/\\')

const ignorable = /\p{Default_Ignorable_Code_Point}/gu
const dots = /[\u3002\uff0e\uff61]/g
const tail = new Set('.,:;!?*_~\'"')

const brackets: ReadonlyMap<string, string> = new Map(['()', '[]', '{}'].map(([a, b]) => [a!, b!]))
const closing = new Set(brackets.values())

/** Last parts of file names that are no domains: `report.pdf` alone is no link. */
const fileEndings = new Set(
  'bak cfg conf css csv doc docx exe gif gz htm html ini jpeg jpg js json jsx lock log odt pdf png ppt pptx svg tar tmp toml ts tsx txt xls xlsx xml yaml yml'.split(
    ' ',
  ),
)

/**
 * Everything in a text that a client may turn into a link, as written; also what hides behind
 * full-width and invisible characters. Rather one too many: a link is refused, not followed.
 */
export function linksIn(text: string): readonly string[] {
  const plain = isAscii(text)
    ? text
    : text.normalize('NFKC').replace(ignorable, '').replace(dots, '.')
  const links: string[] = []
  for (const piece of piecesWith(plain, linking)) {
    for (const [found] of piece.matchAll(candidate)) {
      // `[text](url)` and `"(url)"` leave a bracket at the end, sentences a dot
      const parts = [...found.split(/[()[\]{}]+/), untilClosed(found)]
      for (const link of new Set(parts.map((part) => trim(part, nothing, tail)))) {
        if (isLink(link)) links.push(link)
      }
    }
  }
  return links
}

/** Up to the bracket that closes what was opened in front of the link; clients take the others along. */
function untilClosed(text: string): string {
  const open: (string | undefined)[] = []
  for (let at = 0; at < text.length; at++) {
    const bracket = text[at]!
    if (brackets.has(bracket)) open.push(brackets.get(bracket))
    else if (closing.has(bracket) && open.pop() !== bracket) return text.slice(0, at)
  }
  return text
}

function isLink(text: string): boolean {
  if (/^([a-z][a-z0-9+.-]*:)?[\\/]{2}./i.test(text) || /^https?:./i.test(text)) return true
  const [, ending, rest] = /^[^/?#:\s]*\.([^./?#:\s]+)(.*)$/s.exec(text) ?? []
  return ending !== undefined && (rest !== '' || !fileEndings.has(ending.toLowerCase()))
}

export interface Url {
  /** Undefined when none was written. */
  readonly scheme: string | undefined
  readonly host: string
  /** Host, port unless the default, path without a lone slash, query, fragment. */
  readonly rest: string
}

/** A web address in one form; undefined when two readers could see two addresses in it. */
export function parseUrl(text: string): Url | undefined {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text) ?? []
  const full = scheme === undefined ? `https://${text.replace(/^\/\//, '')}` : text
  const host = hostOf(full)
  const url = host === undefined ? null : URL.parse(full)
  if (host === undefined || url === null) return undefined
  const path = url.pathname === '/' ? '' : url.pathname
  const port = url.port === '' ? '' : `:${url.port}`
  return {
    scheme: scheme?.toLowerCase(),
    host,
    rest: `${host}${port}${path}${url.search}${url.hash}`,
  }
}

const sentence = /^(.*\p{Ll}\.\p{Ll}{2,})\.\p{Lu}\p{Ll}+$/su

/**
 * The readings of a link that a person has typed: where the space behind a sentence is missing
 * (`www.a.example.They`), the word behind the dot is no part of it.
 */
export function readingsOf(link: string): readonly string[] {
  const cut = link.length > 300 ? undefined : sentence.exec(link)?.[1]
  return cut === undefined ? [link] : [link, cut]
}

/** Under which forms a URL in a source may be found. A plain one vouches for its secure form. */
export function urlForms({ scheme, rest }: Url): readonly string[] {
  if (scheme === undefined) return [`any:${rest}`, `http:${rest}`, `https:${rest}`]
  return scheme === 'http'
    ? [`any:${rest}`, `http:${rest}`, `https:${rest}`]
    : [`any:${rest}`, `${scheme}:${rest}`]
}

/** The one form under which a URL in a call is looked up. */
export function urlForm({ scheme, rest }: Url): string {
  return `${scheme ?? 'any'}:${rest}`
}

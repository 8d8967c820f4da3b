import { posix } from 'node:path'
import { hostOf } from '../../policy/domain.ts'
import { fold } from '../../policy/equality.ts'
import type { ArgumentForm } from '../../protocol/facts.ts'
import { hasIbanCheckDigits, ibanLength } from '../iban.ts'
import { datesIn, dateOf } from './dates.ts'
import { linksIn, parseUrl, readingsOf, urlForm, urlForms } from './links.ts'
import { markers, piecesWith } from './pieces.ts'
import { nothing, trim } from './trim.ts'
import { decimalOf, decimalOfNumber, wordsOf, wordsOfValue } from './words.ts'

type Scalar = string | number | boolean | null

/** How a value of a call is looked for in sources: any of the forms, or all words in a row. */
export interface Query {
  readonly forms: readonly string[]
  /** Undefined when only forms count. */
  readonly words: readonly string[] | undefined
}

/** Longest value that is compared as a whole. */
const maxWhole = 8192

/**
 * What to look for. Typed values are compared whole in their canonical form; of a URL, a host, an
 * address or a path that has none, nothing is found. An IBAN, a date or an amount that is not
 * written as one (a payee by name, `tomorrow`) is compared by words, as text is.
 */
export function queryOf(value: Scalar, form: ArgumentForm | undefined): Query {
  if (typeof value === 'number') return queryOfNumber(value, form)
  if (typeof value !== 'string') return { forms: [], words: [String(value)] }
  const exact = value.length <= maxWhole && form !== undefined ? canonical(value, form) : undefined
  switch (form) {
    case 'url':
    case 'host':
    case 'email':
      return { forms: exact === undefined ? [] : [exact], words: undefined }
    case 'path':
      if (exact === undefined) return { forms: [], words: undefined }
      // names with spaces and names that are one word are found among other words as well
      return {
        forms: [exact],
        words: /\s|^[^/]*$/.test(value.trim()) ? wordsOfValue(value) : undefined,
      }
    case 'iban':
    case 'date':
    case 'money':
      return exact === undefined
        ? { forms: [], words: wordsOfValue(value) }
        : { forms: [exact], words: undefined }
    default:
      return { forms: [], words: wordsOfValue(value) }
  }
}

/** An amount that could be read in two ways in a text is found in one only as it is written. */
function queryOfNumber(value: number, form: ArgumentForm | undefined): Query {
  const decimal = decimalOfNumber(value)
  if (form !== 'money') return { forms: [`number:${decimal}`], words: undefined }
  const words = amountOf(decimal) === undefined ? wordsOfValue(decimal) : undefined
  return { forms: [`money:${decimal}`], words }
}

/** What the test `from` looks for, which does not know what the argument means. */
export function openQuery(value: Scalar): Query {
  const query = queryOf(value, undefined)
  if (typeof value !== 'string' || value.length > maxWhole) return query
  const forms = (['url', 'iban'] as const).map((form) => canonical(value, form))
  return { ...query, forms: forms.filter((form) => form !== undefined) }
}

/** Whether a value chooses nothing. */
export function isEmpty(value: Scalar): boolean {
  return value === null || (typeof value === 'string' && value.trim() === '')
}

/** The value as an exact id, for listings: a number and its text are one. */
export function idForm(value: Scalar): string {
  return `id:${typeof value === 'string' ? value.normalize('NFC') : String(value)}`
}

/** A value at its place, for approvals. */
export function endorsedForm(tool: string, argument: string, value: Scalar): string {
  return JSON.stringify([tool, argument, value])
}

/** A typed value in the one form in which equal ones meet; undefined when it is not of the type. */
export function canonical(value: string, form: ArgumentForm): string | undefined {
  const text = value.trim()
  const key = canonicalText(text, form)
  return key === undefined ? undefined : `${form}:${key}`
}

function canonicalText(text: string, form: ArgumentForm): string | undefined {
  switch (form) {
    case 'url': {
      const url = parseUrl(text)
      return url === undefined ? undefined : urlForm(url)
    }
    case 'host':
      return text.includes('@') || text.includes('/') ? undefined : hostOf(text)
    case 'email':
      return addressOf(text)
    case 'iban':
      return ibanOf(text)
    case 'date':
      return dateOf(text)
    case 'money':
      return amountOf(withoutCurrency(text))
    case 'path':
      return pathOf(text)
    default:
      return undefined
  }
}

const thousands = /^\D*(?!0+\.)\d+\.\d{3,}\D*$/

const shares = new Set(['%', '‰', 'percent'])
/** Of `12 345` nobody can tell whether it is one amount or two. */
const spaced = /(?<!\p{N})\d{1,3}(?:[ '’\u00a0\u2009\u202f]\d{3})+(?!\p{N})(?:[.,]\d+)?/gu
/** These signs stand in one amount only. */
const grouped =
  /(?<![\p{L}\p{N}\p{Sc}.,+\-−]|\p{N}['’\s])[-+]?\p{Sc}?\d{1,3}(['’\u00a0\u2009\u202f])\d{3}(?:\1\d{3})*(?:[.,]\d+)?(?![.,]?[\p{L}\p{N}]|['’\s]\p{N})/gu
const groupMark = /['’\u00a0\u2009\u202f]/g

/** A share is no amount, and of `13.000` some tools make 13 and others thirteen thousand. */
function amountOf(text: string): string | undefined {
  return text.includes('%') || thousands.test(text) ? undefined : decimalOf(text)
}

/** The forms of every amount that some tool could read in a text; none where it is no number. */
export function amountsIn(text: string): readonly string[] {
  const bare = withoutCurrency(text)
  const readings = thousands.test(bare) ? [bare, bare.replace('.', '')] : [bare]
  return readings.flatMap((reading) => decimalOf(reading) ?? []).map((amount) => `money:${amount}`)
}

/** The amounts a text holds that nobody can read in another way. */
function* plainAmountsIn(text: string, words: readonly string[]): Generator<string> {
  const rest = text.replaceAll(spaced, ' / ')
  const alone = rest === text ? words : wordsOf(rest)
  for (const [index, word] of alone.entries()) {
    if (!shares.has(alone[index + 1] ?? '')) yield word
  }
  for (const [found] of text.matchAll(grouped)) yield found.replaceAll(groupMark, '')
}

function withoutCurrency(text: string): string {
  return fold(text).replaceAll(/\s|eur|usd|gbp|chf/g, '')
}

function addressOf(text: string): string | undefined {
  const at = text.lastIndexOf('@')
  const host = at > 0 ? hostOf(text) : undefined
  return host === undefined ? undefined : `${fold(text.slice(0, at))}@${host}`
}

function ibanOf(text: string): string | undefined {
  const compact = text.replaceAll(/[ \u00a0-]/g, '').toUpperCase()
  return /^[A-Z]{2}[0-9]{2}[A-Z0-9]{8,30}$/.test(compact) ? compact : undefined
}

function pathOf(text: string): string | undefined {
  // eslint-disable-next-line no-control-regex -- what no path may hold
  if (text === '' || /[\u0000-\u001f\\]/.test(text)) return undefined
  const path = posix.normalize(text.normalize('NFC'))
  if (path === '..' || path.startsWith('../')) return undefined
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

const addressing = markers('@')
const typing = markers('0123456789./~-')
const chunk = /[^\s"'`<>|;,]+/g
// a local part begins where nothing of one stands in front of it, or each character would be tried
const address = /(?<![^\s@:;,()[\]<>"'`|])[^\s@:;,()[\]<>"'`|]{1,64}@[\p{L}\p{N}._-]{1,253}/gu
const dots = new Set('.')
const opening = new Set('([{')
const closing = new Set('.:!?)]}')
const accountGroups = /\b[A-Z]{2}[0-9]{2}(?:[ \u00a0-][A-Z0-9]{1,4}){2,9}\b/gi

/**
 * Everything typed that a text with these words holds, in all forms under which a call may ask for
 * it.
 */
export function formsIn(text: string, words: readonly string[]): ReadonlySet<string> {
  const forms = new Set<string>()
  for (const link of linksIn(text).flatMap(readingsOf)) {
    const url = parseUrl(link)
    if (url === undefined) continue
    for (const form of urlForms(url)) forms.add(`url:${form}`)
    forms.add(`host:${url.host}`)
  }
  for (const piece of piecesWith(text, addressing)) {
    for (const [found] of piece.matchAll(address)) add(forms, 'email', trim(found, nothing, dots))
  }
  for (const piece of piecesWith(text, typing)) {
    for (const [found] of piece.matchAll(chunk)) {
      const bare = trim(found, opening, closing)
      if (bare.length > maxWhole) continue
      if (/\d/.test(bare)) add(forms, 'iban', bare)
      if (/[./~-]/.test(bare)) add(forms, 'path', bare)
    }
  }
  if (text.length <= 1024 && !text.includes('\n')) add(forms, 'path', text.trim())
  for (const [found] of text.matchAll(accountGroups)) addGroups(forms, found)
  for (const word of words) {
    const decimal = decimalOf(word)
    if (decimal !== undefined) forms.add(`number:${decimal}`)
  }
  for (const word of plainAmountsIn(text, words)) {
    const amount = amountOf(word)
    if (amount !== undefined) forms.add(`money:${amount}`)
  }
  for (const date of datesIn(text)) forms.add(`date:${date}`)
  return forms
}

/** The forms of a number that a source holds. */
export function formsOfNumber(value: number): readonly string[] {
  const decimal = decimalOfNumber(value)
  return [`number:${decimal}`, `money:${decimal}`]
}

function add(forms: Set<string>, form: ArgumentForm, text: string): void {
  const key = canonical(text, form)
  if (key !== undefined) forms.add(key)
}

/**
 * An account in groups of four may be followed by words that look like a group: its length and its
 * check digits tell, the digits alone where the length of the country is not known.
 */
function addGroups(forms: Set<string>, text: string): void {
  const groups = text.toUpperCase().split(/[ \u00a0-]/)
  const whole = ibanLength(text.slice(0, 2))
  for (let length = groups.length; length > 2; length--) {
    const account = groups.slice(0, length).join('')
    if (account.length < 12 || account.length !== (whole ?? account.length)) continue
    if (!hasIbanCheckDigits(account)) continue
    add(forms, 'iban', account)
    return
  }
}

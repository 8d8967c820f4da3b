import { isIPv4, isIPv6 } from 'node:net'
import { pointerTokens } from '../base/json.ts'

const date = /^(\d{4})-(\d\d)-(\d\d)$/
const time = /^(\d\d):(\d\d):(\d\d)(?:\.\d{1,20})?(?:z|([+-])(\d\d):(\d\d))$/i
const duration =
  /^P(?:\d+W|(?:\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D)?(?:T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S))?)$/
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i
const localPart = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/
const scheme = /^[a-z][a-z0-9+.-]{0,63}:/i
const uriCharacters = /^(?:[\w.~:/?#[\]@!$&'()*+,;=-]|%[0-9a-f]{2})*$/i

interface NumberFormat {
  readonly type: 'number'
  readonly validate: (value: number) => boolean
}

type Format = ((text: string) => boolean) | NumberFormat

function numberFormat(validate: (value: number) => boolean): NumberFormat {
  return { type: 'number', validate }
}

/**
 * The values of `format` that are checked; another one is refused when a tool is registered. Each
 * check takes time linear in the text. Stricter than the RFCs where mail and web libraries
 * disagree: no quoted local parts, no address literals in mail addresses.
 */
export const formats: Readonly<Record<string, Format>> = {
  date: isDate,
  time: isTime,
  'date-time': isDateTime,
  duration: (text) => text !== 'P' && duration.test(text),
  email: isEmail,
  hostname: isHostname,
  ipv4: (text) => isIPv4(text),
  ipv6: (text) => isIPv6(text) && !text.includes('%'),
  uri: isUri,
  uuid: (text) => uuid.test(text),
  'json-pointer': (text) => pointerTokens(text) !== undefined,
  // what descriptions of HTTP interfaces say about numbers (OpenAPI 3.0 section 4.4)
  int32: numberFormat((value) => Number.isInteger(value) && Math.abs(value + 0.5) < 2 ** 31),
  int64: numberFormat((value) => Number.isSafeInteger(value)),
  float: numberFormat((value) => Number.isFinite(Math.fround(value))),
  double: numberFormat((value) => Number.isFinite(value)),
}

/** RFC 3339 section 5.6 `full-date`. */
function isDate(text: string): boolean {
  const match = date.exec(text)
  if (match === null) return false
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  if (month < 1 || month > 12 || day < 1) return false
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  return day <= days[month - 1]!
}

/** RFC 3339 section 5.6 `full-time`; second 60 only where a leap second can be: 23:59 UTC. */
function isTime(text: string): boolean {
  const match = time.exec(text)
  if (match === null) return false
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const [offsetHour, offsetMinute] = [Number(match[5] ?? 0), Number(match[6] ?? 0)]
  if (hour > 23 || minute > 59 || offsetHour > 23 || offsetMinute > 59) return false
  if (second < 60) return true
  const sign = match[4] === '-' ? -1 : 1
  const utc = hour * 60 + minute - sign * (offsetHour * 60 + offsetMinute)
  return second === 60 && (utc + 2880) % 1440 === 1439
}

function isDateTime(text: string): boolean {
  const separator = text[10]
  return (
    (separator === 'T' || separator === 't') && isDate(text.slice(0, 10)) && isTime(text.slice(11))
  )
}

/** RFC 1123 section 2.1: labels of letters, digits and inner hyphens. */
function isHostname(text: string): boolean {
  return text.length <= 253 && text.split('.').every((part) => label.test(part))
}

function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@')
  if (at < 1 || at > 64 || text.length > 254) return false
  return localPart.test(text.slice(0, at)) && isHostname(text.slice(at + 1))
}

/** RFC 3986 section 3: absolute, with an authority that has a host wherever there is `//`. */
function isUri(text: string): boolean {
  const head = scheme.exec(text)
  if (head === null || !uriCharacters.test(text)) return false
  const rest = text.slice(head[0].length)
  const fragment = rest.indexOf('#')
  if (fragment >= 0 && rest.includes('#', fragment + 1)) return false
  if (!rest.startsWith('//')) return !/[[\]]/.test(rest)
  const end = rest.slice(2).search(/[/?#]/)
  const authority = end < 0 ? rest.slice(2) : rest.slice(2, end + 2)
  return isAuthority(authority) && (end < 0 || !/[[\]]/.test(rest.slice(end + 2)))
}

function isAuthority(text: string): boolean {
  const host = text.slice(text.indexOf('@') + 1)
  const literal = /^\[([0-9a-f:.]+)\](?::\d{0,5})?$/i.exec(host)
  if (literal !== null) return isIPv6(literal[1]!)
  return /^[^@:[\]]*(?::\d{0,5})?$/.test(host) && !/[[\]]/.test(text)
}

import { domainToASCII } from 'node:url'
import { no, unknown, yes, type Truth } from './truth.ts'

// white space, controls, invisible characters and what URL readers disagree about
const suspicious = /[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\<>"`{}|^]/u
const scheme = /^(https?|wss?|ftp):\/\//i
// routes (`a%b@`, `a!b@`), quotes, and what begins the headers of a `mailto` (RFC 5321, 6068)
const mailbox = /^[^@:;,()[\]/%!?&'"\s]+$/
// a URL reader would cut a path, a port or an escape off and go on
const bareHost = /^[\p{L}\p{M}\p{N}._-]+$/u
const host = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/

/** Longest URL or address whose host is looked for. */
const maxLength = 8192

/**
 * The host of a URL, of a mail address or a bare host name, in lower-case ASCII without a final
 * dot; undefined when two readers could see two hosts in the text, or none.
 */
export function hostOf(text: string): string | undefined {
  if (text.length > maxLength || suspicious.test(text)) return undefined
  if (scheme.test(text)) return hostOfUrl(text)
  const at = text.lastIndexOf('@')
  if (at < 0) return asciiHost(text)
  return mailbox.test(text.slice(0, at)) ? asciiHost(text.slice(at + 1)) : undefined
}

function hostOfUrl(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '') return undefined
  // not every reader decodes `%2e`, and an empty user part leaves no trace in the parsed form
  const authority = text.slice(text.indexOf('//') + 2).split(/[/?#]/, 1)[0]!
  return authority === '' || /[@%]/.test(authority) ? undefined : withoutDot(url.hostname)
}

function asciiHost(text: string): string | undefined {
  if (!bareHost.test(text)) return undefined
  const ascii = withoutDot(domainToASCII(text))
  return ascii !== undefined && host.test(ascii) ? ascii : undefined
}

function withoutDot(name: string): string | undefined {
  const plain = name.endsWith('.') ? name.slice(0, -1) : name
  return plain === '' ? undefined : plain
}

/** Compares labels from the right; `*.x` stands for the names below `x`, not for `x` itself. */
export function compileDomains(domains: readonly string[]): (text: string) => Truth {
  const exact = new Set(domains.filter((domain) => !domain.startsWith('*.')))
  const below = domains.filter((domain) => domain.startsWith('*.')).map((domain) => domain.slice(1))
  return (text) => {
    const name = hostOf(text)
    if (name === undefined) return unknown
    return exact.has(name) || below.some((suffix) => name.endsWith(suffix)) ? yes : no
  }
}

import { isVisible } from '../../base/text.ts'
import type { NetworkGuard } from '../../policy/document.ts'
import { isAddress, isPublicAddress } from '../../tools/access/address.ts'
import type { NetworkArea, Refused, Target } from '../../tools/access/area.ts'

/** White space, and the backslash that only some readers turn. */
const suspicious = /[\s\\]/
const absolute = /^(?:https?|wss?):\/\/([^/?#]*)/i
const maxLength = 8192

const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/

/** Names that only a local network knows (RFC 6761, 6762, 8375, 9476, ICANN reservations, customs). */
const local: ReadonlySet<string> = new Set([
  'alt',
  'corp',
  'home',
  'internal',
  'intranet',
  'lan',
  'local',
  'localdomain',
  'localhost',
  'mail',
  'onion',
  'private',
  'svc',
])

const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443, wss: 443 }

/** The area of a guard. */
export function networkArea(guard: NetworkGuard): NetworkArea {
  const isListed = compileHosts(guard.hosts)
  return {
    redirects: guard.redirects,
    locate(text, method) {
      const target = readUrl(text)
      if (!target.ok) return target
      const reason = problemOf(target.url, method)
      return reason === undefined ? target : { ok: false, reason }
    },
  }

  function problemOf({ protocol, hostname, port }: URL, method?: string): string | undefined {
    const scheme = protocol.slice(0, -1)
    if (!guard.schemes.some((known) => known === scheme)) {
      return `needs one of the schemes ${guard.schemes.join(', ')}`
    }
    if (!guard.ports.includes(port === '' ? defaultPorts[scheme]! : Number(port))) {
      return `needs one of the ports ${guard.ports.join(', ')}`
    }
    const problem = hostProblem(hostname)
    if (problem !== undefined) return problem
    if (!isListed(hostname)) return 'names a host that is not on the list of the guard'
    if (method === undefined || guard.methods === undefined || guard.methods.includes(method)) {
      return undefined
    }
    return `may only be used with the methods ${guard.methods.join(', ')}`
  }
}

/** One reading of the URL: whatever two readers could see differently is refused. */
function readUrl(text: string): Target | Refused {
  if (text.length > maxLength) return refused(`is longer than ${maxLength} characters`)
  if (suspicious.test(text) || !isVisible(text)) {
    return refused('holds white space, a backslash or an invisible character')
  }
  const authority = absolute.exec(text)?.[1]
  if (authority === undefined || authority === '')
    return refused('is not an absolute URL such as `https://host/path`')
  if (authority.includes('@')) return refused('names a user in front of the host')
  if (authority.includes('%')) return refused('holds percent-encoded characters in the host')
  const url = URL.parse(text)
  if (url === null) return refused('is not a URL')
  // the client must see the name that was checked, not another spelling of it
  if (url.hostname.endsWith('.')) url.hostname = url.hostname.slice(0, -1)
  return { ok: true, url }
}

function refused(reason: string): Refused {
  return { ok: false, reason }
}

/** What is wrong with a host that no list can mend. */
function hostProblem(host: string): string | undefined {
  if (isAddress(host)) {
    return isPublicAddress(host) ? undefined : 'names an address that is not public'
  }
  const labels = host.split('.')
  const last = labels.at(-1)!
  if (local.has(last) || host.endsWith('.home.arpa')) return 'names a host of the local network'
  if (labels.length < 2) return 'names a host without a domain'
  return labels.every((part) => label.test(part)) ? undefined : 'names a host that is malformed'
}

/**
 * Compares labels from the right: `*.x` is every name below `x`, `**` every name. An address is
 * only listed by itself.
 */
function compileHosts(hosts: readonly string[]): (host: string) => boolean {
  const exact = new Set(hosts)
  const all = exact.has('**')
  const below = hosts
    .filter((host) => /^\*\*?\./.test(host))
    .map((host) => host.replace(/^\*+/, ''))
  return (host) =>
    exact.has(host) || (!isAddress(host) && (all || below.some((suffix) => host.endsWith(suffix))))
}

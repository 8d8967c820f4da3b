import { SallyportError } from '../base/errors.ts'

/** Set by the client itself, because a second or different value would change the framing. */
const ownHeaders = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Checks headers for every request and returns them under lower-case names. Throws `bad-option` for
 * names the client sets itself, names given twice and text that could end a header.
 */
export function checkHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const checked: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const key = name.toLowerCase()
    const shown = `the header \`${name.slice(0, 64)}\``
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(key)) throw badHeader(`${shown} has an invalid name`)
    if (ownHeaders.has(key)) throw badHeader(`${shown} is set by the client itself`)
    if (Object.hasOwn(checked, key)) throw badHeader(`${shown} is given twice`)
    if (!isHeaderValue(value)) {
      throw badHeader(`${shown} has an invalid value`)
    }
    checked[key] = value
  }
  return checked
}

/** Text that cannot end a header. */
export function isHeaderValue(value: unknown): boolean {
  return typeof value === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
}

function badHeader(message: string): SallyportError {
  return new SallyportError('bad-option', message, {
    help: 'give each header once, none that the client sets, and values on one line in Latin-1',
  })
}

/**
 * The address of an endpoint: `base` and `path` joined. `http:` is accepted for any host, since
 * models are also served inside private networks; the key then travels in clear text. Throws
 * `bad-option` for other schemes and for credentials, queries or fragments in the base URL.
 */
export function endpointUrl(base: string, path: string): URL {
  const url = URL.parse(base)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new SallyportError('bad-option', 'the base URL is not an http or https URL', {
      help: 'write it as the client of the provider takes it, such as `https://api.example/v1`',
    })
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new SallyportError(
      'bad-option',
      'the base URL holds credentials, a query or a fragment',
      {
        help: 'give the key as `apiKey`',
      },
    )
  }
  url.pathname = url.pathname.replace(/\/+$/, '') + path
  return url
}

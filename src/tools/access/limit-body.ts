import type { Response } from 'undici'
import { SallyportError } from '../../base/errors.ts'

const maxBytes = 32 * 1024 * 1024

/** The same response with a body that breaks off where it passes 32 MiB. */
export function limitBody(response: Response, url: URL, NewResponse: typeof Response): Response {
  const { status, statusText, headers, body } = response
  const limited = body === null ? null : limit(body)
  const copy = new NewResponse(limited, { status, statusText, headers })
  return Object.defineProperty(copy, 'url', { value: url.href })
}

async function* limit(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = maxBytes
  for await (const chunk of body) {
    left -= chunk.length
    if (left < 0) {
      const message = `the response is larger than ${maxBytes} bytes`
      throw new SallyportError('access-too-large', message, {
        help: 'ask for less of it, such as with a `range` header',
      })
    }
    yield chunk
  }
}

import { errorFrom, messageOf, SallyportError } from '../base/errors.ts'
import { childController, sleep } from '../base/signal.ts'
import { withoutSecrets, type Secret } from '../wire/secrets.ts'
import { cancelledError } from '../wire/watch.ts'

export interface KeyWait {
  /** After which a key that has not been found is not waited for. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

type Found = { readonly key: unknown } | { readonly thrown: unknown } | { readonly isLate: true }

/** What keys look like, since nobody knows the one that was not found. */
const keyForms: readonly Secret[] = [
  /\b(?:sk|pk|gsk|xai|key)[-_][A-Za-z0-9_-]{8,}/g,
  /\bBearer\s+\S+/gi,
]

/**
 * The key that a function of the host finds. It may ask somebody who does not answer, so that it is
 * waited for no longer than the caller and the time permit; what it brings later is dropped. Throws
 * `model-unauthorized`, `model-timeout` and `cancelled`.
 */
export async function findKey(
  find: () => string | Promise<string>,
  { timeoutMs, signal }: KeyWait,
  owner: string,
): Promise<string> {
  if (signal.aborted) throw lateError(timeoutMs, signal)
  const waiting = childController(signal)
  const found = await Promise.race([asked(find), sleep(timeoutMs, waiting.signal).then(late, late)])
  waiting.abort('ended')
  waiting.dispose()
  if ('isLate' in found) throw lateError(timeoutMs, signal)
  if ('thrown' in found) {
    const reason = withoutSecrets(messageOf(found.thrown), keyForms)
    throw new SallyportError('model-unauthorized', `the key cannot be found: ${reason}`, help)
  }
  if (typeof found.key === 'string' && found.key !== '') return found.key
  throw new SallyportError('model-unauthorized', `there is no key for the ${owner}`, help)
}

const help = { help: 'look at the function given as `apiKey`: it has to return the key as a text' }

function late(): Found {
  return { isLate: true }
}

async function asked(find: () => string | Promise<string>): Promise<Found> {
  try {
    return { key: await find() }
  } catch (thrown) {
    return { thrown }
  }
}

function lateError(timeoutMs: number, signal: AbortSignal): SallyportError {
  if (signal.aborted) return errorFrom(cancelledError(signal))
  return new SallyportError('model-timeout', `no key was found within ${timeoutMs} ms`, {
    help: 'look at the function given as `apiKey`, or raise `timeouts.totalMs`',
  })
}

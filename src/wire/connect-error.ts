import { codes } from '../base/codes.ts'
import { messageOf } from '../base/errors.ts'
import { shorten } from '../base/text.ts'
import type { ModelErrorData } from '../protocol/event.ts'
import { modelError } from './status.ts'

/** What to look at for an error of the connection. */
interface Advice {
  readonly help: (url: URL) => string
  /** False where asking again cannot help. Default true. */
  readonly retryable?: boolean
  /** Whether the request may have been sent, and carried out. Default false. */
  readonly sent?: boolean
}

const unknownHost: Advice = {
  help: ({ hostname }) => `no address is known for \`${hostname}\`; check the name and the network`,
}

const unanswered: Advice = {
  help: () => 'nothing answers there; check host and port, firewall and proxy',
}

const untrusted: Advice = {
  help: () =>
    'its certificate is not trusted; check the host name, and name a private authority in `NODE_EXTRA_CA_CERTS`',
  retryable: false,
}

const notTls: Advice = {
  help: () =>
    'what answers there does not speak TLS; a plain server on your own network takes `http:`',
  retryable: false,
}

const notHttp: Advice = {
  help: ({ protocol }) =>
    `what answers there does not speak HTTP${protocol === 'http:' ? '; for a TLS server write `https:`' : ''}`,
}

const broken: Advice = {
  sent: true,
  help: () => 'the connection was closed before an answer came; check scheme, port and proxy',
}

/** By the codes of node, OpenSSL and undici; undici has none for what is not HTTP. */
const advices: readonly (readonly [code: RegExp, advice: Advice])[] = [
  [/^ECONNREFUSED$/, { help: () => 'nothing listens there; check host and port, and start it' }],
  [/^(ENOTFOUND|EAI_)/, unknownHost],
  [/^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/, unanswered],
  [/^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT_|HOSTNAME_|INVALID_CA)/, untrusted],
  [/^(EPROTO$|ERR_SSL_|ERR_TLS_)/, notTls],
  [/^(HPE_|Response does not match the HTTP)/, notHttp],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, broken],
]

/** The error of a request that got no answer from `url`, which holds no credentials. */
export function connectError(thrown: unknown, url: URL): ModelErrorData {
  const code = (thrown as { readonly code?: unknown } | undefined)?.code
  const reason = typeof code === 'string' ? code : shorten(messageOf(thrown), 200)
  const advice = advices.find(([pattern]) => pattern.test(reason))?.[1]
  const address = `\`${url.origin}${url.pathname}\``
  const [errorCode, problem] =
    advice?.sent === true
      ? (['model-incomplete', 'the connection broke before an answer came'] as const)
      : (['model-connect', 'the model endpoint cannot be reached'] as const)
  return modelError(errorCode, `${problem}: ${reason}`, {
    retryable:
      codes[errorCode].retryable && advice?.retryable !== false && reason !== 'UND_ERR_INVALID_ARG',
    help: `the request went to ${address}: ${advice?.help(url) ?? 'check the base URL'}`,
  })
}

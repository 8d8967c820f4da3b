/** One thing that is counted against a limit. Absent is what the provider does not say. */
export interface QuotaWindow {
  /** Requests, tokens or credits; credits come in fractions. */
  readonly limit?: number
  readonly remaining?: number
  /** Milliseconds since the epoch. */
  readonly resetAt?: number
}

/** What the headers of one answer say about limits. */
export interface QuotaHeaders {
  readonly requests?: QuotaWindow
  readonly tokens?: QuotaWindow
  readonly inputTokens?: QuotaWindow
  readonly outputTokens?: QuotaWindow
}

type Header = (name: string) => string | undefined

/** A reset further away is a mistake or worse. */
const furthestMs = 32 * 24 * 60 * 60_000

type Names = readonly [limit: string, remaining: string, reset: string]

function plain(prefix: string, suffix = ''): Names {
  return [`${prefix}-limit${suffix}`, `${prefix}-remaining${suffix}`, `${prefix}-reset${suffix}`]
}

function ofAnthropic(what: string): Names {
  const prefix = `anthropic-ratelimit-${what}`
  return [`${prefix}-limit`, `${prefix}-remaining`, `${prefix}-reset`]
}

/** OpenRouter and many gateways, OpenAI and Groq, Anthropic, the IETF draft; the first wins. */
const forms: Readonly<Record<keyof QuotaHeaders, readonly Names[]>> = {
  requests: [
    plain('x-ratelimit', '-requests'),
    ofAnthropic('requests'),
    plain('x-ratelimit'),
    plain('ratelimit'),
  ],
  tokens: [plain('x-ratelimit', '-tokens'), ofAnthropic('tokens')],
  inputTokens: [ofAnthropic('input-tokens')],
  outputTokens: [ofAnthropic('output-tokens')],
}

const kinds = Object.keys(forms) as (keyof QuotaHeaders)[]

/**
 * Reads what providers say about limits: whole and decimal numbers; resets as milliseconds or
 * seconds since the epoch, as seconds from now, as durations such as `1m53.425s` and as RFC 3339.
 * What is malformed counts as absent, and so does a limit below zero, which means none. Undefined
 * when nothing is said.
 */
export function quotaOf(header: Header, now: number): QuotaHeaders | undefined {
  const found: Partial<Record<keyof QuotaHeaders, QuotaWindow>> = {}
  let any = false
  for (const kind of kinds) {
    for (const names of forms[kind]) {
      const window = windowOf(header, names, now)
      if (window === undefined) continue
      found[kind] = window
      any = true
      break
    }
  }
  return any ? found : undefined
}

/** Milliseconds until nothing known is used up any more; 0 when nothing is, or nobody knows until when. */
export function exhaustedFor(quota: QuotaHeaders, now: number): number {
  let longest = 0
  for (const kind of kinds) {
    const { remaining = 1, resetAt = 0 } = quota[kind] ?? {}
    if (remaining <= 0 && resetAt - now > longest) longest = resetAt - now
  }
  return Math.ceil(longest)
}

function windowOf(header: Header, names: Names, now: number): QuotaWindow | undefined {
  const [limitText, remainingText] = [header(names[0]), header(names[1])]
  // most answers say nothing
  if (limitText === undefined && remainingText === undefined) return undefined
  const limit = amountOf(limitText)
  const remaining = amountOf(remainingText)
  const resetAt = resetOf(header(names[2]), now)
  const isUnlimited = limit !== undefined && limit < 0
  if (isUnlimited || (limit === undefined && remaining === undefined)) return undefined
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(remaining === undefined ? {} : { remaining: Math.max(0, remaining) }),
    ...(resetAt === undefined ? {} : { resetAt }),
  }
}

function amountOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\s*-?[0-9]{1,15}(\.[0-9]{1,15})?\s*$/.test(text)) return undefined
  return Number(text)
}

function resetOf(text: string | undefined, now: number): number | undefined {
  const at = text === undefined ? undefined : timeOf(text.trim(), now)
  return at === undefined || Number.isNaN(at) || at - now > furthestMs ? undefined : Math.ceil(at)
}

function timeOf(text: string, now: number): number | undefined {
  if (/^[0-9]{1,15}(\.[0-9]{1,15})?$/.test(text)) {
    const number = Number(text)
    // by size: milliseconds since the epoch, seconds since the epoch, seconds from now
    if (number >= 1e11) return number
    return number >= 1e9 ? number * 1000 : now + number * 1000
  }
  if (/^[0-9]{4}-[0-9]{2}-[0-9]{2}T/.test(text)) return Date.parse(text)
  const milliseconds = durationOf(text)
  return milliseconds === undefined ? undefined : now + milliseconds
}

const duration =
  /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,6}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?$/

/** Durations as OpenAI writes them: `6m0s`, `1h2m3.5s`, `12ms`. */
function durationOf(text: string): number | undefined {
  const match = text === '' ? null : duration.exec(text)
  if (match === null) return undefined
  const [days = 0, hours = 0, minutes = 0, seconds = 0, rest = 0] = match
    .slice(1)
    .map((part: string | undefined) => Number(part ?? 0))
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + rest
}

import type { Message } from '../protocol/message.ts'
import type { ModelRequest } from '../protocol/request.ts'
import type { Money } from './money.ts'
import type { Price } from './prices.ts'

/** Tokens of a request that are none of its text: roles, wrappers, instructions about tools. */
const frameTokens = 1000

/** Tokens a picture or a file is taken for at least; providers count up to 37,000 for a picture. */
const mediaTokens = 40_000

/** A file is text and pictures of its pages; this many tokens for each character of its URL. */
const tokensPerFileCharacter = 4

/** What is known of a cost before the answer. */
export interface Bound {
  /** Most the input can cost; undefined without a price. */
  readonly input: Money | undefined
  /** Most the whole answer can cost; undefined without a price or a largest number of output tokens. */
  readonly whole: Money | undefined
}

/**
 * Bounds what requests cost before they are sent. Tokens of text are bounded by its UTF-8 bytes, as
 * tokens have at least one; pictures and files by the assumptions above. Messages are measured
 * once, as they never change.
 */
export class Bounder {
  readonly #sizes = new WeakMap<Message, Size>()

  bound(request: ModelRequest, price: Price | undefined): Bound {
    const { messages, tools, output, settings } = request
    if (price === undefined) return { input: undefined, whole: undefined }
    let tokens = frameTokens + bytesOf(tools) + bytesOf(output ?? null)
    for (const message of messages) tokens += this.#sizeOf(message).tokens
    const { input: inputRate, output: outputRate } = highestRates(price)
    const input =
      price.request + perMillion(inputRate, tokens) + price.image * BigInt(this.pictures(request))
    const most = settings?.maxOutputTokens ?? price.maxOutputTokens
    // other members of a body may ask for several answers, and pictures have prices of their own
    const open = settings?.extra !== undefined || settings?.modalities?.includes('image') === true
    if (most === undefined || open) return { input, whole: undefined }
    return { input, whole: input + perMillion(outputRate, most) }
  }

  /** How many pictures are sent. */
  pictures({ messages }: ModelRequest): number {
    return messages.reduce((count, message) => count + this.#sizeOf(message).pictures, 0)
  }

  #sizeOf(message: Message): Size {
    const known = this.#sizes.get(message)
    if (known !== undefined) return known
    const size = measure(message)
    this.#sizes.set(message, size)
    return size
  }
}

/** A price that is no lower than any of these; undefined where one of them is not known. */
export function dearest(prices: readonly (Price | undefined)[]): Price | undefined {
  const [first, ...others] = prices
  let most = first
  for (const price of others) most = most && price && dearer(most, price)
  return most
}

function dearer(a: Price, b: Price): Price {
  const { input, output } = highestRates({
    ...a,
    tiers: [...a.tiers, { ...b, minInputTokens: 0 }, ...b.tiers],
  })
  const isBounded = a.maxOutputTokens !== undefined && b.maxOutputTokens !== undefined
  return {
    ...a,
    input,
    output,
    cacheRead: input,
    cacheWrite: input,
    request: highest([a.request, b.request]),
    image: highest([a.image, b.image]),
    tiers: [],
    maxOutputTokens: isBounded ? Math.max(a.maxOutputTokens, b.maxOutputTokens) : undefined,
  }
}

/** Which price holds depends on tokens that nobody has counted yet. */
export function highestRates({ tiers, ...price }: Price): {
  readonly input: Money
  readonly output: Money
} {
  const all = [price, ...tiers]
  return {
    input: highest(all.flatMap((rates) => [rates.input, rates.cacheRead, rates.cacheWrite])),
    output: highest(all.map((rates) => rates.output)),
  }
}

function highest(prices: readonly Money[]): Money {
  return prices.reduce((a, b) => (a > b ? a : b))
}

interface Size {
  readonly tokens: number
  readonly pictures: number
}

function measure(message: Message): Size {
  let media = 0
  let pictures = 0
  const text = JSON.stringify(message, (_, value: unknown) => {
    if (!isMedia(value)) return value
    if (value.type === 'image') pictures++
    media += value.type === 'image' ? mediaTokens : fileTokens(value.url)
    return { ...value, url: '' }
  })
  return { tokens: Buffer.byteLength(text) + media, pictures }
}

function fileTokens(url: string): number {
  return Math.max(mediaTokens, url.length * tokensPerFileCharacter)
}

interface Media {
  readonly type: 'image' | 'file'
  readonly url: string
}

/** A part that is a picture or file; not one that was measured already and is walked through. */
function isMedia(value: unknown): value is Media {
  if (typeof value !== 'object' || value === null) return false
  const { type, url } = value as Partial<Media>
  return (type === 'image' || type === 'file') && typeof url === 'string' && url !== ''
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}

/** The cost of so many tokens at a price per million, rounded up. */
export function perMillion(price: Money, tokens: number): Money {
  return (price * BigInt(Math.ceil(tokens)) + 999_999n) / 1_000_000n
}

import { messageOf, SallyportError } from './errors.ts'
import { deepFreeze } from './json.ts'
import { nearest } from './suggest.ts'
import { shorten } from './text.ts'

/** Refuses options that are no plain object or have members nobody knows; throws `bad-option`. */
export function checkOptions(owner: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new SallyportError('bad-option', `${owner} needs an object of options`, {
      help: `the options are ${known.join(', ')}`,
    })
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const near = nearest(key, known)
    const meant = near === undefined ? '' : `; did you mean \`${near}\`?`
    throw new SallyportError(
      'bad-option',
      `${owner} has no option \`${shorten(key, 40)}\`${meant}`,
      {
        help: `the options are ${known.join(', ')}`,
      },
    )
  }
}

/** The defaults with the given members in their place; undefined members count as not given. */
export function withDefaults<T extends object>(defaults: T, given: Partial<T> | undefined): T {
  const present = Object.entries(given ?? {}).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries(present) }
}

export interface NumberRange {
  readonly min: number
  readonly max?: number
  readonly integer?: boolean
}

/** Refuses numbers outside a range; throws `bad-option`. */
export function checkNumber(name: string, value: unknown, range: NumberRange): void {
  const { min, max = Number.POSITIVE_INFINITY, integer = false } = range
  const fits =
    typeof value === 'number' &&
    value >= min &&
    value <= max &&
    (!integer || Number.isInteger(value) || value === Number.POSITIVE_INFINITY)
  if (fits) return
  throw new SallyportError(
    'bad-option',
    `\`${name}\` is ${typeof value === 'number' ? value : 'not a number'}`,
    {
      help: `give ${integer ? 'a whole number' : 'a number'} of at least ${min}${max === Number.POSITIVE_INFINITY ? '' : ` and at most ${max}`}`,
    },
  )
}

/** Throws `bad-option` for what is no text; `what` names it in the message, in backticks. */
export function checkText(what: string, value: unknown): asserts value is string {
  if (typeof value === 'string') return
  throw new SallyportError('bad-option', `\`${what}\` is not a text`, { help: 'pass a string' })
}

/**
 * Throws `bad-option` for what names no file of SQLite: no text, or the name by which that keeps
 * everything in memory. `instead` does so by itself.
 */
export function checkDatabasePath(path: unknown, instead: string): asserts path is string {
  checkText('path', path)
  if (path !== ':memory:') return
  throw new SallyportError('bad-option', '`path` is `:memory:`, which names no file', {
    help: `name a file, or use \`${instead}\``,
  })
}

/**
 * Data of the host as it is now, frozen: what the host makes of its own afterwards changes nothing.
 * Throws `bad-option` for what cannot be copied.
 */
export function ownData<Data>(name: string, data: Data): Data {
  if (typeof data !== 'object' || data === null) return data
  try {
    return deepFreeze(structuredClone(data))
  } catch (cause) {
    const message = `\`${name}\` cannot be copied: ${messageOf(cause)}`
    throw new SallyportError('bad-option', message, {
      help: 'give plain data: texts, numbers, lists and objects of them',
      cause,
    })
  }
}

/** Options as they are now: those that are named with all they hold, of others what they name. */
export function ownOptions<Options extends object>(
  options: Options,
  data: readonly (keyof Options & string)[],
): Options {
  const own = { ...options }
  for (const name of data) {
    if (own[name] !== undefined) own[name] = ownData(name, own[name])
  }
  return own
}

import { SallyportError } from '../base/errors.ts'
import { nearest } from '../base/suggest.ts'
import { shorten } from '../base/text.ts'

/** Throws `bad-option` for keys of `options` that are not among the allowed ones. */
export function checkKeys(
  where: string,
  options: unknown,
  allowed: readonly string[],
): asserts options is Record<string, unknown> {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new SallyportError('bad-option', `\`${where}\` is not an object`)
  }
  const unknown = Object.keys(options).find((key) => !allowed.includes(key))
  if (unknown === undefined) return
  const near = nearest(unknown, allowed)
  const meant = near === undefined ? '' : `; did you mean \`${near}\`?`
  throw new SallyportError(
    'bad-option',
    `\`${where}\` has no option \`${shorten(unknown, 40)}\`${meant}`,
    {
      help: `the options are ${allowed.join(', ')}`,
    },
  )
}

/** Throws `bad-option` unless every given member is a whole number from `least` to 2^31-1. */
export function checkNumbers(where: string, options: object, least: number): void {
  for (const [key, value] of Object.entries(options)) {
    if (Number.isInteger(value) && value >= least && value < 2 ** 31) continue
    throw new SallyportError('bad-option', `\`${where}.${key}\` is not a whole number`, {
      help: `give a whole number from ${least} to 2147483647`,
    })
  }
}

/** Throws `bad-option` unless the value is a text that is not empty. */
export function checkText(where: string, value: unknown): asserts value is string {
  if (typeof value === 'string' && value !== '') return
  throw new SallyportError('bad-option', `\`${where}\` is not a text, or is empty`)
}

/** The defaults with the given members in their place; undefined members count as not given. */
export function withDefaults<T extends object>(defaults: T, given: Partial<T> | undefined): T {
  const present = Object.entries(given ?? {}).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries(present) }
}

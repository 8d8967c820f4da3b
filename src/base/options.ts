import { SallyportError } from './errors.ts'
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

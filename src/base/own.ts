import { messageOf, SallyportError } from './errors.ts'
import { deepFreeze } from './json.ts'

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

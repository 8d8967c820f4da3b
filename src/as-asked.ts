import { messageOf, SallyportError } from './base/errors.ts'
import { deepFreeze } from './base/json.ts'
import type { RunOptions } from './runtime-options.ts'

/**
 * A run as it was asked for: what the host does to its messages afterwards changes neither what is
 * recorded nor what a model is sent. Throws `bad-option` for messages that cannot be copied.
 */
export function asAsked<Options extends Pick<RunOptions, 'input' | 'messages'>>(
  run: Options,
): Options {
  const { input, messages } = run
  if (messages === undefined && typeof input === 'string') return run
  try {
    const own = structuredClone({ input, ...(messages === undefined ? {} : { messages }) })
    return { ...run, ...deepFreeze(own) }
  } catch (cause) {
    const message = `\`messages\` and \`input\` cannot be copied: ${messageOf(cause)}`
    throw new SallyportError('bad-option', message, {
      help: 'give plain data: texts, numbers, lists and objects of them',
      cause,
    })
  }
}

import { SallyportError } from './base/errors.ts'
import type { UserPart } from './protocol/message.ts'
import {
  anything,
  checkGiven,
  hasMethods,
  isArrayOf,
  isPlainObject,
  isText,
  isUserContent,
} from './protocol/option-checks.ts'
import type { OutputOf, OutputSchema } from './run/output.ts'
import type { Run } from './run/run.ts'
import type { Runtime } from './runtime-handle.ts'
import type { RunOptions, RunResult } from './runtime-options.ts'

/** A question in the words of a chat; everything else is as for `run`. */
export interface AskOptions<Schema extends OutputSchema = OutputSchema> extends Omit<
  RunOptions<Schema>,
  'input' | 'session'
> {
  /** What the user says. */
  readonly prompt: string | readonly UserPart[]
  /** A system message for this question, after the `instructions` of the runtime. */
  readonly system?: string
  /** Who asks, and where: together they are the session. Neither of them is proof of a caller. */
  readonly user?: string
  readonly group?: string
}

/**
 * Starts a run from a prompt and a system message. Its session is made of user and group, so that
 * the same user has one in each group, and what limits, sequences and data flow remember of one is
 * not held against another. Throws `bad-option` as `run` does.
 *
 * @example
 * ```ts
 * const { text } = await ask(runtime, { prompt: 'How late is it?', user: 'u1' }).result()
 * ```
 */
export function ask<Schema extends OutputSchema = OutputSchema>(
  runtime: Pick<Runtime, 'run'>,
  options: AskOptions<Schema>,
): Run<RunResult<OutputOf<Schema>>> {
  isRuntime('runtime', runtime)
  isPlainObject('options', options)
  const { prompt, system, user, group, messages = [], ...rest } = options
  isUserContent('prompt', prompt)
  checkGiven({ system, user, group }, { system: isText, user: isText, group: isText })
  areMessages('messages', messages)
  const session = sessionOf(user, group)
  return runtime.run<Schema>({
    ...rest,
    input: prompt,
    messages: system === undefined ? messages : [{ role: 'system', content: system }, ...messages],
    ...(session === undefined ? {} : { session }),
  } as RunOptions<Schema>)
}

// each of them is checked by `run`
const areMessages = isArrayOf('messages', anything)

const isRuntime = hasMethods('a runtime', ['run'], 'make one with `createRuntime`')

/** Escaped, so that no other user and group make the same session; the group stands for the agent. */
function sessionOf(user: string | undefined, group: string | undefined): string | undefined {
  if (group === undefined) return user === undefined ? undefined : escaped('user', user)
  return `${escaped('group', group)}:${user === undefined ? '' : escaped('user', user)}`
}

function escaped(name: string, text: string): string {
  if (text !== '' && text.isWellFormed()) return encodeURIComponent(text)
  throw new SallyportError('bad-option', `\`${name}\` is empty or no well-formed text`, {
    help: 'give a name, or leave it out',
  })
}

import { SallyportError } from '../../base/errors.ts'
import { authOf } from '../auth.ts'
import { carryRun, type CarryingOptions } from '../carried.ts'
import type { ExitCode } from '../exit.ts'
import { readInput, type Io } from '../io.ts'

export interface RunCommandOptions extends CarryingOptions {
  readonly session?: string
}

/** Runs an agent once. The answer, the events or the result go to standard output. */
export async function run(
  prompt: string | undefined,
  options: RunCommandOptions,
  io: Io,
): Promise<ExitCode> {
  const input = await readPrompt(prompt, io)
  const auth = authOf(options.token, io)
  return carryRun(
    (runtime) =>
      runtime.run({
        input,
        ...(auth === undefined ? {} : { auth }),
        ...(options.session === undefined ? {} : { session: options.session }),
      }),
    { ...options, isAnonymous: auth === undefined },
    io,
  )
}

async function readPrompt(prompt: string | undefined, io: Io): Promise<string> {
  if (prompt !== undefined) {
    if (prompt.trim() === '') throw noPrompt()
    return prompt
  }
  if (io.input.isTTY === true) throw noPrompt()
  const text = (await readInput(io)).trimEnd()
  if (text.trim() !== '') return text
  throw noPrompt()
}

function noPrompt(): SallyportError {
  return new SallyportError('bad-option', 'there is no prompt', {
    help: 'give it as an argument or on standard input',
  })
}

import { isSallyportError, SallyportError } from '../base/errors.ts'
import type { Redactor } from '../report/redact.ts'
import type { Io } from './io.ts'

export interface RedactionOptions {
  /** JSON pointers, names of members, and patterns after `re:`. */
  readonly redact?: readonly string[]
  /** Names of variables that hold secrets. */
  readonly secretsFromEnv?: readonly string[]
}

/** What is to be taken out; undefined when nothing was named. Throws `bad-option`. */
export async function redactorOf(
  { redact, secretsFromEnv }: RedactionOptions,
  { environment }: Pick<Io, 'environment'>,
): Promise<Redactor | undefined> {
  if (redact === undefined && secretsFromEnv === undefined) return undefined
  const { createRedactor } = await import('../report/redact.ts')
  const what = redact ?? []
  const patterns = what.filter((each) => each.startsWith('re:'))
  return createRedactor({
    pointers: what.filter((each) => each.startsWith('/')),
    names: what.filter((each) => !each.startsWith('/') && !each.startsWith('re:')),
    patterns: patterns.map((each) => each.slice('re:'.length)),
    values: secretsOf(secretsFromEnv ?? [], environment),
  })
}

/** What was thrown, as it may be shown: errors quote what they are about. */
export function withoutSecrets(error: unknown, redactor: Redactor | undefined): unknown {
  if (redactor === undefined || !isSallyportError(error)) return error
  const { code, message, help } = error
  return new SallyportError(code, redactor.text(message), { help })
}

/** The values of variables, each of which has to be there: else nothing would be found of it. */
export function secretsOf(
  names: readonly string[],
  environment: Io['environment'],
): readonly string[] {
  return names.map((name) => {
    const value = environment[name]
    if (value !== undefined && value !== '') return value
    throw new SallyportError('bad-option', `the variable \`${name}\` is not set`, {
      help: 'set it, or leave it out of `--secrets-from-env`',
    })
  })
}

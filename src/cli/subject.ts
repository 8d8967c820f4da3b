import { principalHelp, readPrincipal } from '../analysis/principal.ts'
import type { Begin } from '../analysis/scenario.ts'
import { SallyportError } from '../base/errors.ts'
import { parseJson } from '../base/json.ts'
import { shorten } from '../base/text.ts'
import { prepareRehearsals } from '../gate/rehearsal.ts'
import type { LoadedPolicy } from '../loading/file.ts'
import { entriesOf } from '../policy/inherited.ts'
import type { Policy } from '../policy/policy.ts'
import { suggestionFor } from '../policy/suggest.ts'
import type { Decision } from '../protocol/decision.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Tool } from '../tools/tool.ts'
import { authenticatorOf, authOf } from './auth.ts'
import type { Io } from './io.ts'
import { loadTrusted, type KeyOptions } from './policy.ts'
import { loadToolbox } from './tools-file.ts'

export interface SubjectOptions extends KeyOptions {
  readonly policy: string
  readonly tools?: string
  readonly token?: string
  /** A principal as JSON; taken as it is. */
  readonly as?: string
}

/** A policy to ask about, and who asks when a question does not say. */
export interface Subject {
  readonly loaded: LoadedPolicy
  readonly policy: Policy
  /** Undefined when no tools were named. */
  readonly tools: readonly Tool[] | undefined
  readonly caller: Principal | null
  readonly begin: Begin
}

/**
 * Loads a policy with tools, and tells who the caller is: `--as`, else whom the token names, else
 * what an anonymous caller is. Nothing is executed.
 */
export async function openSubject(options: SubjectOptions, io: Io): Promise<Subject> {
  const loaded = await loadTrusted(options.policy, options, io)
  const tools = options.tools === undefined ? undefined : await loadToolbox(options.tools)
  const policy = loaded.compile(tools)
  const caller =
    options.as === undefined
      ? await authenticated(loaded, policy, options.token, io)
      : principalOf(options.as)
  const begin = await prepareRehearsals(policy, { tools: tools ?? [] })
  return { loaded, policy, tools, caller, begin }
}

async function authenticated(
  loaded: LoadedPolicy,
  policy: Policy,
  token: string | undefined,
  io: Io,
): Promise<Principal | null> {
  const auth = authOf(token, io)
  const result = await authenticatorOf(policy, loaded.path, io).authenticate(auth)
  if (result.ok) return result.principal
  if (auth === undefined) return null
  const { message, help } = result.error
  throw new SallyportError('bad-option', `the token is not accepted: ${message}`, { help })
}

function principalOf(text: string): Principal {
  const parsed = parseJson(text)
  if (!parsed.ok) throw wrongPrincipal(parsed.message)
  const principal = readPrincipal(parsed.value)
  if (typeof principal === 'string') throw wrongPrincipal(principal)
  return principal
}

function wrongPrincipal(message: string): SallyportError {
  return new SallyportError('bad-option', `\`--as\`: ${message}`, {
    help: principalHelp,
  })
}

/** The repair of a call that was refused because its tool does not exist, as a line to print. */
export function unknownToolHelp(
  { policy, tools = [] }: Pick<Subject, 'policy' | 'tools'>,
  tool: string,
  { rule }: Decision,
): string | undefined {
  if (rule !== 'unknown_tool') return undefined
  const stated = (entriesOf(policy.document) ?? []).map(({ name }) => name.text)
  const names = [...new Set([...stated, ...tools.map(({ name }) => name)])]
  return `  help: there is no tool \`${shorten(tool, 128)}\`; ${suggestionFor(tool, names).help}\n`
}

import type { JsonObject } from '../../../src/base/json.ts'
import { isSallyportError } from '../../../src/base/errors.ts'
import { compilePolicy } from '../../../src/policy/compile.ts'
import type { Diagnostic } from '../../../src/policy/diagnostic.ts'
import type { Policy, PolicyTool } from '../../../src/policy/policy.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import type { Decision } from '../../../src/protocol/decision.ts'
import type { Principal } from '../../../src/protocol/principal.ts'

export const user: Principal = { subject: 'u1', roles: ['user'], scopes: [] }

/** A policy out of plain data, with the roles `user`, `lead` and `other` unless told. */
export function policyOf(
  fields: Readonly<Record<string, unknown>>,
  tools?: readonly PolicyTool[],
): Policy {
  const document = {
    sallyport: 1,
    name: 'test',
    roles: { user: {}, lead: { inherits: ['user'] }, other: {} },
    ...fields,
  }
  const file = readPolicy(JSON.stringify(document), { file: 'test.json' })
  return compilePolicy(file, tools === undefined ? {} : { tools })
}

/** The decision about one call of `tool` at a fixed time. */
export function decideOn(
  policy: Policy,
  args: JsonObject = {},
  {
    principal = user,
    tool = 'tool',
    now = 1_800_000_000_000,
  }: Partial<{
    principal: Principal | null
    tool: string
    now: number
  }> = {},
): Decision {
  return policy.decide({ tool, args, principal, now, at: '2027-01-15T08:00:00.000Z' })
}

/** Everything found about a file that does not load; an empty list when it does. */
export function findings(load: () => unknown): readonly Diagnostic[] {
  try {
    load()
    return []
  } catch (error) {
    if (!isSallyportError(error) || error.code !== 'bad-policy') throw error
    return error.details as unknown as readonly Diagnostic[]
  }
}

/** `code line:column` of each finding. */
export function placed(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map(({ code, range: { start } }) => `${code} ${start.line}:${start.column}`)
}

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { convertSecurityConfig } from '../../src/analysis/convert.ts'
import { writePolicy } from '../../src/analysis/write-policy.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { readPolicy } from '../../src/policy/read.ts'
import { expectCases } from '../support/tally.ts'

interface Entry {
  readonly allow?: boolean
  readonly roles?: readonly string[]
  readonly scopes?: readonly string[]
}

interface Config {
  readonly defaultPolicy?: 'allow-all' | 'deny-all'
  readonly tools: Readonly<Record<string, Entry>>
  readonly roles: Readonly<Record<string, { readonly allowedTools?: readonly string[] }>>
}

interface User {
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
}

const names = ['a', 'b', 'c.d']
const plainRoles = fc.record({ plain: fc.subarray(['r1', 'r2', 'r3'], { minLength: 1 }) })
const entry: fc.Arbitrary<Entry> = fc.record(
  {
    allow: fc.boolean(),
    roles: plainRoles.map(({ plain }) => plain),
    scopes: fc.subarray(['s', 't'], { minLength: 1 }),
  },
  { requiredKeys: [] },
)
const config: fc.Arbitrary<Config> = fc.record(
  {
    defaultPolicy: fc.constantFrom('allow-all', 'deny-all'),
    tools: fc.dictionary(fc.constantFrom('*', ...names), entry, { noNullPrototype: true }),
    roles: fc.dictionary(
      fc.constantFrom('r1', 'r2', 'r3'),
      fc.record({ allowedTools: fc.subarray([...names, '*']) }, { requiredKeys: [] }),
      { noNullPrototype: true },
    ),
  },
  { requiredKeys: ['tools', 'roles'] },
)
const user: fc.Arbitrary<User> = fc.record({
  roles: fc.subarray(['r1', 'r2', 'r3', 'r4']),
  scopes: fc.subarray(['s', 't', 'u']),
})

/** What the entry itself says; undefined when it leaves the question to others. */
function saidBy({ allow, roles, scopes }: Entry, who: User): boolean | undefined {
  if (allow === false) return false
  if (roles === undefined && scopes === undefined) return allow
  return (
    (roles === undefined || roles.some((role) => who.roles.includes(role))) &&
    (scopes === undefined || scopes.every((scope) => who.scopes.includes(scope)))
  )
}

/** The order of the older kits: the tool, the roles, the wildcard, the default. */
function mayCall({ tools, roles, defaultPolicy }: Config, who: User, tool: string): boolean {
  const own = tools[tool] === undefined ? undefined : saidBy(tools[tool], who)
  if (own !== undefined) return own
  const byRole = who.roles.some((role) => {
    const { allowedTools = [] } = roles[role] ?? { allowedTools: ['none at all'] }
    return allowedTools.length === 0 || allowedTools.includes('*') || allowedTools.includes(tool)
  })
  if (byRole) return true
  const others = tools['*'] === undefined ? undefined : saidBy(tools['*'], who)
  return others ?? defaultPolicy === 'allow-all'
}

test('S2-30 S2-32 S2-34 a converted configuration allows exactly what it allowed', () => {
  const seen = { yes: 0, no: 0 }
  fc.assert(
    fc.property(config, fc.array(user, { minLength: 4, maxLength: 4 }), (given, users) => {
      const { document } = convertSecurityConfig(JSON.stringify(given))
      const file = readPolicy(writePolicy(document, { head: [] }), { file: 'converted' })
      const policy = compilePolicy(file)
      const outcomes = new Set<'yes' | 'no'>()
      for (const who of users) {
        for (const tool of [...names, 'other']) {
          const principal = { subject: 'u', ...who }
          const { effect } = policy.decide({ tool, args: {}, principal, now: 0, at: '' })
          const expected = mayCall(given, who, tool)
          outcomes.add(expected ? 'yes' : 'no')
          expect([tool, who, effect]).toEqual([tool, who, expected ? 'allow' : 'deny'])
        }
      }
      for (const outcome of outcomes) seen[outcome]++
    }),
    { numRuns: 500 },
  )
  expectCases(seen, 50)
})

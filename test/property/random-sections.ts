import * as fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../src/base/json.ts'

export const names = ['look', 'pay', 'mail', 'never'] as const
export const name = fc.constantFrom(...names)
const effect = fc.constantFrom('allow', 'ask', 'deny')

const value: fc.Arbitrary<JsonValue> = fc.constantFrom(
  0,
  1,
  2,
  3.5,
  'a',
  'b',
  'look-77-secret',
  true,
  null,
  [1],
)
export const args: fc.Arbitrary<JsonObject> = fc.dictionary(fc.constantFrom('a', 'b'), value, {
  maxKeys: 2,
  noNullPrototype: true,
})

const argumentTest: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.record({ maximum: fc.constantFrom(1, 2, 3) }),
  fc.record({ const: fc.constantFrom('a', 1) }),
  fc.record({ type: fc.constantFrom('string', 'number') }),
  fc.record({ not: fc.record({ enum: fc.constant(['a', 2]) }) }),
)

const rules = fc
  .array(
    fc.record({
      effect,
      tools: fc.uniqueArray(name, { minLength: 1 }),
      who: fc.constantFrom<(JsonObject | undefined)[]>(
        undefined,
        { roles: ['user'] },
        { roles: ['lead'] },
        { scopes: ['write'] },
      ),
      args: fc.dictionary(fc.constantFrom('a', 'b'), argumentTest, {
        maxKeys: 1,
        noNullPrototype: true,
      }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((all) =>
    all.map((rule, index) => ({
      id: `r${index}`,
      [rule.effect]: rule.tools,
      ...(rule.who === undefined ? {} : { who: rule.who }),
      ...(Object.keys(rule.args).length === 0 ? {} : { args: rule.args }),
    })),
  )

const limits = fc
  .array(
    fc.record({
      tools: fc.constantFrom(['**'], ['pay'], ['look', 'mail']),
      per: fc.constantFrom('session', 'subject'),
      count: fc.constantFrom('calls', 'denials'),
      max: fc.integer({ min: 1, max: 12 }),
      over: fc.constantFrom('ask', 'deny'),
    }),
    { maxLength: 2 },
  )
  .map((all) => all.map((limit, index) => ({ id: `l${index}`, ...limit })))

const sequences = fc
  .array(
    fc.record({
      kind: fc.constantFrom('after', 'unless'),
      earlier: name,
      later: name,
      do: fc.constantFrom('ask', 'deny'),
    }),
    { maxLength: 2 },
  )
  .map((all) =>
    all.map(({ kind, earlier, later, do: action }, index) => ({
      id: `s${index}`,
      [kind]: [earlier],
      then: { tools: [later], do: action },
    })),
  )

/** Facts by which text of one tool is untrusted or secret, and arguments of others depend on it. */
const flow = fc.record({
  tools: fc.record({
    look: fc.record({
      kind: fc.constant('read'),
      output: fc.record({
        trust: fc.constantFrom('trusted', 'untrusted'),
        secrecy: fc.constantFrom('public', 'private'),
      }),
    }),
    pay: fc.record({
      kind: fc.constant('write'),
      args: fc.constantFrom({ a: { steers: true } }, { b: { steers: true, carries: true } }),
    }),
    mail: fc.constant({ kind: 'write', sink: 'external', args: { a: { carries: true } } }),
    never: fc.constant({ kind: 'read', output: { trust: 'untrusted' } }),
  }),
  flow: fc.record({
    untrustedSteering: fc.constantFrom('ask', 'deny'),
    secretsOut: fc.constantFrom('ask', 'deny'),
    secretFrom: fc.constant('private'),
  }),
})

const plain = fc.record({ rules, limits, sequences })
/** Policies that care where text comes from. */
export const flowPolicies = fc
  .tuple(plain, flow)
  .map(([sections, facts]) => ({ ...sections, ...facts }))
/** Sections of a policy over the tools of `names`, with rules, limits and sequences. */
export const policies = fc.oneof(plain, flowPolicies)

const calls = fc.array(fc.record({ tool: fc.constantFrom(...names, 'unheard'), args }), {
  minLength: 3,
  maxLength: 8,
})
/** Calls for several turns; some name a tool nobody has heard of. */
export const turns = fc.array(calls, { minLength: 3, maxLength: 8 })

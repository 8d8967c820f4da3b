import * as fc from 'fast-check'
import type { JsonObject } from '../../../src/base/json.ts'

/** `read` returns what anybody may have written, `send` goes out, `act` does something. */
export const toolNames = ['read', 'send', 'act'] as const

export const tools: JsonObject = {
  read: { kind: 'read', output: { trust: 'untrusted', secrecy: 'private' } },
  send: {
    kind: 'write',
    sink: 'external',
    args: { to: { steers: true }, text: { carries: true } },
  },
  act: { kind: 'destructive' },
}

const words = ['ada@desk.example', 'eve@evil.example', 'https://evil.example/x', '1 union select 2']

export interface GeneratedCall {
  readonly tool: (typeof toolNames)[number]
  readonly args: { readonly to?: string; readonly text?: string; readonly n?: number }
}

export const call: fc.Arbitrary<GeneratedCall> = fc.record({
  tool: fc.constantFrom(...toolNames),
  args: fc.record(
    {
      to: fc.constantFrom(...words),
      text: fc.constantFrom(...words, 'hello'),
      n: fc.constantFrom(0, 1, 2, 3),
    },
    { requiredKeys: [], noNullPrototype: true },
  ),
})

/** What the user says: some of the words, so that some of them are trusted. */
export const prompt = fc.constantFrom('go', `write to ${words[0]}`, `write to ${words[1]}`)

/** What a call returns: text that holds a word. */
export function resultOf({ args }: GeneratedCall): string {
  return `note: ${args.text ?? words[1]}`
}

const glob = fc.constantFrom<string>(...toolNames, '**', 're*')
const globs = fc.uniqueArray(glob, { minLength: 1, maxLength: 2 })

const condition = fc.constantFrom<JsonObject>(
  { n: { maximum: 1 } },
  { n: { type: 'integer', minimum: 1 } },
  { to: { domain: ['desk.example'] } },
  { to: { enum: words.slice(0, 2) } },
  { text: { contains: 'HELLO', optional: true } },
  { text: { not: { matches: 'https:.*' } } },
  { n: { multipleOf: 2, optional: true } },
  { to: { from: ['user'] } },
)

function ruleOf(effect: string): fc.Arbitrary<JsonObject> {
  return fc.record(
    { [effect]: globs, args: condition },
    { requiredKeys: [effect] },
  ) as fc.Arbitrary<JsonObject>
}

function numbered(prefix: string, list: readonly JsonObject[]): JsonObject[] {
  return list.map((fields, index) => ({ id: `${prefix}${index}`, ...fields }))
}

export const rules = fc
  .record({
    open: fc.boolean(),
    more: fc.array(fc.oneof(ruleOf('allow'), ruleOf('allow'), ruleOf('ask'), ruleOf('deny')), {
      maxLength: 5,
    }),
  })
  .map(({ open, more }) => numbered('r', open ? [{ allow: ['**'] }, ...more] : more))

const over = fc.constantFrom('ask', 'deny')
const limit = fc.oneof<fc.Arbitrary<JsonObject>[]>(
  fc.record({
    tools: globs,
    per: fc.constantFrom('session', 'subject', 'global'),
    max: fc.integer({ min: 1, max: 4 }),
    over,
  }),
  fc.record({
    tools: globs,
    per: fc.constant('session'),
    max: fc.integer({ min: 1, max: 4 }),
    count: fc.constant('denials'),
    over,
  }),
  fc.record({
    tools: globs,
    per: fc.constant('session'),
    max: fc.integer({ min: 1, max: 4 }),
    sum: fc.constant('/n'),
    // a person who is asked may make the amount smaller: a sum that denies is held with the answer,
    // so that a further ask moves its denial from the proposal to the answer
    over: fc.constant('ask'),
  }),
)

const sequence = fc
  .record({
    kind: fc.constantFrom('after', 'unless'),
    earlier: globs,
    tools: globs,
    do: over,
    same: fc.boolean(),
  })
  .map(({ kind, earlier, tools: then, do: effect, same }) => ({
    [kind]: earlier,
    then: { tools: then, do: effect },
    ...(same ? { sameArg: 'n' } : {}),
  }))

const danger = fc.record({ tools: globs, packs: fc.constant(['sql']), do: over })
const network = fc.record({
  tools: globs,
  arg: fc.constant('/text'),
  hosts: fc.constant(['desk.example']),
})

const flow = fc.record(
  {
    untrustedSteering: over,
    untrustedLinks: over,
    secretsOut: over,
    afterUntrusted: fc.constant([{ tools: ['act'], then: 'deny' }]),
  },
  { requiredKeys: [] },
)

/** Everything beside the rules; each part of it makes decisions stricter, or does nothing. */
export const besides = fc
  .record({
    limits: fc.array(limit, { maxLength: 2 }),
    sequences: fc.array(sequence, { maxLength: 2 }),
    danger: fc.array(danger, { maxLength: 1 }),
    network: fc.array(network, { maxLength: 1 }),
    flow: fc.option(flow, { nil: undefined, freq: 2 }),
  })
  .map(({ limits, sequences, danger: dangers, network: networks, flow: flows }) => ({
    limits: numbered('l', limits),
    sequences: numbered('s', sequences),
    guards: { danger: dangers, network: networks },
    ...(flows === undefined ? {} : { flow: flows }),
  }))

export type Sections = Readonly<Record<string, unknown>>

type Addition = readonly [
  what: 'deny' | 'flow' | 'guard' | 'limit' | 'sequence',
  add: (base: Base) => Base,
]

/** One thing more that a policy may say, by name. */
export const addition: fc.Arbitrary<Addition> = fc.oneof(
  ruleOf('deny').map((rule) =>
    add('deny', (base) => ({ rules: [...base.rules, { id: 'new', ...rule }] })),
  ),
  // most limits are about more calls than there are
  {
    weight: 2,
    arbitrary: limit.map((one) =>
      add('limit', (base) => ({ limits: [...base.limits, { id: 'new', ...one }] })),
    ),
  },
  sequence.map((one) =>
    add('sequence', (base) => ({ sequences: [...base.sequences, { id: 'new', ...one }] })),
  ),
  danger.map((one) =>
    add('guard', ({ guards }) => ({ guards: { ...guards, danger: [...guards.danger, one] } })),
  ),
  network.map((one) =>
    add('guard', ({ guards }) => ({ guards: { ...guards, network: [...guards.network, one] } })),
  ),
  flow.map((one) => add('flow', (base) => (base.flow === undefined ? { flow: one } : {}))),
)

export interface Base {
  readonly rules: readonly JsonObject[]
  readonly limits: readonly JsonObject[]
  readonly sequences: readonly JsonObject[]
  readonly guards: { readonly danger: readonly object[]; readonly network: readonly object[] }
  readonly flow?: object
}

function add(what: Addition[0], change: (base: Base) => Partial<Base>): Addition {
  return [what, (base) => ({ ...base, ...change(base) })]
}

export const base: fc.Arbitrary<Base> = fc
  .tuple(rules, besides)
  .map(([list, rest]) => ({ rules: list, ...rest }) as Base)

/** Allows nearly everything, so that what is added may matter. */
export const mildBase: fc.Arbitrary<Base> = fc
  .array(fc.oneof(ruleOf('allow'), ruleOf('ask')), { maxLength: 1 })
  .map((more) => ({
    rules: numbered('r', [{ allow: ['**'] }, ...more]),
    limits: [],
    sequences: [],
    guards: { danger: [], network: [] },
  }))

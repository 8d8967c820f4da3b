import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../../src/base/json.ts'
import { FlowCheck } from '../../../../src/gate/flow/check.ts'
import { prepareRehearsals, type Rehearsal } from '../../../../src/gate/rehearsal.ts'
import { defineTool } from '../../../../src/tools/tool.ts'
import { policyOf, user } from '../../../support/agent.ts'
import { flowPolicy, Talk } from './support.ts'

const shares = { type: 'object', additionalProperties: { type: 'number' } } as const
const split = defineTool({
  name: 'split',
  description: 'Divides an amount.',
  input: {
    type: 'object',
    properties: {
      shares,
      parts: { type: 'array', items: { type: 'object', properties: { shares } } },
      fixed: { type: 'object', properties: { amount: { type: 'number' } } },
    },
  },
  execute: () => null,
})

async function said(text: string, tests: JsonObject): Promise<Rehearsal> {
  const policy = policyOf({
    rules: [{ id: 'named', allow: ['split'], args: tests }],
    tools: {
      split: { kind: 'write', output: { trust: 'trusted' }, args: { shares: { steers: true } } },
    },
    flow: { untrustedSteering: 'deny' },
  } as JsonObject).compile()
  const rehearsals = await prepareRehearsals(policy, { tools: [split] })
  return rehearsals({ principal: user, messages: [{ role: 'user', content: text }] })
}

async function effectOf(rehearsal: Rehearsal, args: JsonObject): Promise<string> {
  return (await rehearsal.decide({ tool: 'split', args })).effect
}

describe('the name of a member that the schema leaves open', () => {
  const ann = { shares: { ann: 100 } }
  const eve = { shares: { eve: 100 } }

  test.each<[string, JsonValue, JsonObject, JsonObject]>([
    ['shares', { from: ['user'] }, ann, eve],
    ['parts', { from: ['user'] }, { parts: [ann] }, { parts: [ann, eve] }],
    ['parts', { items: { from: ['user'] } }, { parts: [ann] }, { parts: [ann, eve] }],
    ['/parts/0/shares', { from: ['user'] }, { parts: [ann, eve] }, { parts: [eve] }],
  ])('has to come from the source that `from` names: %s %j', async (name, rule, good, bad) => {
    const rehearsal = await said('100 from ann', { [name]: rule })
    expect(await effectOf(rehearsal, good)).toBe('allow')
    expect(await effectOf(rehearsal, bad)).toBe('deny')
  })

  test('is no text of the caller where the schema declares it', async () => {
    const rehearsal = await said('100', { fixed: { from: ['user'] } })
    expect(await effectOf(rehearsal, { fixed: { amount: 100 } })).toBe('allow')
  })

  test('is not vouched for by a tool that repeats it', async () => {
    const rehearsal = await said('100', { shares: { from: ['user', 'trusted'] } })
    await rehearsal.happened({ tool: 'split', args: { shares: { eve: 100 } } }, 'eve and bob: 100')
    expect(await effectOf(rehearsal, { shares: { eve: 100 } })).toBe('deny')
    expect(await effectOf(rehearsal, { shares: { bob: 100 } })).toBe('allow')
  })

  test('may be used again once a person has seen it', () => {
    const talk = named(shares).reads('x')
    expect(talk.rule(eve)).toBe('flow.untrustedSteering')
    talk.flow.endorse('act', eve)
    expect(talk.rule(eve)).toBe('all')
    expect(talk.rule({ shares: { bob: 100 } })).toBe('flow.untrustedSteering')
  })
})

/** A session that was told of a number, whose `act` steers by `shares` of such a schema. */
function named(schema: JsonObject, rest: JsonObject = {}): Talk {
  const policy = flowPolicy({ act: { args: { shares: { steers: true } } } })
  const input = { type: 'object', properties: { shares: schema }, ...rest }
  return new Talk(policy, { check: new FlowCheck(policy, () => input) }).says('100')
}

describe('a name is left open', () => {
  const eve = { shares: { eve: 100 } }

  test.each<[string, JsonObject, JsonObject, JsonObject?]>([
    ['by one of several schemas', { anyOf: [shares, { type: 'null' }] }, eve],
    ['by each of several schemas', { allOf: [shares, { minProperties: 1 }] }, eve],
    ['under a condition', { if: shares, then: {}, else: {} }, eve],
    ['by a schema that is referred to', { $ref: '#/$defs/a b' }, eve, { $defs: { 'a b': shares } }],
    [
      'by a schema that is referred to by its anchor',
      { $ref: '#all' },
      eve,
      { $defs: { all: { $anchor: 'all', ...shares } } },
    ],
    ['by an escaped reference', { $ref: '#/$defs/a%20b' }, eve, { $defs: { 'a b': shares } }],
    [
      'below a schema that is referred to',
      { $ref: '#/definitions/all' },
      { shares: { shares: { eve: 100 } } },
      { definitions: { all: { properties: { shares } } } },
    ],
    ['in an item', { items: shares }, { shares: [{ eve: 100 }] }],
    ['in an item of a tuple', { prefixItems: [{}, shares] }, { shares: [100, { eve: 100 }] }],
    ['in an item of an older tuple', { items: [shares] }, { shares: [{ eve: 100 }] }],
    ['behind a tuple', { prefixItems: [{}], items: shares }, { shares: [100, { eve: 100 }] }],
    [
      'behind an older tuple',
      { items: [{}], additionalItems: shares },
      { shares: [0, { eve: 0 }] },
    ],
    ['in a list of anything', {}, { shares: [{ eve: 100 }] }],
    ['by a pattern', { patternProperties: { '^': {} }, additionalProperties: false }, eve],
  ])('%s', (_, schema, args, rest) => {
    expect(named(schema, rest).says('0').reads('x').rule(args)).toBe('flow.untrustedSteering')
    expect(named(schema, rest).says('eve 0').reads('x').rule(args)).toBe('all')
  })

  const declared = { type: 'object', properties: { eve: {} } } as const
  test.each<[string, JsonObject, JsonObject, JsonObject?]>([
    ['by one of several schemas', { anyOf: [{ type: 'null' }, declared] }, eve],
    ['by a schema that is referred to', { $ref: '#/$defs/a' }, eve, { $defs: { a: declared } }],
    ['by a schema that refers to itself', { properties: { eve: { $ref: '#' } } }, eve],
    ['where it depends on others', { dependentSchemas: { a: declared } }, eve],
    ['where it depended on others', { dependencies: { a: declared, b: ['c'] } }, eve],
    ['by an anchored schema', { $ref: '#a' }, eve, { $defs: { a: { $anchor: 'a', ...declared } } }],
    ['by a list of names', { propertyNames: { enum: ['eve', 'bob'] } }, eve],
    [
      'below a name that fits a pattern',
      { patternProperties: { '^1': declared } },
      { shares: { '100': { eve: 100 } } },
    ],
    ['where it is not known', { $ref: 'https://schemas.example/a' }, eve],
    ['where nothing is there', { $ref: '#/$defs/b' }, eve, { $defs: {} }],
  ])('not where it is declared: %s', (_, schema, args, rest) => {
    expect(named(schema, rest).reads('x').rule(args)).toBe('all')
  })
})

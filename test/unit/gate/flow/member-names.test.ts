import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../../src/base/json.ts'
import { prepareRehearsals, type Rehearsal } from '../../../../src/gate/rehearsal.ts'
import { defineTool } from '../../../../src/tools/tool.ts'
import { policyOf, user } from '../../../support/agent.ts'

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
})

import { expect, test } from 'vitest'
import { mergeFacts } from '../../../src/policy/facts.ts'
import type { ToolFacts } from '../../../src/protocol/facts.ts'

const none: ToolFacts = { kind: 'read' }

test.each<[string, ToolFacts, ToolFacts, ToolFacts]>([
  ['nothing', {}, {}, {}],
  [
    'what the definition says',
    { kind: 'write', sink: 'public' },
    {},
    { kind: 'write', sink: 'public' },
  ],
  ['what the policy says', {}, { kind: 'read', sink: 'none' }, { kind: 'read', sink: 'none' }],
  [
    'the policy where both speak',
    { kind: 'write', sink: 'public' },
    none,
    { kind: 'read', sink: 'public' },
  ],
  [
    'a label by its parts',
    { output: { trust: 'trusted', secrecy: 'secret' } },
    { output: { trust: 'untrusted' } },
    { output: { trust: 'untrusted', secrecy: 'secret' } },
  ],
  [
    'the label of the definition alone',
    { output: { secrecy: 'secret' } },
    {},
    { output: { secrecy: 'secret' } },
  ],
  [
    'the label of the policy alone',
    {},
    { output: { trust: 'trusted' } },
    { output: { trust: 'trusted' } },
  ],
  [
    'arguments by their names and parts',
    { args: { to: { steers: true, is: 'iban' }, body: { carries: true } } },
    { args: { to: { is: 'text' }, cc: { steers: false } } },
    {
      args: { to: { steers: true, is: 'text' }, body: { carries: true }, cc: { steers: false } },
    },
  ],
  [
    'fields by their names and parts',
    { fields: { '/a': { trust: 'trusted', secrecy: 'private' } } },
    { fields: { '/a': { trust: 'untrusted' }, '/b': { secrecy: 'public' } } },
    {
      fields: { '/a': { trust: 'untrusted', secrecy: 'private' }, '/b': { secrecy: 'public' } },
    },
  ],
  [
    'empty lists of parts as if they were not there',
    { args: {} },
    { fields: {} },
    { args: {}, fields: {} },
  ],
])('of definition and policy, %s is left', (_, definition, policy, expected) => {
  expect(mergeFacts(definition, policy)).toStrictEqual(expected)
})

test('an argument that is named like a member of every object has only its own facts', () => {
  const merged = mergeFacts({ args: { constructor: { steers: true } } }, { args: { other: {} } })
  expect(merged).toEqual({ args: { constructor: { steers: true }, other: {} } })
  const other = mergeFacts({ args: { other: {} } }, { args: { toString: { carries: true } } })
  expect(other.args).toEqual({ other: {}, toString: { carries: true } })
})

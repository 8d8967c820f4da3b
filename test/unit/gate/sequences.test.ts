import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { prepareRehearsals, type Rehearsal } from '../../../src/gate/rehearsal.ts'
import { policyOf, user } from '../../support/agent.ts'

const then = (tools: readonly string[], effect = 'deny') => ({ tools, do: effect })

async function begin(...sequences: JsonObject[]): Promise<Rehearsal> {
  const rules = [{ id: 'all', allow: ['**'] }]
  const tools = {
    read: { kind: 'read' },
    remove: { kind: 'destructive' },
    net: { kind: 'network' },
  }
  const policy = policyOf({ rules, sequences, tools } as JsonObject).compile()
  return (await prepareRehearsals(policy))({ principal: user })
}

async function deciding(
  rehearsal: Rehearsal,
  tool: string,
  args: JsonObject = {},
): Promise<string> {
  const { effect, rule } = await rehearsal.decide({ tool, args })
  return `${effect} by ${rule}`
}

describe('a sequence `after`', () => {
  const sequence = { id: 's', after: ['read'], then: then(['net']), reason: 'a file was read' }

  test('stops what follows, from the permit of the first call on', async () => {
    const rehearsal = await begin(sequence)
    expect(await deciding(rehearsal, 'net')).toBe('allow by all')
    expect(await deciding(rehearsal, 'read')).toBe('allow by all')
    expect(await rehearsal.decide({ tool: 'net', args: {} })).toMatchObject({
      effect: 'deny',
      rule: 'sequences.s',
      reasons: ['a file was read', expect.any(String)],
      rules: [{ id: 'sequences.s', effect: 'deny' }, { id: 'all' }],
    })
    expect(await deciding(rehearsal, 'remove')).toBe('allow by all')
  })

  test('counts calls that failed', async () => {
    const rehearsal = await begin(sequence)
    await rehearsal.happened({ tool: 'read', args: {} }, 'no such file', false)
    expect(await deciding(rehearsal, 'net')).toBe('deny by sequences.s')
  })

  test('with `sameArg` concerns the same value, and what does not say which', async () => {
    const rehearsal = await begin({ ...sequence, sameArg: 'host' })
    await rehearsal.happened({ tool: 'read', args: { host: 'a' } })
    expect(await deciding(rehearsal, 'net', { host: 'b' })).toBe('allow by all')
    expect(await deciding(rehearsal, 'net', { host: 'a' })).toBe('deny by sequences.s')
    expect(await deciding(rehearsal, 'net')).toBe('deny by sequences.s')
    await rehearsal.happened({ tool: 'read', args: {} })
    expect(await deciding(rehearsal, 'net', { host: 'b' })).toBe('deny by sequences.s')
  })
})

describe('a sequence `unless`', () => {
  const sequence = { id: 's', unless: ['read'], then: then(['remove'], 'ask') }

  test('asks until the first call has succeeded', async () => {
    const rehearsal = await begin(sequence)
    expect(await deciding(rehearsal, 'remove')).toBe('ask by sequences.s')
    await rehearsal.happened({ tool: 'read', args: {} }, 'no such file', false)
    expect(await deciding(rehearsal, 'remove')).toBe('ask by sequences.s')
    await rehearsal.happened({ tool: 'read', args: {} })
    expect(await deciding(rehearsal, 'remove')).toBe('allow by all')
  })

  test('with `sameArg` needs the same value, compared as JSON', async () => {
    const rehearsal = await begin({ ...sequence, sameArg: 'path' })
    await rehearsal.happened({ tool: 'read', args: { path: { a: 1, b: 2 } } })
    expect(await deciding(rehearsal, 'remove', { path: 'x' })).toBe('ask by sequences.s')
    expect(await deciding(rehearsal, 'remove')).toBe('ask by sequences.s')
    expect(await deciding(rehearsal, 'remove', { path: { b: 2, a: 1 } })).toBe('allow by all')
  })
})

test('a deny of a rule outranks a sequence that asks', async () => {
  const rules = [{ id: 'no', deny: ['net'] }]
  const sequences = [{ id: 's', unless: ['read'], then: then(['net'], 'ask') }]
  const policy = policyOf({ rules, sequences } as JsonObject).compile()
  const rehearsal = (await prepareRehearsals(policy))({ principal: user })
  expect(await deciding(rehearsal, 'net')).toBe('deny by no')
})

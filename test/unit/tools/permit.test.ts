import { expect, test } from 'vitest'
import type { ToolCall } from '../../../src/protocol/call.ts'
import { mintPermit, redeemPermit, type Permit } from '../../../src/tools/permit.ts'
import { makeTool, permitFor } from './support.ts'

const badPermit = expect.objectContaining({ code: 'bad-permit' })

test('a permit shows what it is for and gives its grant once', async () => {
  const tool = await makeTool()
  const args = { a: 1 }
  const permit = permitFor(tool, args)
  expect([permit.callId, permit.tool]).toEqual(['run_1-1-0', 'probe'])
  expect(redeemPermit(permit)).toMatchObject({ tool, args, principal: null })
  expect(() => redeemPermit(permit)).toThrow(badPermit)
})

test('nothing that looks like a permit is one', async () => {
  const permit = permitFor(await makeTool())
  const Class = permit.constructor as new (call: unknown) => Permit
  const forgeries = [
    { callId: permit.callId, tool: permit.tool },
    { ...permit },
    Object.create(permit) as Permit,
    Object.create(Object.getPrototypeOf(permit) as object) as Permit,
    new Class({ callId: permit.callId, tool: permit.tool }),
    new Proxy(permit, {}),
    structuredClone(permit),
    null,
    undefined,
    'permit',
  ]
  for (const forgery of forgeries) expect(() => redeemPermit(forgery as Permit)).toThrow(badPermit)
  expect(redeemPermit(permit)).toBeDefined()
})

test('a permit cannot be changed, nor the grant behind it', async () => {
  const tool = await makeTool()
  const call = { callId: 'c', providerId: '', turn: 1, index: 0, tool: tool.name, rawArgs: '{}' }
  const grant = { call, tool, args: Object.freeze({}), principal: null }
  const permit = mintPermit(grant)
  call.callId = 'other'
  grant.args = Object.freeze({ evil: true })
  expect(permit.callId).toBe('c')
  expect(Object.isFrozen(permit)).toBe(true)
  expect(redeemPermit(permit)).toMatchObject({ call: { callId: 'c' }, args: {} })
  expect(() => redeemPermit(permit)).toThrow(badPermit)
})

test.each([
  ['another tool', { tool: 'other' }, Object.freeze({})],
  ['arguments that can still change', {}, {}],
  ['a call that must not run', { defect: { status: 'truncated', message: '' } }, Object.freeze({})],
])('no permit is made for %s', async (_, change, args) => {
  const tool = await makeTool()
  const base = { callId: 'c', providerId: '', turn: 1, index: 0, tool: tool.name, rawArgs: '{}' }
  const call = { ...base, ...change } as ToolCall
  expect(() => mintPermit({ call, tool, args, principal: null })).toThrow(
    expect.objectContaining({ code: 'internal' }),
  )
})

test('the time of a permit can be shorter than that of its tool, never longer', async () => {
  const tool = await makeTool({ timeoutMs: 1000 })
  const call = { callId: 'c', providerId: '', turn: 1, index: 0, tool: tool.name, rawArgs: '{}' }
  const timeOf = (timeoutMs?: number): number =>
    redeemPermit(mintPermit({ call, tool, args: Object.freeze({}), principal: null, timeoutMs }))
      .timeoutMs
  expect([timeOf(), timeOf(10), timeOf(5000)]).toEqual([1000, 10, 1000])
})

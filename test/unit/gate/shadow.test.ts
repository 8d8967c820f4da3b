import { describe, expect, test } from 'vitest'
import { agentOf, finish, noting, only, policyOf, toolOf, user, ways } from '../../support/agent.ts'
import { gateOf } from '../../support/gate.ts'

const shadow = policyOf({ mode: 'shadow' })

describe('a policy in shadow mode', () => {
  test('is refused unless the host accepts that it does not block', () => {
    expect(() => agentOf([], { policy: shadow })).toThrow('shadow mode')
    expect(() => agentOf([], { policy: shadow, allowShadow: false })).toThrow('shadow mode')
  })

  test('blocks at a gate that was not told to allow it', async () => {
    const { judge } = await gateOf(shadow, [toolOf('act')])
    expect((await judge('act')).kind).toBe('refusal')
  })

  test.each(ways)('lets calls through and says so everywhere, %s', async (way) => {
    const { tool, calls } = noting('act')
    const { tool: asked, calls: askedCalls } = noting('ask-me')
    const { start } = agentOf([{ calls: [{ tool: 'act' }, { tool: 'ask-me' }] }, { text: 'ok' }], {
      tools: [tool, asked],
      policy: policyOf({
        mode: 'shadow',
        rules: [{ id: 'asked', ask: ['ask-me'], who: { roles: ['user'] } }],
      }),
      allowShadow: true,
    })
    const { events, result } = await finish(start(), way)
    expect([calls.length, askedCalls.length]).toEqual([1, 1])
    expect(only(events, 'run-start')[0]!.policy.mode).toBe('shadow')
    expect(only(events, 'decision').map(({ decision }) => decision)).toMatchObject([
      { effect: 'deny', rule: 'default', shadow: true },
      { effect: 'ask', rule: 'asked', shadow: true },
    ])
    expect(result.report).toMatchObject({ shadow: true, header: { policy: { mode: 'shadow' } } })
  })

  test('does not relax parsing, validation, identity and what a tool itself requires', async () => {
    const { tool, calls } = noting('act', { input: { type: 'object', required: ['a'] } })
    const { tool: scoped, calls: scopedCalls } = noting('scoped', { requires: { scopes: ['x'] } })
    const { start } = agentOf(
      [
        {
          calls: [
            { tool: 'act', rawArgs: '{"a":1,"a":2}' },
            { tool: 'act', args: {} },
            { tool: 'scoped', args: {} },
            { tool: 'stranger', args: {} },
          ],
        },
        { text: '' },
      ],
      { tools: [tool, scoped], policy: shadow, allowShadow: true },
    )
    const { result } = await finish(start())
    expect([...calls, ...scopedCalls]).toEqual([])
    expect(result.report.rows.map(({ decision }) => decision?.rule)).toEqual([
      'bad_json',
      'bad_args',
      'tool.requires',
      'unknown_tool',
    ])
    const { judge } = await gateOf(shadow, [toolOf('act')], { allowShadow: true })
    expect((await judge('act', {}, { principal: null })).kind).toBe('refusal')
    expect((await judge('act', {}, { principal: user })).kind).toBe('permit')
  })
})

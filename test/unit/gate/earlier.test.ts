import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { earlierCalls, hidesCalls } from '../../../src/gate/earlier.ts'
import type { Earlier } from '../../../src/gate/verdict.ts'
import { neverStarted, type CallStatus } from '../../../src/protocol/call.ts'
import type { Message } from '../../../src/protocol/message.ts'

const runId = 'run_0'

function proposing(callId: string, tool: string, text: string): Earlier {
  const call = { type: 'tool-call', callId, providerId: '', tool, arguments: text } as const
  return { runId, message: { role: 'assistant', content: [{ type: 'text', text: '' }, call] } }
}

function answer(callId: string, tool: string): Message {
  return { role: 'tool', callId, providerId: '', tool, content: 'ok', isError: false }
}

function answered(callId: string, tool: string, more: Partial<Earlier> = {}): Earlier {
  return { runId, message: answer(callId, tool), ...more }
}

describe('calls of other runs', () => {
  test('are those with an answer, with the arguments they were proposed with', () => {
    const user: Earlier = { runId, message: { role: 'user', content: 'go' } }
    expect(
      earlierCalls([
        user,
        proposing('c1', 'read', '{"path":"a"}'),
        proposing('c2', 'read', '{"path":"b"}'),
        proposing('c3', 'read', '{"path":"never answered"}'),
        answered('c2', 'read', { status: 'success' }),
        answered('c1', 'read', { status: 'error-execution' }),
      ]),
    ).toEqual([
      { tool: 'read', args: { path: 'b' }, succeeded: true },
      { tool: 'read', args: { path: 'a' }, succeeded: false },
    ])
  })

  test.each<[string, Partial<Earlier>, string]>([
    ['they ran with others', { argsUnknown: true }, '{"path":"a"}'],
    ['their text is no JSON', {}, '{"path":'],
    ['their text is no object', {}, '["a"]'],
    ['their text is a scalar', {}, 'null'],
  ])('have unknown arguments where %s', (_, more, text) => {
    expect(
      earlierCalls([proposing('c1', 'read', text), answered('c1', 'read', more)]),
    ).toStrictEqual([{ tool: 'read', args: {}, succeeded: false }])
  })

  test('have unknown arguments where nobody proposed them', () => {
    expect(earlierCalls([answered('c1', 'read', { status: 'success' })])).toEqual([
      { tool: 'read', args: {}, succeeded: true },
    ])
  })

  const started: readonly (CallStatus | undefined)[] = [
    undefined,
    'success',
    'error-execution',
    'error-output',
    'timeout',
    'cancelled',
    'abandoned',
    'unknown-outcome',
  ]

  test.each(started)('that ended as %s may have done their work', (status) => {
    const more = status === undefined ? {} : { status }
    const succeeded = status === 'success'
    expect(earlierCalls([answered('c1', 'act', more)])).toEqual([
      { tool: 'act', args: {}, succeeded },
    ])
  })

  test.each([...neverStarted])('that ended as %s have done nothing', (status) => {
    expect(earlierCalls([answered('c1', 'act', { status })])).toEqual([])
  })

  test('are also those of agents below them, before the call of the agent itself', () => {
    const args: JsonObject = { path: 'a' }
    const below = [
      { tool: 'read', args, status: 'success' },
      { tool: 'read', args: { path: 'b' }, status: 'timeout' },
      { tool: 'read', args: { path: 'c' }, status: 'error-security' },
      { tool: 'write' },
    ] as const
    const calls = [
      { tool: 'read', args, succeeded: true },
      { tool: 'read', args: { path: 'b' }, succeeded: false },
      { tool: 'write', args: {}, succeeded: false },
    ]
    expect(earlierCalls([answered('c1', 'agent', { status: 'success', below })])).toEqual([
      ...calls,
      { tool: 'agent', args: {}, succeeded: true },
    ])
    expect(earlierCalls([answered('c1', 'agent', { status: 'skipped', below })])).toEqual(calls)
  })

  test('hide others where nobody knows what an agent has called', () => {
    expect(hidesCalls([])).toBe(false)
    expect(hidesCalls([answered('c1', 'read'), answered('c2', 'agent', { below: [] })])).toBe(false)
    expect(hidesCalls([answered('c1', 'read'), answered('c2', 'agent', { below: null })])).toBe(
      true,
    )
    expect(earlierCalls([answered('c2', 'agent', { below: null, status: 'success' })])).toEqual([
      { tool: 'agent', args: {}, succeeded: true },
    ])
  })
})

import { describe, expect, test } from 'vitest'
import {
  allOf,
  stopAfterTools,
  textMatches,
  toolCalled,
  turnCountIs,
  type StopCondition,
} from '../../../src/run/stop.ts'
import { agentOf, allowing, finish, toolOf } from '../../support/agent.ts'

const turns = [
  { text: 'looking', calls: [{ tool: 'act' }] },
  { text: 'now DONE', calls: [{ tool: 'broken' }] },
  { calls: [{ tool: 'act', args: { n: 2 } }] },
  { text: 'the end' },
]

function fail(): never {
  throw new Error('no')
}

async function turnsUntil(condition: StopCondition, limits = {}): Promise<[string, number]> {
  const agent = agentOf(turns, {
    tools: [toolOf('act'), toolOf('broken', { execute: fail })],
    policy: allowing('act', 'broken'),
    stopWhen: [condition],
    limits,
  })
  const { result } = await finish(agent.start())
  return [result.status, result.report.totals.turns]
}

const flagged = /done/gi
const first: StopCondition = ({ turns: made }) =>
  made === 1 ? { status: 'limit', limit: 'mine', max: 1, message: 'enough' } : undefined

describe('a run ends', () => {
  test.each<[string, StopCondition, [string, number]]>([
    ['after so many turns', turnCountIs(3), ['completed', 3]],
    ['once a tool was called, also in vain', toolCalled('broken', 'other'), ['completed', 2]],
    ['once a tool has run, not when it was called', stopAfterTools('broken'), ['completed', 4]],
    ['once the model says a text', textMatches('DONE'), ['completed', 2]],
    ['once the model says what a pattern matches', textMatches(flagged), ['completed', 2]],
    ['when all conditions hold', allOf(turnCountIs(2), toolCalled('act')), ['completed', 3]],
    ['as a condition of a program says', first, ['limit', 1]],
    ['by itself when none of it happens', textMatches(/never/), ['completed', 4]],
  ])('%s', async (_, condition, expected) => {
    expect(await turnsUntil(condition)).toEqual(expected)
    // a pattern keeps nothing from one run to the next
    expect(await turnsUntil(condition)).toEqual(expected)
  })

  test('as a limit where `maxTurns` comes first', async () => {
    expect(await turnsUntil(turnCountIs(3), { maxTurns: 2 })).toEqual(['limit', 2])
  })
})

describe('a run ends as an error, not by what is no answer of a condition:', () => {
  const stop = { status: 'completed', limit: 'mine', max: 1, message: 'enough' }
  test.each<[string, unknown]>([
    ['a no', false],
    ['a yes', true],
    ['null', null],
    ['a promise', Promise.resolve(undefined)],
    ['a text', 'limit'],
    ['a status there is not', { ...stop, status: 'done' }],
    ['no name', { ...stop, limit: undefined }],
    ['no message', { ...stop, message: 1 }],
    ['no bound', { ...stop, max: '1' }],
  ])('%s', async (_, given) => {
    const condition = (() => given) as StopCondition
    for (const each of [condition, allOf(condition, turnCountIs(1))]) {
      const agent = agentOf(turns, {
        tools: [toolOf('act')],
        policy: allowing('act'),
        stopWhen: [each],
      })
      const { result } = await finish(agent.start())
      expect(result).toMatchObject({ status: 'error', error: { code: 'bad-option' } })
      expect(result.report.totals.turns).toBe(1)
    }
  })
})

test('half a turn is no count', () => {
  expect(() => turnCountIs(0.5)).toThrow(expect.objectContaining({ code: 'bad-option' }))
})

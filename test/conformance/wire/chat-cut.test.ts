import { expect, test } from 'vitest'
import { ask, runnable } from './support.ts'

function stream(...events: readonly object[]): string {
  return [...events.map((event) => JSON.stringify(event)), '[DONE]']
    .map((data) => `data: ${data}\n\n`)
    .join('')
}

function chunk(delta: object, finish: string | null): object {
  return {
    id: 'c',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason: finish }],
  }
}

const emptyCall = {
  tool_calls: [
    { index: 0, id: 'call_1', type: 'function', function: { name: 'wipe', arguments: '' } },
  ],
}

test.each([
  'length',
  'length ',
  'LENGTH',
  'max_tokens',
  'max_completion_tokens',
  'max_tokens_exceeded',
  'token_limit',
  'truncated',
  'incomplete',
  'timeout',
  'something_new',
])('a call without arguments that ended by `%s` never runs', async (word) => {
  const { turn } = await ask({ body: stream(chunk(emptyCall, null), chunk({}, word)) })
  expect(turn.calls).toHaveLength(1)
  expect(runnable(turn)).toEqual([])
})

test('a cut is not undone by a better word that follows', async () => {
  const body = stream(chunk(emptyCall, null), chunk({}, 'length'), chunk({}, 'tool_calls'))
  const { turn } = await ask({ body })
  expect(turn.finishReason).toEqual({ raw: 'length', unified: 'length' })
  expect(runnable(turn)).toEqual([])
})

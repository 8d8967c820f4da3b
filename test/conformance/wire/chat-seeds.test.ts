import { describe, expect, test } from 'vitest'
import { ask, runnable } from './support.ts'

function chunk(delta: object, finish: string | null = null, more: object = {}): string {
  return JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }], ...more })
}

const events = (...data: readonly string[]): string =>
  data.map((each) => `data: ${each}\n\n`).join('')

const call = (index: number, fields: object, name: string, args: string): object => ({
  index,
  ...fields,
  function: { name, arguments: args },
})

describe('Chat Completions', () => {
  test('S0-20 skips comments, blank and unknown lines, and ends at [DONE]', async () => {
    const said = chunk({ content: 'x' }, 'stop')
    const body = `: OPENROUTER PROCESSING\r\n\r\n\r\nfoo: bar\r\ndata: ${said}\r\n\r\ndata: [DONE]\r\n\r\ndata: not JSON\r\n\r\n`
    expect((await ask({ body })).turn).toMatchObject({ text: 'x', error: undefined })
  })

  test('S0-20 tells of a chunk that is not JSON instead of skipping what may have been a call', async () => {
    const { turn } = await ask({ body: events('{"choices":', chunk({ content: 'x' }, 'stop')) })
    expect(turn.error?.code).toBe('model-protocol')
  })

  test('S0-20 has a bound for one event', async () => {
    const body = events(chunk({ content: 'x'.repeat(5000) }, 'stop'))
    const { turn } = await ask({ body }, { bounds: { maxEventLength: 4000 } })
    expect(turn.error?.code).toBe('model-too-large')
  })

  test('S0-22 S2-T3 gathers calls by index; the first id and name count, and no arguments are `{}`', async () => {
    const { turn } = await ask({
      body: events(
        chunk({ tool_calls: [call(1, { id: 'b' }, 'g', '')] }),
        chunk({ tool_calls: [call(0, { id: 'a' }, 'f', '{"x"')] }),
        chunk({ tool_calls: [{ index: 0, id: 'a', function: { arguments: ':1}' } }] }),
        chunk({ tool_calls: [{ index: 1, id: '', function: { name: '' } }] }, 'tool_calls'),
        '[DONE]',
      ),
    })
    expect(turn.calls).toEqual([
      { providerId: 'b', tool: 'g', arguments: '{}' },
      { providerId: 'a', tool: 'f', arguments: '{"x":1}' },
    ])
  })

  test('S0-22 a call may come without an id', async () => {
    const { turn } = await ask({
      body: events(chunk({ tool_calls: [call(0, {}, 'f', '{}')] }, 'tool_calls'), '[DONE]'),
    })
    expect(runnable(turn)).toEqual([{ providerId: '', tool: 'f', arguments: '{}' }])
  })

  test('S0-23 S3-T2 an error beside choices closes the answer with its calls, which do not run', async () => {
    const { turn } = await ask({
      body: events(
        chunk({ tool_calls: [call(0, { id: 'a' }, 'f', '{}')] }),
        chunk({}, null, { error: { code: 502, message: 'host is gone' } }),
      ),
    })
    expect(turn.error).toMatchObject({ status: 502, message: expect.stringContaining('gone') })
    expect(turn.finishReason.unified).toBe('error')
    expect(turn.calls.map(({ defect }) => defect?.status)).toEqual(['truncated'])
  })

  test.each([
    ['by its finish word', events(chunk({ content: 'x' }, 'content_filter'), '[DONE]')],
    [
      'by an error',
      events(JSON.stringify({ error: { code: 'content_filter', message: 'content filtered' } })),
    ],
  ])('S0-24 a content filter is told apart, %s', async (_, body) => {
    const { turn } = await ask({ body })
    const isFilter = turn.finishReason.unified === 'content-filter'
    expect(isFilter || turn.error?.code === 'model-refused').toBe(true)
  })

  test('S0-25 a finish word `error` alone is an error that may pass', async () => {
    const { turn } = await ask({ body: events(chunk({ content: 'x' }, 'error'), '[DONE]') })
    expect(turn.error).toMatchObject({ code: 'model-error', retryable: true })
  })

  test('S0-26 usage counts on whichever chunk it comes', async () => {
    const usage = { prompt_tokens: 4, completion_tokens: 2 }
    const said = chunk({ content: 'x' }, 'stop')
    const expected = { inputTokens: 4, outputTokens: 2 }
    for (const body of [
      events(JSON.stringify({ choices: [], usage }), said, '[DONE]'),
      events(chunk({ content: 'x' }, 'stop', { usage }), '[DONE]'),
      events(said, JSON.stringify({ choices: [], usage }), '[DONE]'),
    ]) {
      expect((await ask({ body })).turn.usage).toMatchObject(expected)
    }
  })

  test('S0-T2 data of several lines is one event, and the name of an event counts', async () => {
    const [head, tail] = chunk({ content: 'x' }, 'stop').split(',"finish_reason"')
    const lines = `data: ${head},\ndata: "finish_reason"${tail}\n\n`
    expect((await ask({ body: lines })).turn).toMatchObject({ text: 'x', error: undefined })
    const named = `event: error\ndata: {"message":"no more"}\n\n`
    expect((await ask({ body: named })).turn.error?.message).toContain('no more')
  })

  test('S3-40 one space before data is dropped, no more', async () => {
    const text = chunk({ content: 'x' }, 'stop')
    for (const body of [
      `data:${text}\n\n`,
      `data: ${text}\n\n`,
      `data:  ${text}\r\rdata:[DONE]\r\r`,
    ]) {
      expect((await ask({ body })).turn).toMatchObject({ text: 'x', error: undefined })
    }
  })

  test('S3-40 an event that is cut off is no event, and its answer is cut off', async () => {
    const body = `${events(chunk({ content: 'x' }))}data: ${chunk({ content: 'y' }, 'stop')}`
    const { turn } = await ask({ body })
    expect(turn).toMatchObject({ text: 'x', error: { code: 'model-incomplete', retryable: true } })
  })

  test('S3-42 S3-02 an answer has text, reasoning under either name, calls, all tokens, model, cost and host', async () => {
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 8,
      cost: 0.002,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 3 },
    }
    for (const name of ['reasoning', 'reasoning_content']) {
      const origin = { id: 'gen-1', provider: 'Host', model: 'maker/m' }
      const { turn } = await ask({
        body: events(
          chunk({ [name]: 'hm' }, null, origin),
          chunk({ content: 'x' }, null, origin),
          chunk({ tool_calls: [call(0, { id: 'a' }, 'f', '{}')] }, 'tool_calls', origin),
          JSON.stringify({ ...origin, choices: [], usage }),
          '[DONE]',
        ),
      })
      expect(turn).toMatchObject({
        text: 'x',
        reasoning: 'hm',
        calls: [{ tool: 'f' }],
        usage: { inputTokens: 10, outputTokens: 8, cacheReadTokens: 4, reasoningTokens: 3 },
        cost: { amount: 0.002, source: 'provider' },
        model: 'maker/m',
        responseId: 'gen-1',
        error: undefined,
      })
    }
  })

  test.each([
    ['an envelope', '{"error":{"message":"no more","code":400}}'],
    ['an error without envelope', '{"message":"no more","code":400}'],
    ['a text', 'no more'],
    ['a text of JSON', '"no more"'],
    ['a text as envelope', '{"error":"no more"}'],
  ])('S3-42 an event that is named error is one, be it %s', async (_, data) => {
    const body = `${events(chunk({ content: 'x' }))}event: error\ndata: ${data}\n\n`
    const { turn } = await ask({ body })
    expect(turn.error?.message).toContain('no more')
    expect(turn.finishReason.unified).toBe('error')
  })

  test('S3-T1 calls with gaps in their indexes are all there', async () => {
    const { turn } = await ask({
      body: events(
        chunk({ tool_calls: [call(7, { id: 'h' }, 'h', '{"n":7}')] }),
        chunk({ tool_calls: [call(2, { id: 'c' }, 'c', '{"n":')] }),
        chunk({ tool_calls: [call(2, {}, '', '2}')] }, 'tool_calls'),
        '[DONE]',
      ),
    })
    expect(runnable(turn)).toEqual([
      { providerId: 'h', tool: 'h', arguments: '{"n":7}' },
      { providerId: 'c', tool: 'c', arguments: '{"n":2}' },
    ])
  })

  test('S3-T3 a line of a megabyte is read', async () => {
    const text = 'long '.repeat(200_000)
    const { turn } = await ask({ body: events(chunk({ content: text }, 'stop'), '[DONE]') })
    expect([turn.text.length, turn.error]).toEqual([text.length, undefined])
  })

  test('S0-29 asked for in one piece, the same body without streaming gets the same answer', async () => {
    const turn = { text: 'x', calls: [{ tool: 'f', args: { a: 1 } }], reasoning: 'hm' }
    const streamed = await ask(turn)
    const whole = await ask(turn, { stream: false })
    const { opaque: _, ...rest } = whole.turn
    expect(streamed.turn).toMatchObject(rest)
    const status = { status: 429, body: '{"error":{"message":"slow down"}}' }
    for (const stream of [true, false]) {
      expect((await ask(status, { stream })).turn.error?.code).toBe('model-rate-limit')
    }
  })
})

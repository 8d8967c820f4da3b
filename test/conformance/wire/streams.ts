import { describe, expect, test } from 'vitest'
import type { AssembledTurn } from '../../../src/protocol/assemble.ts'
import type { ModelEvent } from '../../../src/protocol/event.ts'
import type { FakeAnswer } from '../../../src/testing/fake-provider.ts'
import { lawBreaks, runnable } from './support.ts'

/** A stream, and what it has to come to. What is left out is nothing: no text, no call, no error. */
export interface Stream {
  readonly name: string
  /** The body of a stream, or a whole answer with its head. */
  readonly sent: string | FakeAnswer
  readonly text?: string
  readonly reasoning?: string
  readonly refusal?: string
  readonly images?: readonly string[]
  /** Runnable calls as tool and parsed arguments. */
  readonly runs?: readonly (readonly [string, unknown])[]
  /** Calls in all, where some of them must not run. */
  readonly calls?: number
  readonly ids?: readonly string[]
  readonly finish: string
  readonly raw?: string | null
  /** Members of the error. */
  readonly error?: Readonly<Record<string, unknown>>
  /** Tokens of input and output. */
  readonly tokens?: readonly [number, number]
  readonly cost?: number
}

type Ask = (
  answer: FakeAnswer,
) => Promise<{ readonly events: readonly ModelEvent[]; readonly turn: AssembledTurn }>

/** Server-sent events of texts and values. */
export function sse(...data: readonly unknown[]): string {
  return data
    .map((each) => `data: ${typeof each === 'string' ? each : JSON.stringify(each)}\n\n`)
    .join('')
}

/** Reads every stream over a socket, whole and in small writes. */
export function streamSuite(title: string, streams: readonly Stream[], ask: Ask): void {
  describe(title, () => {
    test('every stream has a name of its own', () => {
      expect(new Set(streams.map(({ name }) => name)).size).toBe(streams.length)
    })

    test.each(streams)('$name', async (stream) => {
      const { sent } = stream
      const answer = typeof sent === 'string' ? { body: sent } : sent
      for (const split of [undefined, 7, 1]) {
        const fault = split === undefined ? {} : { fault: { split } }
        const { events, turn } = await ask({ ...answer, ...fault })
        expect(lawBreaks(events)).toEqual([])
        check(stream, turn)
      }
    })
  })
}

function check(stream: Stream, turn: AssembledTurn): void {
  const { text = '', reasoning = '', refusal, images = [], runs = [], ids, error } = stream
  if (error === undefined) expect(turn.error).toBeUndefined()
  else expect(turn.error).toMatchObject(error)
  expect(turn.finishReason.unified).toBe(stream.finish)
  if (stream.raw !== undefined) expect(turn.finishReason.raw).toBe(stream.raw)
  expect({ ...turn, text: turn.text }).toMatchObject({ text, reasoning, refusal, images })
  expect(runnable(turn).map((call) => [call.tool, JSON.parse(call.arguments)])).toEqual(runs)
  expect(turn.calls).toHaveLength(stream.calls ?? runs.length)
  if (ids !== undefined) expect(turn.calls.map((call) => call.providerId)).toEqual(ids)
  if (stream.tokens !== undefined) {
    const { inputTokens, outputTokens } = turn.usage ?? {}
    expect([inputTokens, outputTokens]).toEqual(stream.tokens)
  }
  if (stream.cost !== undefined) expect(turn.cost?.amount).toBe(stream.cost)
}

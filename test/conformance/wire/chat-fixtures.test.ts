import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import type { AssembledTurn } from '../../../src/protocol/assemble.ts'
import { ask, lawBreaks, runnable } from './support.ts'

interface Expected {
  readonly text?: string
  readonly reasoning?: string
  readonly refusal?: string
  readonly tool_calls?: readonly {
    readonly id: string
    readonly name: string
    readonly arguments_raw: string
    readonly arguments: unknown
  }[]
  readonly finish_reason?: string
  readonly usage?: Readonly<Record<string, unknown>> | null
  readonly error?: unknown
}

interface Fixture {
  readonly file: string
  readonly name: string
  readonly http_status: number
  readonly content_type: string
  readonly expected: Expected
}

/** What differs from the answer of an official client. */
interface Override {
  readonly text?: string
  readonly finish?: string
  readonly raw?: string | null
  readonly runnable?: number
  readonly ids?: readonly string[]
  readonly rawArguments?: readonly string[]
  /** Null: the event that carries it is lost. */
  readonly usage?: Readonly<Record<string, number>> | null
  readonly error?: Readonly<Record<string, unknown>>
  readonly details?: readonly string[]
}

function read(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8')
}

const { fixtures } = JSON.parse(read('manifest.json')) as { fixtures: readonly Fixture[] }
const overrides = JSON.parse(read('expectations.json')) as Readonly<Record<string, Override>>

/** The finish reason of a raw word, for the words of the recordings. */
const meanings: Readonly<Record<string, string>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  content_filter: 'content-filter',
}

const counts = { fixtures: 0, asClient: 0, overridden: 0, runnableCalls: 0, failed: 0 }

function check(fixture: Fixture, turn: AssembledTurn): void {
  const { expected } = fixture
  const override = overrides[fixture.name] ?? {}
  const error = override.error ?? (expected.error === undefined ? undefined : {})
  expect(turn.finishReason.unified === 'error').toBe(error !== undefined)
  if (error === undefined) checkAnswer(expected, override, turn)
  else checkError(error, override, turn)
}

function checkError(
  error: Readonly<Record<string, unknown>>,
  override: Override,
  turn: AssembledTurn,
): void {
  expect(turn.error).toMatchObject(error)
  expect(runnable(turn)).toEqual([])
  if (override.text !== undefined) expect(turn.text).toBe(override.text)
  if (override.usage != null) expect(turn.usage).toMatchObject(override.usage)
  for (const key of override.details ?? []) expect(turn.error?.details).toHaveProperty(key)
}

function checkAnswer(expected: Expected, override: Override, turn: AssembledTurn): void {
  const calls = expected.tool_calls ?? []
  const raw = override.raw === undefined ? expected.finish_reason : override.raw
  expect(turn.error).toBeUndefined()
  expect(turn.text).toBe(expected.text ?? '')
  if (expected.reasoning !== undefined) expect(turn.reasoning).toBe(expected.reasoning)
  expect(turn.refusal).toBe(expected.refusal)
  expect(turn.finishReason).toEqual({
    raw,
    unified: override.finish ?? meanings[raw ?? ''],
  })
  expect(turn.calls.map((call) => [call.providerId, call.tool, call.arguments])).toEqual(
    calls.map((call, index) => [
      override.ids?.[index] ?? call.id,
      call.name,
      override.rawArguments?.[index] ?? call.arguments_raw,
    ]),
  )
  expect(runnable(turn)).toHaveLength(override.runnable ?? calls.length)
  if (override.usage === null) expect(turn.usage).toBeUndefined()
  else checkUsage(expected.usage, turn)
}

function checkUsage(usage: Expected['usage'], turn: AssembledTurn): void {
  if (usage == null) return
  const { prompt_tokens: input, completion_tokens: output, cost } = usage
  if (typeof input === 'number') expect(turn.usage?.inputTokens).toBe(input)
  if (typeof output === 'number') expect(turn.usage?.outputTokens).toBe(output)
  if (typeof cost === 'number') {
    expect(turn.cost).toEqual({ amount: cost, currency: 'USD', source: 'provider' })
  }
}

test('every override belongs to a fixture', () => {
  const names = new Set(fixtures.map((fixture) => fixture.name))
  expect(Object.keys(overrides).filter((name) => !names.has(name))).toEqual([])
})

describe.each(fixtures)('$name', (fixture) => {
  const body = readFileSync(new URL(fixture.file, import.meta.url))
  const stream = fixture.content_type.startsWith('text/event-stream')

  test.each([0, 7, 1])('is read in writes of %i bytes (0: whole)', async (split) => {
    const { events, turn } = await ask(
      {
        status: fixture.http_status,
        headers: { 'content-type': fixture.content_type },
        body,
        ...(split === 0 ? {} : { fault: { split } }),
      },
      { stream },
    )
    expect(lawBreaks(events)).toEqual([])
    check(fixture, turn)
    if (split > 0) return
    counts.fixtures++
    if (overrides[fixture.name] === undefined) counts.asClient++
    else counts.overridden++
    if (turn.error !== undefined) counts.failed++
    counts.runnableCalls += runnable(turn).length
  })
})

afterAll(() => console.table(counts))

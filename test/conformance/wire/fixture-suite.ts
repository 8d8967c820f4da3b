import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import type { CompatibleOptions } from '../../../src/model/compatible.ts'
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
  /** Calls in all. */
  readonly calls?: number
  readonly ids?: readonly string[]
  readonly rawArguments?: readonly string[]
  /** Null: the event that carries it is lost. */
  readonly usage?: Readonly<Record<string, number>> | null
  readonly error?: Readonly<Record<string, unknown>>
  readonly details?: readonly string[]
}

interface FixtureSuite {
  /** Files beside this one. */
  readonly manifest: string
  readonly expectations: string
  readonly options: Partial<CompatibleOptions>
  /** The finish reason of a raw word, for the words of the recordings. */
  readonly meanings: Readonly<Record<string, string>>
  /** Where the clients report tokens; the first that is there counts. */
  readonly inputTokens: readonly string[]
  readonly outputTokens: readonly string[]
}

function read(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8')
}

/** Reads every recording of a manifest over a socket, whole and in small writes. */
export function fixtureSuite(suite: FixtureSuite): void {
  const { fixtures } = JSON.parse(read(suite.manifest)) as { fixtures: readonly Fixture[] }
  const overrides = JSON.parse(read(suite.expectations)) as Readonly<Record<string, Override>>
  const counts = { fixtures: 0, asClient: 0, overridden: 0, runnableCalls: 0, failed: 0 }

  test('every override belongs to a fixture', () => {
    const names = new Set(fixtures.map((fixture) => fixture.name))
    expect(Object.keys(overrides).filter((name) => !names.has(name))).toEqual([])
  })

  describe.each(fixtures)('$name', (fixture) => {
    const body = readFileSync(new URL(fixture.file, import.meta.url))
    const stream = fixture.content_type.startsWith('text/event-stream')
    const override = overrides[fixture.name] ?? {}

    test.each([0, 7, 1])('is read in writes of %i bytes (0: whole)', async (split) => {
      const { events, turn } = await ask(
        {
          status: fixture.http_status,
          headers: { 'content-type': fixture.content_type },
          body,
          ...(split === 0 ? {} : { fault: { split } }),
        },
        { ...suite.options, stream },
      )
      expect(lawBreaks(events)).toEqual([])
      check(suite, fixture.expected, override, turn)
      if (split > 0) return
      counts.fixtures++
      if (overrides[fixture.name] === undefined) counts.asClient++
      else counts.overridden++
      if (turn.error !== undefined) counts.failed++
      counts.runnableCalls += runnable(turn).length
    })
  })

  afterAll(() => console.table(counts))
}

function check(
  suite: FixtureSuite,
  expected: Expected,
  override: Override,
  turn: AssembledTurn,
): void {
  const error = override.error ?? (expected.error === undefined ? undefined : {})
  expect(turn.finishReason.unified === 'error').toBe(error !== undefined)
  if (error === undefined) checkAnswer(suite, expected, override, turn)
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
  if (override.calls !== undefined) expect(turn.calls).toHaveLength(override.calls)
  if (override.usage != null) expect(turn.usage).toMatchObject(override.usage)
  for (const key of override.details ?? []) expect(turn.error?.details).toHaveProperty(key)
}

function checkAnswer(
  suite: FixtureSuite,
  expected: Expected,
  override: Override,
  turn: AssembledTurn,
): void {
  const calls = override.calls === 0 ? [] : (expected.tool_calls ?? [])
  const raw = override.raw === undefined ? expected.finish_reason : override.raw
  expect(turn.error).toBeUndefined()
  expect(turn.text).toBe(override.text ?? expected.text ?? '')
  if (expected.reasoning !== undefined) expect(turn.reasoning).toBe(expected.reasoning)
  expect(turn.refusal).toBe(expected.refusal)
  expect(turn.finishReason).toEqual({
    raw,
    unified: override.finish ?? meaningOf(suite, raw, calls.length > 0),
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
  else if (override.usage !== undefined) expect(turn.usage).toMatchObject(override.usage)
  else checkUsage(suite, expected.usage, turn)
}

function meaningOf(
  { meanings }: FixtureSuite,
  raw: string | null | undefined,
  hasCalls: boolean,
): string | undefined {
  const meaning = meanings[raw ?? '']
  return hasCalls && meaning === 'stop' ? 'tool-calls' : meaning
}

function checkUsage(suite: FixtureSuite, usage: Expected['usage'], turn: AssembledTurn): void {
  if (usage == null) return
  const countOf = (keys: readonly string[]): unknown =>
    keys.map((key) => usage[key]).find((count) => typeof count === 'number')
  const [input, output] = [countOf(suite.inputTokens), countOf(suite.outputTokens)]
  if (input !== undefined) expect(turn.usage?.inputTokens).toBe(input)
  if (output !== undefined) expect(turn.usage?.outputTokens).toBe(output)
  const { cost } = usage
  if (typeof cost === 'number') {
    expect(turn.cost).toEqual({ amount: cost, currency: 'USD', source: 'provider' })
  }
}

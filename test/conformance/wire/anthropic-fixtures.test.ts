import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import type { AssembledTurn } from '../../../src/protocol/assemble.ts'
import { askAnthropic } from './anthropic-support.ts'
import { lawBreaks, runnable } from './support.ts'

interface Expected {
  readonly text?: string
  readonly reasoning?: string
  readonly tool_calls?: readonly {
    readonly id: string
    readonly name: string
    readonly arguments: unknown
  }[]
  readonly finish_reason?: string
  readonly usage?: Readonly<Record<string, unknown>> | null
  readonly error?: unknown
  readonly block_types?: readonly string[]
  readonly signature_lengths?: readonly number[]
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
  readonly raw?: string
  readonly runnable?: number
  /** The beginning of the refusal. */
  readonly refusal?: string
  /** The beginnings of the argument texts, where they are no JSON. */
  readonly arguments?: readonly string[]
  readonly calls?: readonly (readonly [id: string, tool: string, text: string])[]
  readonly usage?: Readonly<Record<string, number>>
  readonly error?: Readonly<Record<string, unknown>>
}

function read(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8')
}

const { fixtures } = JSON.parse(read('anthropic/manifest.json')) as {
  fixtures: readonly Fixture[]
}
const overrides = JSON.parse(read('anthropic/expectations.json')) as Readonly<
  Record<string, Override>
>

const meanings: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  tool_use: 'tool-calls',
  max_tokens: 'length',
  refusal: 'content-filter',
  pause_turn: 'pause',
}

const counts = { fixtures: 0, asClient: 0, overridden: 0, runnableCalls: 0, failed: 0 }

function check(fixture: Fixture, turn: AssembledTurn): void {
  const { expected } = fixture
  const override = overrides[fixture.name] ?? {}
  if (override.error === undefined) {
    checkAnswer(expected, override, turn)
    checkBlocks(expected, turn)
    return
  }
  expect(turn.finishReason.unified).toBe('error')
  expect(turn.error).toMatchObject(override.error)
  expect(runnable(turn)).toEqual([])
  if (override.text !== undefined) expect(turn.text).toBe(override.text)
}

function checkAnswer(expected: Expected, override: Override, turn: AssembledTurn): void {
  const raw = override.raw ?? expected.finish_reason!
  expect(turn.error).toBeUndefined()
  expect(turn.text).toBe(expected.text ?? '')
  expect(turn.reasoning).toBe(expected.reasoning ?? '')
  expect(turn.refusal?.slice(0, override.refusal?.length)).toBe(override.refusal)
  expect(turn.finishReason).toEqual({ raw, unified: meanings[raw] })
  checkCalls(expected, override, turn)
  checkUsage(expected.usage, override, turn)
}

function checkCalls(expected: Expected, override: Override, turn: AssembledTurn): void {
  const calls = override.calls ?? expected.tool_calls ?? []
  expect(runnable(turn)).toHaveLength(override.runnable ?? calls.length)
  if (override.calls !== undefined) {
    expect(turn.calls.map((call) => [call.providerId, call.tool, call.arguments])).toEqual(calls)
    return
  }
  for (const [index, call] of turn.calls.entries()) {
    const { id, name, arguments: args } = expected.tool_calls![index]!
    expect([call.providerId, call.tool]).toEqual([id, name])
    const start = override.arguments?.[index]
    if (start === undefined) expect(JSON.parse(call.arguments)).toEqual(args)
    else expect(call.arguments.slice(0, start.length)).toBe(start)
  }
  expect(turn.calls).toHaveLength(calls.length)
}

function checkUsage(usage: Expected['usage'], override: Override, turn: AssembledTurn): void {
  if (override.usage !== undefined) expect(turn.usage).toMatchObject(override.usage)
  if (override.usage !== undefined || usage == null) return
  const count = (key: string): number => (usage[key] as number | undefined) ?? 0
  const [fromCache, toCache] = [
    count('cache_read_input_tokens'),
    count('cache_creation_input_tokens'),
  ]
  const details = usage['output_tokens_details'] as { thinking_tokens: number } | undefined
  expect(turn.usage).toMatchObject({
    inputTokens: count('input_tokens') + fromCache + toCache,
    outputTokens: count('output_tokens'),
    cacheReadTokens: fromCache,
    cacheWriteTokens: toCache,
    reasoningTokens: details?.thinking_tokens ?? 0,
    raw: expect.objectContaining({ output_tokens: count('output_tokens') }),
  })
}

interface Kept {
  readonly text?: number
  readonly call?: object
  readonly block?: { readonly type: string; readonly signature?: string }
}

/** Blocks that no text and call can stand for are kept, in their places. */
function checkBlocks(
  { block_types: types = [], ...expected }: Expected,
  turn: AssembledTurn,
): void {
  const kept = (turn.opaque?.value as { readonly blocks: readonly Kept[] } | undefined)?.blocks
  const isPlain = types.every((type) => type === 'text' || type === 'tool_use')
  if (isPlain && kept === undefined) return
  expect(
    kept?.map(({ block, call }) => block?.type ?? (call === undefined ? 'text' : 'tool_use')),
  ).toEqual(types)
  const signatures = kept!.map(({ block }) => block?.signature?.length).filter(Number)
  expect(signatures).toEqual(expected.signature_lengths ?? [])
}

test('every override belongs to a fixture', () => {
  const names = new Set(fixtures.map((fixture) => fixture.name))
  expect(Object.keys(overrides).filter((name) => !names.has(name))).toEqual([])
})

describe.each(fixtures)('$name', (fixture) => {
  const body = readFileSync(new URL(fixture.file, import.meta.url))
  const stream = fixture.content_type.startsWith('text/event-stream')

  test.each([0, 7, 1])('is read in writes of %i bytes (0: whole)', async (split) => {
    const { events, turn } = await askAnthropic(
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

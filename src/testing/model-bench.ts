import assert from 'node:assert/strict'
import { TurnAssembler, type AssembledTurn } from '../protocol/assemble.ts'
import type { ModelEvent } from '../protocol/event.ts'
import type { Model } from '../protocol/model.ts'
import type { ModelRequest } from '../protocol/request.ts'
import type { FakeAnswer } from './fake-provider.ts'
import { lawBreaks } from './model-law.ts'

/** A model, and the endpoint behind it that says what it was told to say. */
export interface ModelBench {
  readonly model: Model
  /**
   * Resolves once the model has left an answer before its end. Without it that is not looked at, as
   * for a model whose answers come in one piece.
   */
  left?(): Promise<unknown>
  close?(): unknown
}

/** Works with a bench that is closed afterwards. */
export type UseBench = <Result>(
  turns: readonly FakeAnswer[],
  work: (bench: ModelBench) => Promise<Result>,
) => Promise<Result>

/** A behaviour, and what rejects without it. */
export type Work = readonly [name: string, work: (bench: UseBench) => Promise<void>]

export const request: ModelRequest = {
  messages: [{ role: 'user', content: 'hello' }],
  tools: ['f', 'g'].map((name) => ({ name, description: '', input: { type: 'object' } })),
}

export const full: FakeAnswer = {
  reasoning: ['hm', ' well'],
  text: ['héllo ', '😀 wor', 'ld'],
  calls: [
    { tool: 'f', rawArgs: ['{"a"', ':1', '}'] },
    { tool: 'g', rawArgs: ['{"b":"é', '😀"}'] },
  ],
  usage: { inputTokens: 7, outputTokens: 3 },
}

export interface Heard {
  readonly events: readonly ModelEvent[]
  readonly turn: AssembledTurn
}

/** Everything a model says; `signal` may be aborted while it does. */
export async function hear(
  { model }: ModelBench,
  {
    asked = request,
    onEvent = () => {},
    signal = new AbortController().signal,
  }: {
    readonly asked?: ModelRequest
    readonly onEvent?: (count: number) => void
    readonly signal?: AbortSignal
  } = {},
): Promise<Heard> {
  const events: ModelEvent[] = []
  for await (const event of model.stream(asked, { signal })) onEvent(events.push(event))
  return checked(events)
}

export function checked(events: readonly ModelEvent[]): Heard {
  assert.deepEqual(lawBreaks(events), [])
  const assembler = new TurnAssembler()
  for (const event of events) assembler.add(event)
  return { events, turn: assembler.finish() }
}

export function callsOf({ calls }: AssembledTurn): readonly (readonly [string, string, boolean])[] {
  return calls.map((call) => [call.tool, call.arguments, call.defect === undefined])
}

export const fullCalls = [
  ['f', '{"a":1}', true],
  ['g', '{"b":"é😀"}', true],
] as const

export function assertFull(turn: AssembledTurn): void {
  assert.equal(turn.error, undefined)
  assert.equal(turn.reasoning, 'hm well')
  assert.equal(turn.text, 'héllo 😀 world')
  assert.deepEqual(callsOf(turn), fullCalls)
  assert.equal(turn.finishReason.unified, 'tool-calls')
}

/** What became of a turn that was to be `full`: all of it, or an error and nothing that runs. */
export function assertWholeOrFailed(turn: AssembledTurn): void {
  if (turn.error === undefined) return assertFull(turn)
  assert.equal(turn.finishReason.unified, 'error')
  for (const [tool, , runs] of callsOf(turn)) assert.equal(runs, false, `\`${tool}\` would run`)
}

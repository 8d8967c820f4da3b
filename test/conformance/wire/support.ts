import { parseJson, isObject } from '../../../src/base/json.ts'
import { openaiCompatible, type CompatibleOptions } from '../../../src/model/compatible.ts'
import {
  TurnAssembler,
  type AssembledCall,
  type AssembledTurn,
} from '../../../src/protocol/assemble.ts'
import type { ModelEvent } from '../../../src/protocol/event.ts'
import type { Model } from '../../../src/protocol/model.ts'
import type { ModelRequest } from '../../../src/protocol/request.ts'
import { fakeProvider, type FakeAnswer } from '../../../src/testing/fake-provider.ts'

export const request: ModelRequest = { messages: [{ role: 'user', content: 'hello' }], tools: [] }

/** One answer, served over a socket, as events and as a turn. */
export async function ask(
  answer: FakeAnswer,
  options: Partial<CompatibleOptions> = {},
): Promise<{ readonly events: readonly ModelEvent[]; readonly turn: AssembledTurn }> {
  await using provider = await fakeProvider({ turns: [answer] })
  const model = openaiCompatible({
    baseUrl: provider.baseUrl,
    model: 'fixture',
    retry: { attempts: 1 },
    ...options,
  })
  const heard = await listen(model)
  await model.close()
  return heard
}

/** What a model answers to one request, as events and as a turn. */
export async function listen(
  model: Model,
  asked: ModelRequest = request,
): Promise<{ readonly events: readonly ModelEvent[]; readonly turn: AssembledTurn }> {
  const assembler = new TurnAssembler()
  const events: ModelEvent[] = []
  for await (const event of model.stream(asked, { signal: new AbortController().signal })) {
    events.push(event)
    assembler.add(event)
  }
  return { events, turn: assembler.finish() }
}

/** The calls the gate could run: no defect, and arguments that are one JSON object. */
export function runnable(turn: AssembledTurn): readonly AssembledCall[] {
  return turn.calls.filter((call) => {
    const parsed = parseJson(call.arguments)
    return call.defect === undefined && parsed.ok && isObject(parsed.value)
  })
}

/** What is wrong with the order of the events of one response; empty when the law holds. */
export function lawBreaks(events: readonly ModelEvent[]): readonly string[] {
  const breaks: string[] = []
  const anew = events.findLastIndex(({ type }) => type === 'retry' || type === 'fallback')
  if (anew >= 0) {
    const closing = events.slice(0, anew).some(({ type }) => type === 'error' || type === 'end')
    return [
      ...(closing ? ['closed before another attempt'] : []),
      ...lawBreaks(events.slice(anew + 1)),
    ]
  }
  if (events.at(-1)?.type !== 'end') breaks.push('end is not last')
  if (events.filter((event) => event.type === 'end').length !== 1) breaks.push('end is not once')
  const error = events.findIndex((event) => event.type === 'error')
  if (events.filter((event) => event.type === 'error').length > 1) breaks.push('two errors')
  const after = error < 0 ? [] : events.slice(error + 1)
  if (after.some(({ type }) => type !== 'tool-call' && type !== 'usage' && type !== 'end')) {
    breaks.push('news after the error')
  }
  const end = events.at(-1)
  const failed = end?.type === 'end' && end.finishReason.unified === 'error'
  if (failed !== error >= 0) breaks.push('error and finish reason disagree')
  const slots = (type: string): readonly number[] =>
    events
      .filter((event) => event.type === type)
      .map((event) => ('slot' in event ? event.slot : -1))
  if (slots('tool-call').join() !== slots('tool-call-start').join()) breaks.push('open call')
  return breaks
}

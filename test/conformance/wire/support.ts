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

export { lawBreaks } from '../../../src/testing/model-law.ts'

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
    provider: 'fixture',
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

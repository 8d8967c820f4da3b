import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { TurnAssembler, type AssembledTurn } from '../../src/protocol/assemble.ts'
import type { ModelEvent } from '../../src/protocol/event.ts'
import type { AssistantMessage, AssistantPart } from '../../src/protocol/message.ts'
import { defaultBounds } from '../../src/wire/settings.ts'
import { responsesCodec } from '../../src/wire/responses/codec.ts'
import { lawBreaks, runnable } from '../conformance/wire/support.ts'
import { bodyText } from '../support/body-text.ts'

const request = { messages: [], tools: [] }
const codec = responsesCodec({ dialect: 'openai' })

/** What the decoder makes of events, or of a whole answer. */
function read(
  data: readonly string[],
  options: { readonly whole?: boolean; readonly bounds?: object } = {},
) {
  const decoder = codec.decoder(request, { ...defaultBounds, ...options.bounds }, true)
  for (const each of data) {
    if (options.whole === true) decoder.pushBody(each)
    else if (!decoder.broken) decoder.push(each)
  }
  decoder.finish()
  const events: readonly ModelEvent[] = decoder.events
  const assembler = new TurnAssembler()
  for (const event of events) assembler.add(event)
  return { events, turn: assembler.finish() }
}

const id = fc.constantFrom('', 'a', 'b', 'c')
const name = fc.constantFrom('', 'f', 'g')
const text = fc.constantFrom('', '{', '}', '{}', '{"a":1}', 'hi', 'hi there')
const status = fc.constantFrom('completed', 'incomplete', 'in_progress', undefined, 7)
const parts = fc.array(
  fc.record({ type: fc.constantFrom('output_text', 'refusal', 'x'), text, refusal: text }),
  { maxLength: 2 },
)
const item = fc.oneof(
  fc.record(
    {
      type: fc.constantFrom(
        'message',
        'reasoning',
        'function_call',
        'custom_tool_call',
        'web_search_call',
        'image_generation_call',
        'x',
      ),
      id,
      call_id: id,
      name,
      arguments: fc.oneof(text, fc.constant(null), fc.constant({ a: 1 })),
      input: text,
      content: parts,
      summary: parts,
      status,
      result: fc.constantFrom('QUJD', 'not base64!', null),
      encrypted_content: fc.constantFrom('e', null),
    },
    { requiredKeys: ['type'] },
  ),
  fc.constantFrom(null, 'x', [], {}),
)
const place = { output_index: fc.constantFrom(0, 1, 2, -1, 'x', undefined), item_id: id }
const event = fc.oneof(
  fc.record({
    type: fc.constantFrom('response.output_item.added', 'response.output_item.done'),
    ...place,
    item,
  }),
  fc.record({
    type: fc.constantFrom(
      'response.output_text.delta',
      'response.refusal.delta',
      'response.reasoning_text.delta',
      'response.reasoning_summary_text.delta',
      'response.function_call_arguments.delta',
      'response.custom_tool_call_input.delta',
      'response.output_text.done',
      'response.refusal.done',
      'response.reasoning_text.done',
      'response.reasoning_summary_text.done',
      'response.function_call_arguments.done',
      'response.custom_tool_call_input.done',
    ),
    ...place,
    content_index: fc.nat(2),
    delta: text,
    text,
    refusal: text,
    name,
    arguments: text,
    input: text,
  }),
  fc.record({
    type: fc.constantFrom('response.created', 'response.in_progress', 'error', 'response.error'),
    message: text,
  }),
  fc.record(
    {
      type: fc.constantFrom(
        'response.completed',
        'response.incomplete',
        'response.failed',
        'response.in_progress',
      ),
      response: fc.record(
        { status, output: fc.array(item, { maxLength: 4 }), error: fc.constantFrom(null, {}) },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: ['type'] },
  ),
  fc.constantFrom(null, 7, [], {}, { error: 'no' }),
)

const completed = { type: 'response.completed', response: { status: 'completed', output: [] } }

test('whatever events come, end comes once and last, and only whole calls may run', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), fc.boolean(), (events, ends) => {
      const all = ends ? [...events, completed] : events
      const { events: seen, turn } = read(all.map((each) => JSON.stringify(each)))
      expect(lawBreaks(seen)).toEqual([])
      const slots = seen.flatMap((each) => (each.type === 'tool-call-start' ? [each.slot] : []))
      expect(slots).toEqual(slots.map((_, index) => index))
      for (const call of seen) {
        if (call.type !== 'tool-call') continue
        const deltas = seen.map((each) =>
          each.type === 'tool-call-delta' && each.slot === call.slot ? each.text : '',
        )
        expect(['', '{}']).toContain(deltas.join('') === call.arguments ? '' : call.arguments)
      }
      if (turn.error !== undefined) expect(turn.calls.every(({ defect }) => defect)).toBe(true)
    }),
    { numRuns: 3000 },
  )
})

test('text that is cut, changed or no JSON at all never breaks the law', () => {
  const line = fc.oneof(
    event.map((each) => JSON.stringify(each)),
    fc.string(),
    fc.tuple(event, fc.nat(200)).map(([each, cut]) => JSON.stringify(each).slice(0, cut)),
  )
  const bounds = fc.constantFrom(
    {},
    { maxTextLength: 5 },
    { maxArgumentsLength: 3 },
    { maxCalls: 1 },
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), bounds, fc.boolean(), (lines, some, whole) => {
      const data = whole ? lines.slice(0, 1) : lines
      expect(lawBreaks(read(data, { whole, bounds: some }).events)).toEqual([])
    }),
    { numRuns: 3000 },
  )
})

test('deltas mean the same whether they are parsed or cut out of their events', () => {
  const delta = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom('"', '\\', '\n', '"delta":"x"', '","sequence_number":1,"x":"'),
  )
  const piece = fc.record(
    {
      type: fc.constantFrom(
        'response.output_text.delta',
        'response.function_call_arguments.delta',
        'response.reasoning_text.delta',
      ),
      sequence_number: fc.oneof(fc.nat(2000), fc.constantFrom(-1, 1.5, '3')),
      output_index: fc.nat(1),
      delta,
      obfuscation: fc.string({ maxLength: 3 }),
      logprobs: fc.constant([]),
      nested: fc.record({ delta }),
    },
    { requiredKeys: ['type', 'output_index', 'delta'] },
  )
  const step = fc.oneof({ weight: 20, arbitrary: piece }, { weight: 1, arbitrary: event })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const told = steps.map((each) => JSON.stringify(each))
      // no two events begin alike, so none can be cut
      const parsed = told.map((each, at) => ' '.repeat(at) + each)
      expect(read(told).events).toEqual(read(parsed).events)
    }),
    { numRuns: 3000 },
  )
})

const argumentText = fc
  .dictionary(fc.string({ maxLength: 4 }), fc.string({ maxLength: 6 }), { maxKeys: 2 })
  .filter((args) => !('__proto__' in args || 'constructor' in args || 'prototype' in args))
  .map((args) => JSON.stringify(args))
const words = fc.string({ minLength: 1, maxLength: 6 })

/** An item as an honest endpoint tells it. */
type Said =
  | { readonly kind: 'message'; readonly words: string }
  | { readonly kind: 'reasoning'; readonly words: string }
  | { readonly kind: 'call'; readonly words: string }
const said: fc.Arbitrary<Said> = fc.oneof(
  fc.record({ kind: fc.constant('message' as const), words }),
  fc.record({ kind: fc.constant('reasoning' as const), words }),
  fc.record({ kind: fc.constant('call' as const), words: argumentText }),
)

function wholeOf({ kind, words: said_ }: Said, index: number): Record<string, unknown> {
  const ended = { status: 'completed' }
  if (kind === 'call') {
    const call = { call_id: `call_${index}`, name: 'f', arguments: said_ }
    return { type: 'function_call', id: `fc_${index}`, ...ended, ...call }
  }
  if (kind === 'message') {
    const content = [{ type: 'output_text', text: said_, annotations: [] }]
    return { type: 'message', id: `msg_${index}`, ...ended, role: 'assistant', content }
  }
  const summary = [{ type: 'summary_text', text: said_ }]
  return { type: 'reasoning', id: `rs_${index}`, summary, encrypted_content: `sealed ${index}` }
}

function deltasOf({ kind, words: said_ }: Said, index: number, cut: number): readonly object[] {
  const type = {
    call: 'response.function_call_arguments.delta',
    message: 'response.output_text.delta',
    reasoning: 'response.reasoning_summary_text.delta',
  }[kind]
  return [said_.slice(0, cut), said_.slice(cut)]
    .filter((delta) => delta !== '')
    .map((delta) => ({ type, output_index: index, content_index: 0, summary_index: 0, delta }))
}

/** The events of items whose tellings are interleaved; `pick` says which item goes on. */
function interleave(lists: readonly (readonly object[])[], pick: readonly number[]): object[] {
  const left = lists.map((list) => [...list])
  const merged: object[] = []
  for (let turn = 0; left.some((list) => list.length > 0); turn++) {
    const open = left.filter((list) => list.length > 0)
    merged.push(open[(pick[turn] ?? 0) % open.length]!.shift()!)
  }
  return merged
}

interface Telling {
  readonly items: readonly Said[]
  readonly cut: number
  readonly hasDeltas: boolean
  readonly isDone: boolean
  readonly isListed: boolean
  readonly pick: readonly number[]
}

const telling: fc.Arbitrary<Telling> = fc
  .record({
    items: fc.array(said, { minLength: 1, maxLength: 4 }),
    cut: fc.nat(8),
    hasDeltas: fc.boolean(),
    isDone: fc.boolean(),
    isListed: fc.boolean(),
    pick: fc.array(fc.nat(3), { maxLength: 20 }),
  })
  // at least one telling has to be whole
  .filter(({ isDone, isListed }) => isDone || isListed)

function tell({ items, cut, hasDeltas, isDone, isListed, pick }: Telling): readonly string[] {
  const lists = items.map((each, index) => {
    const item_ = wholeOf(each, index)
    const blank = { content: [], summary: [], arguments: '', status: 'in_progress' }
    const begun = Object.fromEntries(
      Object.entries({ ...item_, ...blank }).filter(([key]) => key in item_),
    )
    return [
      { type: 'response.output_item.added', output_index: index, item: begun },
      ...(hasDeltas ? deltasOf(each, index, cut) : []),
      ...(isDone ? [{ type: 'response.output_item.done', output_index: index, item: item_ }] : []),
    ]
  })
  // items are announced in their order, which is theirs in the turn
  const begins = lists.map((list) => list[0]!)
  const rests = lists.map((list) => list.slice(1))
  const output = isListed ? items.map(wholeOf) : []
  const end = { type: 'response.completed', response: { status: 'completed', output } }
  return [...begins, ...interleave(rests, pick), end].map((each) => JSON.stringify(each))
}

function joined(items: readonly Said[], kind: Said['kind']): string {
  return items.map((each) => (each.kind === kind ? each.words : '')).join('')
}

/** The message a run makes of a turn. */
function messageOf(turn: AssembledTurn): AssistantMessage {
  const content: AssistantPart[] = [
    { type: 'reasoning', text: turn.reasoning },
    { type: 'text', text: turn.text },
    ...turn.calls.map(({ providerId, tool, arguments: args }, index): AssistantPart => ({
      type: 'tool-call',
      callId: `ours-${index}`,
      providerId,
      tool,
      arguments: args,
    })),
  ]
  return {
    role: 'assistant',
    content,
    ...(turn.opaque === undefined ? {} : { opaque: turn.opaque }),
  }
}

test('S4-04 S4-06 however items are told, the turn is the same, and they are sent back as they came', () => {
  fc.assert(
    fc.property(telling, (one) => {
      const { events, turn } = read(tell(one))
      expect(lawBreaks(events)).toEqual([])
      expect(turn.error).toBeUndefined()
      expect(turn.calls.map((call) => call.arguments)).toEqual(
        one.items.filter(({ kind }) => kind === 'call').map((call) => call.words),
      )
      expect(runnable(turn)).toHaveLength(turn.calls.length)
      const inOrder = one.pick.length === 0 || one.items.length === 1
      if (inOrder) {
        expect(turn.text).toBe(joined(one.items, 'message'))
        expect(turn.reasoning).toBe(joined(one.items, 'reasoning'))
      } else expect(turn.text).toHaveLength(joined(one.items, 'message').length)
      const { input } = JSON.parse(
        bodyText(
          codec.encode(
            { messages: [messageOf(turn)], tools: [] },
            { model: 'gpt-5', stream: true },
          ),
        ),
      )
      // reasoning that led to nothing is not wanted back
      const last = one.items.findLastIndex(({ kind }) => kind !== 'reasoning')
      expect(input).toEqual(one.items.slice(0, last + 1).map(wholeOf))
    }),
    { numRuns: 2000 },
  )
})

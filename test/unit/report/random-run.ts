import * as fc from 'fast-check'
import type { JsonValue } from '../../../src/base/json.ts'
import type { StructuralEvent } from '../../../src/protocol/run-event.ts'
import { EventWriter, usage } from './sample.ts'

const courses = [
  'success',
  'refused',
  'approved',
  'edited',
  'denied by human',
  'waiting',
  'not parsed',
  'unjudged',
  'started, then lost',
  'started twice',
] as const

type CourseName = (typeof courses)[number]

interface PlannedCall {
  readonly course: CourseName
  readonly tool: string
  readonly args: JsonValue
  readonly sensitive: boolean
}

const text = fc.string({ unit: 'grapheme', maxLength: 12 })

// as JSON text and back, since -0 is no JSON value; null stands for text that does not parse
const json = fc
  .jsonValue({ maxDepth: 3 })
  .map((value) => JSON.parse(JSON.stringify(value).toWellFormed()) as JsonValue)
  .filter((value) => value !== null)

const plannedCall: fc.Arbitrary<PlannedCall> = fc.record({
  course: fc.constantFrom(...courses),
  tool: text,
  args: json,
  sensitive: fc.boolean(),
})

/** The events of a run that follows the rules, whatever they say. */
export const randomRun: fc.Arbitrary<readonly StructuralEvent[]> = fc
  .record({
    turns: fc.array(fc.array(plannedCall, { maxLength: 4 }), { maxLength: 3 }),
    shadow: fc.boolean(),
    ending: fc.constantFrom('completed', 'needs-approval', 'error', undefined),
    gap: fc.integer({ min: 0, max: 5000 }),
  })
  .map(({ turns, shadow, ending, gap }) => {
    const writer = new EventWriter().start(shadow ? 'shadow' : 'enforce')
    for (const calls of turns) {
      writer.beginTurn().wait(gap).add({ type: 'usage', usage, message: null })
      calls.forEach((call, index) => propose(writer, call, index))
      writer.endTurn(gap, usage)
      calls.forEach((call, index) => carryOut(writer, call, index))
    }
    return ending === undefined ? writer.events : writer.end(ending).events
  })

function propose(writer: EventWriter, call: PlannedCall, index: number): void {
  const args = call.course === 'not parsed' ? null : call.args
  writer.propose(index, call.tool, args, call.sensitive ? ['/a', '/*/b'] : undefined)
}

function carryOut(writer: EventWriter, call: PlannedCall, index: number): void {
  const { tool, args } = call
  const reasons = [tool]
  switch (call.course) {
    case 'success':
      writer.decide(index, 'allow', 'r1', []).execute(index, tool, 3, args)
      break
    case 'refused':
      writer.decide(index, 'deny', 'r2', reasons).refuse(index, tool, {})
      break
    case 'approved':
    case 'edited':
      writer
        .decide(index, 'ask', 'r3', reasons)
        .ask(index, tool, args, reasons)
        .answer(index, call.course === 'edited' ? 'edit' : 'approve', { args, reason: tool })
        .decide(index, 'ask', 'r4', reasons)
        .execute(index, tool, 3, args)
      break
    case 'denied by human':
      writer
        .decide(index, 'ask', 'r3', reasons)
        .ask(index, tool, args, reasons)
        .answer(index, 'deny', { reason: tool })
        .refuse(index, tool, { status: 'denied-by-human' })
      break
    case 'waiting':
      writer.decide(index, 'ask', 'r3', reasons).ask(index, tool, args, reasons)
      break
    case 'not parsed':
      writer.decide(index, 'deny', 'bad_json', reasons).refuse(index, tool, {
        status: 'error-parsing',
        error: { code: 'bad-json', message: tool, retryable: false },
      })
      break
    case 'unjudged':
      break
    case 'started, then lost':
      writer.decide(index, 'allow', 'r1', []).startTool(index, tool)
      break
    case 'started twice':
      writer
        .decide(index, 'allow', 'r1', [])
        .startTool(index, tool)
        .refuse(index, tool, { status: 'unknown-outcome' })
        .execute(index, tool, 3, args)
      break
  }
}

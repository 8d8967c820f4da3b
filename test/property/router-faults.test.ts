import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCosts } from '../../src/cost/costs.ts'
import type { HttpModel } from '../../src/model/http-model.ts'
import { router } from '../../src/model/router.ts'
import type { ModelEvent } from '../../src/protocol/event.ts'
import type { Model } from '../../src/protocol/model.ts'
import type { RunEvent } from '../../src/protocol/run-event.ts'
import { fakeProvider } from '../../src/testing/fake-provider.ts'
import { lawBreaks } from '../conformance/wire/support.ts'
import { agentOf, allowing, toolOf } from '../support/agent.ts'
import {
  answerOf,
  schedule,
  scriptedTransport,
  threeProviders,
  type Schedule,
} from '../support/faults.ts'
import { expectCases } from '../support/tally.ts'

const maxWaitMs = 20_000

/** Schedules without sockets; a tenth as many go over sockets. `FAULTS=10000` looks longer. */
const schedules = Number(process.env['FAULTS'] ?? 2000)

interface Seen extends Record<string, number> {
  executed: number
  retry: number
  fallback: number
  completed: number
  error: number
  cancelled: number
  cut: number
}

function nothingSeen(): Seen {
  return { executed: 0, retry: 0, fallback: 0, completed: 0, error: 0, cancelled: 0, cut: 0 }
}

/** What one run has done that no run may do; empty when all laws hold. */
async function breaksOf(
  { rules, cancelAfter }: Schedule,
  providers: readonly HttpModel[],
  seen: Seen,
): Promise<readonly string[]> {
  const breaks: string[] = []
  const answers: ModelEvent[][] = []
  let waited = 0
  const costs = createCosts()
  const routed = router({
    providers,
    rules,
    costs,
    maxWaitMs,
    async wait(milliseconds) {
      waited += milliseconds
      if (waited > maxWaitMs) breaks.push(`waited ${waited} ms`)
    },
  })
  const model: Model = {
    id: 'routed',
    provider: 'routed',
    async *streamBatches(request, options) {
      waited = 0
      const events: ModelEvent[] = []
      answers.push(events)
      for await (const batch of routed.streamBatches!(request, options)) {
        events.push(...batch)
        yield batch
      }
    },
    stream: () => {
      throw new Error('not asked one by one')
    },
  }
  const executed: { readonly callId: string; readonly attempt: number }[] = []
  const act = toolOf('act', {
    execute(args, { callId }) {
      executed.push({ callId, attempt: (args as { attempt: number }).attempt })
      return 'done'
    },
  })
  const { start } = agentOf([], { model, tools: [act], policy: allowing('act') })
  const run = start()
  const events: RunEvent[] = []
  for await (const event of run) {
    events.push(event)
    if (events.length === cancelAfter) run.cancel()
  }
  const { runId, status, text } = await run.result()

  seen[status] = (seen[status] ?? 0) + 1
  if (executed.length > 0) seen.executed++
  for (const type of ['retry', 'fallback'] as const) {
    if (events.some((event) => event.type === type)) seen[type]++
  }
  if (events.some(({ type }) => type === 'text-delta') && status === 'error') seen['cut']++

  for (const answer of answers) breaks.push(...lawBreaks(answer))
  if (events.filter(({ type }) => type === 'end').length !== 1 || events.at(-1)?.type !== 'end') {
    breaks.push('the end of the run is lost')
  }
  if (new Set(executed.map(({ callId }) => callId)).size !== executed.length) {
    breaks.push('a call ran twice')
  }
  breaks.push(...mixedTexts(events), ...strayCalls(events, executed))
  if (new Set(text.match(/[0-9]+/g) ?? []).size > 1) breaks.push(`text of two attempts: ${text}`)
  const { open, reserved } = costs.tracker.accountOf({ runId })
  if (open !== 0 || reserved !== 0n) breaks.push('something is held back for nobody')
  return breaks
}

/** Turns whose text, without what was declared void, is not whole or not of one attempt. */
function mixedTexts(events: readonly RunEvent[]): readonly string[] {
  const breaks: string[] = []
  let text = ''
  for (const event of events) {
    if (event.type === 'turn-start' || event.type === 'retry' || event.type === 'fallback')
      text = ''
    if (event.type === 'text-delta') text += event.text
    if (event.type !== 'turn-end') continue
    const attempts = new Set(text.match(/[0-9]+/g) ?? [])
    if (attempts.size > 1) breaks.push(`text of two attempts: ${text}`)
    const whole = /^<([0-9]+)\|\1\|\1>$/.test(text)
    if (!whole && event.finishReason.unified !== 'error') breaks.push(`not whole: ${text}`)
  }
  return breaks
}

/** Calls that ran although another attempt followed, or that are not of the turn's own attempt. */
function strayCalls(
  events: readonly RunEvent[],
  executed: readonly { readonly callId: string; readonly attempt: number }[],
): readonly string[] {
  const breaks: string[] = []
  let started = false
  let text = ''
  for (const event of events) {
    if (event.type === 'turn-start') started = false
    if (event.type === 'execution-start') {
      started = true
      const attempt = executed.find(({ callId }) => callId === event.callId)?.attempt
      if (attempt !== undefined && text !== `<${attempt}|${attempt}|${attempt}>`) {
        breaks.push(`a call of attempt ${attempt} after ${text}`)
      }
    }
    const anew = event.type === 'retry' || event.type === 'fallback'
    if (anew && started) breaks.push('another attempt after a tool had started')
    if (anew || event.type === 'turn-start') text = ''
    if (event.type === 'text-delta') text += event.text
  }
  return breaks
}

function show(each: Schedule, breaks: readonly string[]): void {
  expect({ breaks, schedule: breaks.length === 0 ? undefined : each }).toEqual({
    breaks: [],
    schedule: undefined,
  })
}

test('S3-26 through schedules of faults nothing runs twice, no end is lost, no attempts mix', async () => {
  const seen = nothingSeen()
  const left = fc.sample(schedule, schedules)
  while (left.length > 0) {
    const some = left.splice(-250)
    const found = await Promise.all(
      some.map((each) =>
        breaksOf(
          each,
          threeProviders('http://127.0.0.1:9/v1', 30, scriptedTransport(each.plans)),
          seen,
        ),
      ),
    )
    for (const [index, breaks] of found.entries()) show(some[index]!, breaks)
  }
  expectCases(seen, 1)
}, 600_000)

test('the same holds over sockets', async () => {
  const seen = nothingSeen()
  for (const each of fc.sample(schedule, Math.ceil(schedules / 10))) {
    await using provider = await fakeProvider({
      turns: ({ number, path }) => answerOf(each.plans[number], number, path),
    })
    const providers = threeProviders(provider.baseUrl, 40)
    show(each, await breaksOf(each, providers, seen))
    await Promise.all(providers.map((model) => model.close()))
  }
  expectCases({ executed: seen.executed, retry: seen.retry }, 1)
}, 600_000)

import assert from 'node:assert/strict'
import type { AssembledTurn } from '../protocol/assemble.ts'
import type { FakeAnswer, Fault } from './fake-provider.ts'
import {
  assertFull,
  assertWholeOrFailed,
  full,
  hear,
  request,
  type UseBench,
  type Work,
} from './model-bench.ts'

/** Behaviours that show when an endpoint or its connection fails. */
export const modelFaultCases: readonly Work[] = [
  ['reads an answer that comes byte by byte', readsBytes],
  ['lets no call run of an answer that ends early, wherever that is', endsEarly],
  ['lets no call run of an answer whose connection breaks, wherever that is', breaks],
  ['tells of an endpoint that refuses as an event', refused],
  ['leaves an answer when its reader does', leaves],
  ['leaves an answer that stands still when it is cancelled', leavesCancelled],
]

async function readsBytes(bench: UseBench): Promise<void> {
  assertFull((await bench([{ ...full, fault: { split: 1 } }], hear)).turn)
}

/** Bytes between two places at which an answer is cut, and the last of them. */
const step = 97
const lastPlace = 100_000

async function endsEarly(bench: UseBench): Promise<void> {
  await lengthOf(bench)
}

/** The first place from which on nothing is missing; before it, everything has to fail. */
async function lengthOf(bench: UseBench): Promise<number> {
  for (let at = 0; at < lastPlace; at += step) {
    const turn = await cutAt(bench, { truncate: at })
    if (turn.error === undefined && turn.usage?.inputTokens === 7) return at
  }
  return assert.fail(`no answer was complete within ${lastPlace} bytes`)
}

async function breaks(bench: UseBench): Promise<void> {
  const end = await lengthOf(bench)
  for (let at = 0; at <= end; at += step) await cutAt(bench, { reset: at })
}

async function cutAt(bench: UseBench, fault: Fault): Promise<AssembledTurn> {
  const { turn } = await bench([{ ...full, fault }], hear)
  assertWholeOrFailed(turn)
  return turn
}

async function refused(bench: UseBench): Promise<void> {
  const body = JSON.stringify({
    error: { type: 'invalid_request_error', message: 'not like this' },
  })
  const { turn } = await bench([{ status: 400, body }], hear)
  assert.match(turn.error?.message ?? '', /not like this/)
  assert.equal(turn.error?.status, 400)
}

const endless: FakeAnswer = {
  text: Array.from({ length: 400 }, () => 'word '),
  fault: { stall: 16_000 },
}

async function leaves(bench: UseBench): Promise<void> {
  await bench([endless], async (each) => {
    if (each.left === undefined) return
    const { signal } = new AbortController()
    // oxlint-disable-next-line no-unreachable-loop
    for await (const _ of each.model.stream(request, { signal })) break
    await soon(each.left())
  })
}

async function leavesCancelled(bench: UseBench): Promise<void> {
  await bench([endless], async (each) => {
    if (each.left === undefined) return
    const controller = new AbortController()
    const onEvent = (): void => controller.abort()
    const { turn } = await hear(each, { onEvent, signal: controller.signal })
    assert.equal(turn.error?.code, 'cancelled')
    await soon(each.left())
  })
}

/** A connection that is not closed would be waited for without end. */
async function soon(left: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error('the answer was not left')), 10_000)
  await Promise.race([left, late.promise]).finally(() => clearTimeout(timer))
}

import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../../src/base/digest.ts'
import { Chain, openRecord } from '../../../src/journal/chain.ts'
import type { StructuralEvent } from '../../../src/protocol/run-event.ts'
import { completeEvents } from '../../support/complete-events.ts'

describe.each(Object.values(completeEvents))('a record of `$type`', (event: StructuralEvent) => {
  test('keeps every member of its event', () => {
    expect(openRecord(new Chain().seal(event)).event).toEqual(event)
  })

  test('is a line of canonical JSON', () => {
    const { line } = new Chain().seal(event)
    expect(line).toBe(canonicalJson(JSON.parse(line)))
  })
})

test('what is written before something happens in the world is durable, and nothing else', () => {
  const durable = Object.values(completeEvents).filter((event) => new Chain().seal(event).durable)
  expect(new Set(durable.map(({ type }) => type))).toEqual(
    new Set(['execution-start', 'approval-decision']),
  )
})

test('a chain begins with a link of zeros, and tells its length', () => {
  const chain = new Chain()
  const zeros = '0000000000000000000000000000000000000000000000000000000000000000'
  expect([chain.head, chain.length]).toEqual([`sha256:${zeros}`, 0])
  const { hash, line } = chain.seal(Object.values(completeEvents)[0]!)
  expect(JSON.parse(line)).toMatchObject({ prev: `sha256:${zeros}` })
  expect([chain.head, chain.length]).toEqual([hash, 1])
})

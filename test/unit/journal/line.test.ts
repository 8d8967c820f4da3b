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

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { share } from '../../support/share.ts'
import type { WireCodec } from '../../../src/wire/wire.ts'
import { changedBy, type Fields, type Quirk, type Sent } from './quirks/quirk.ts'
import { comesTo, eventsIn, recordings, runsOf, suites, written } from './quirks/recorded.ts'

function comesToText(codec: WireCodec, text: string) {
  return comesTo(codec, eventsIn(Buffer.from(text)))
}

function expectSame(codec: WireCodec, events: readonly Sent[], quirks: readonly Quirk[]): boolean {
  const changed = changedBy(events, quirks)
  if (changed === undefined) return false
  const expected: Fields = comesTo(codec, events)
  const endsWell = expected['error'] === undefined && expected['finish'] !== 'other'
  if (!endsWell && quirks.some(({ ofGoodEnds }) => ofGoodEnds)) return false
  const found: Fields = comesTo(codec, changed)
  for (const aspect of quirks.flatMap(({ except = [] }) => except)) {
    delete expected[aspect]
    delete found[aspect]
  }
  expect(found).toEqual(expected)
  return true
}

describe.each(suites)('recorded answers of the wire $wire', (suite) => {
  const { codec, quirks } = suite
  const recorded = recordings(suite)

  test.each(quirks)('mean the same with $name', (quirk) => {
    let count = 0
    for (const { name, events } of recorded) {
      try {
        if (expectSame(codec, events, [quirk])) count++
      } catch (error) {
        throw new Error(`${name}: ${String(error)}`, { cause: error })
      }
    }
    expect(count).toBeGreaterThan(0)
  })

  test('mean the same with any three of these', () => {
    let count = 0
    fc.assert(
      fc.property(
        fc.constantFrom(...recorded),
        fc.uniqueArray(fc.constantFrom(...quirks), { minLength: 2, maxLength: 3 }),
        ({ events }, several) => {
          if (expectSame(codec, events, several)) count++
        },
      ),
      { numRuns: 1000 },
    )
    expect(count).toBeGreaterThan(100)
  })

  const anywhere = fc.tuple(fc.constantFrom(...recorded), share)

  test('fail where an error is told of before the end, and say what was said until then', () => {
    fc.assert(
      fc.property(anywhere, fc.constantFrom(...suite.errors), ([{ events }, where], error) => {
        const end = events.findIndex(suite.isEnd)
        const at = Math.floor(where * (end < 0 ? events.length : end))
        const found = comesTo(codec, [...events.slice(0, at), error, ...events.slice(at)])
        expect(found.error).toBeDefined()
        expect(found.finish).toBe('error')
        expect(runsOf(found)).toEqual([])
        expect(comesTo(codec, events).text.startsWith(found.text)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('run nothing where they are cut before the end, and nothing else wherever they are cut', () => {
    fc.assert(
      fc.property(anywhere, ([{ events }, where]) => {
        const texts = events.map(written)
        const whole = texts.join('')
        const cut = Math.floor(where * whole.length)
        const end = events.findIndex(suite.isEnd)
        const isCutEarly = end < 0 || cut < texts.slice(0, end + 1).join('').length
        const found = comesToText(codec, whole.slice(0, cut))
        if (isCutEarly) expect(found.error).toBeDefined()
        if (found.error !== undefined) expect(runsOf(found)).toEqual([])
        else expect([[], runsOf(comesTo(codec, events))]).toContainEqual(runsOf(found))
      }),
      { numRuns: 500 },
    )
  })
})

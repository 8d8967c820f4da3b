import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createProofMemory } from '../../src/gate/identity/proof-memory.ts'
import { requestTarget } from '../../src/gate/identity/request-target.ts'
import { manualClock } from '../../src/testing/clock.ts'
import { start } from '../unit/gate/authenticate-fixtures.ts'
import { boundToken, proofDesk, proofOf } from '../unit/gate/proof-fixtures.ts'

const bearer = await boundToken()

describe('a proof', () => {
  test('that was accepted is never accepted again, whatever happens in between', async () => {
    const proofs = await Promise.all(
      [-50, -20, 0, 0, 30, 59].map((late) => proofOf(bearer, { claims: { iat: start + late } })),
    )
    const step = fc.record({
      which: fc.nat({ max: proofs.length - 1 }),
      waits: fc.integer({ min: 0, max: 40_000 }),
      replaced: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const options = { proofs: createProofMemory(), clock: manualClock(start * 1000) }
        const accepted = new Set<number>()
        let desk = proofDesk({}, options)
        for (const { which, waits, replaced } of steps) {
          options.clock.advance(waits)
          if (replaced) desk = proofDesk({}, options)
          const code = await desk.proven(bearer, proofs[which])
          if (accepted.has(which)) expect(code).not.toBe('ok')
          if (code === 'ok') accepted.add(which)
        }
      }),
    )
  })

  test('is accepted once at most, also when the clock is set back', () => {
    const seen = fc.record({ iat: fc.nat({ max: 300 }), now: fc.nat({ max: 300 }) })
    fc.assert(
      fc.property(fc.array(seen, { maxLength: 200 }), (list) => {
        const memory = createProofMemory()
        const accepted = new Set<number>()
        for (const { iat, now } of list) {
          const times = { issuedAt: iat, until: iat + 60 }
          if (Math.abs(now - iat) >= 60) continue
          const outcome = memory.remember({ id: `${iat}`, owner: 'o', issuer: 'i', ...times }, now)
          expect(outcome === 'accepted' && accepted.has(iat)).toBe(false)
          if (outcome === 'accepted') accepted.add(iat)
        }
      }),
    )
  })

  test('is accepted the first time as long as the clock goes on', () => {
    const seen = fc.record({ ahead: fc.integer({ min: -59, max: 60 }), waits: fc.nat({ max: 50 }) })
    fc.assert(
      fc.property(fc.array(seen, { maxLength: 200 }), (list) => {
        const memory = createProofMemory()
        let now = 1000
        for (const [id, { ahead, waits }] of list.entries()) {
          now += waits
          const times = { issuedAt: now + ahead, until: now + ahead + 60 }
          const proof = { id: `${id}`, owner: `${id % 3}`, issuer: 'i', ...times }
          expect(memory.remember(proof, now)).toBe('accepted')
        }
      }),
    )
  })
})

describe('the target of a request', () => {
  test('is its own target, and that of its other spellings', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
        const target = requestTarget(url)
        fc.pre(target !== undefined)
        expect(requestTarget(target)).toBe(target)
        const escaped = target.replace(/[a-z](?=[a-z]*$)/, (letter) => {
          return `%${letter.charCodeAt(0).toString(16)}`
        })
        if (URL.parse(target)!.pathname.length > 1) expect(requestTarget(escaped)).toBe(target)
      }),
    )
  })
})

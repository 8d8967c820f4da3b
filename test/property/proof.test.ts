import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createProofMemory } from '../../src/gate/identity/proof-memory.ts'
import { requestTarget } from '../../src/gate/identity/request-target.ts'
import { manualClock } from '../../src/testing/clock.ts'
import { expectCases } from '../support/tally.ts'
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
    const seen = { accepted: 0, 'shown again in its time': 0, 'shown again later': 0 }
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const options = { proofs: createProofMemory(), clock: manualClock(start * 1000) }
        const accepted = new Set<number>()
        const kinds = new Set<keyof typeof seen>()
        let desk = proofDesk({}, options)
        for (const { which, waits, replaced } of steps) {
          options.clock.advance(waits)
          if (replaced) desk = proofDesk({}, options)
          const code = await desk.proven(bearer, proofs[which])
          if (accepted.has(which)) {
            expect(code).not.toBe('ok')
            kinds.add(
              code === 'token-proof-replayed' ? 'shown again in its time' : 'shown again later',
            )
          }
          if (code === 'ok') {
            accepted.add(which)
            kinds.add('accepted')
          }
        }
        for (const kind of kinds) seen[kind]++
      }),
    )
    expectCases(seen, 1)
  })

  test('is accepted once at most, also when the clock is set back', () => {
    const seen = fc.record({
      iat: fc.constantFrom(30, 80, 90, 190),
      late: fc.integer({ min: -59, max: 59 }),
    })
    fc.assert(
      fc.property(fc.array(seen, { minLength: 10, maxLength: 40 }), (list) => {
        const memory = createProofMemory()
        const accepted = new Set<number>()
        for (const { iat, late } of list) {
          const times = { issuedAt: iat, until: iat + 60 }
          const now = iat + late
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
  const letters = fc.string({ unit: fc.constantFrom(...'abcXYZ019-._~!@%2Ff/'), maxLength: 20 })

  test('is its own target, and that of its other spellings', () => {
    fc.assert(
      fc.property(letters, fc.constantFrom('', '?a=b', '#c', '?/../x#y'), (path, rest) => {
        const target = requestTarget(`https://a.example/_${path}`)!
        expect(requestTarget(target)).toBe(target)
        expect(requestTarget(`HTTPS://A.EXAMPLE:443/x/../_${path}${rest}`)).toBe(target)
        if (target.includes('%')) return
        const spelled = target.replace(/[a-z](?=\W*$)/, (letter) => {
          return `%${letter.charCodeAt(0).toString(16)}`
        })
        expect(requestTarget(spelled)).toBe(target)
      }),
    )
  })

  test('is not that of another path', () => {
    const plain = fc.string({ unit: fc.constantFrom(...'abAB12-_~'), minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(plain, plain, (one, other) => {
        const [a, b] = [one, other].map((path) => requestTarget(`https://a.example/${path}`))
        expect(a === b).toBe(one === other)
      }),
    )
  })
})

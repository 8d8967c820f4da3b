import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compacted } from '../../src/history/compact.ts'
import type { HistoryEntry } from '../../src/history/entry.ts'
import { unpaired } from '../../src/history/pairs.ts'
import { checkedEntries } from '../../src/history/read.ts'
import { select } from '../../src/history/selection.ts'
import { windowed } from '../../src/history/window.ts'

const at = '2026-01-01T00:00:00.000Z'
const { signal } = new AbortController()

/** One step of a conversation: what a user says, or an answer with so many calls. */
type Step = 'user' | number

let ids = 0

function entryOf(message: HistoryEntry['message']): HistoryEntry {
  return { message, at, runId: 'r' }
}

function entriesOf(steps: readonly Step[]): readonly HistoryEntry[] {
  return steps.flatMap((step) => {
    if (step === 'user') return [entryOf({ role: 'user', content: 'x' })]
    const calls = Array.from({ length: step }, () => ({
      type: 'tool-call' as const,
      callId: `c${ids++}`,
      providerId: '',
      tool: 'act',
      arguments: '{}',
    }))
    return [
      entryOf({ role: 'assistant', content: calls }),
      ...calls.map(({ callId }) =>
        entryOf({
          role: 'tool',
          callId,
          providerId: '',
          tool: 'act',
          content: 'y',
          isError: false,
          labels: [{ output: { trust: ids % 2 === 0 ? 'trusted' : 'untrusted' } }],
        }),
      ),
    ]
  })
}

const arbitrarySteps = fc.array(fc.oneof(fc.constant('user' as const), fc.nat(3)), {
  maxLength: 25,
})
const arbitraryMost = fc.integer({ min: 1, max: 20 })

function messagesOf(entries: readonly HistoryEntry[]) {
  return entries.map(({ message }) => message)
}

describe('S2-05 what a model sees of any conversation', () => {
  test('never has a call without its result in a window, is within its bounds, and is the newest', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrarySteps, arbitraryMost, async (steps, maxMessages) => {
        const all = entriesOf(steps)
        const { entries } = await select(all, windowed({ maxMessages }), signal)
        expect(unpaired(messagesOf(entries))).toBeUndefined()
        expect(entries.length).toBeLessThanOrEqual(maxMessages)
        if (entries.length > 0) {
          expect(entries.at(-1)).toBe(all.at(-1))
          if (entries.length < all.length) expect(entries[0]!.message.role).toBe('user')
        }
        if (all.length <= maxMessages) expect(entries).toEqual(all)
      }),
    )
  })

  test('never has one beside a summary, however often it is summarised', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(arbitrarySteps, { maxLength: 5 }),
        arbitraryMost,
        async (runs, maxMessages) => {
          const told: HistoryEntry['message'][] = []
          const view = compacted({
            maxMessages,
            summarise(messages) {
              expect(unpaired(messages)).toBeUndefined()
              told.push(...(messages as HistoryEntry['message'][]))
              return 'summary'
            },
          })
          let all: readonly HistoryEntry[] = []
          for (const steps of runs) {
            all = [...all, ...entriesOf(steps)]
            const { entries, summary } = await select(all, view, signal)
            if (summary !== undefined) {
              const kept = { ...summary, at, runId: 'r' }
              const covered = all.slice(0, kept.covers)
              const isUntrusted = covered.some(
                ({ message }) =>
                  message.role === 'tool' && message.labels?.[0]?.output?.trust === 'untrusted',
              )
              expect(kept.message).toMatchObject({
                label: { trust: isUntrusted ? 'untrusted' : 'trusted' },
              })
              all = [...all, kept]
            }
            expect(unpaired(messagesOf(entries))).toBeUndefined()
            expect(entries.length).toBeLessThanOrEqual(maxMessages)
            // nothing is lost, and a store may give it back
            expect(checkedEntries('k', structuredClone(all))).toHaveLength(all.length)
            const seen = new Set([...told, ...messagesOf(entries)])
            for (const { covers, message } of all) {
              if (covers === undefined) expect(seen.has(message)).toBe(true)
            }
          }
        },
      ),
    )
  })

  test('is refused wherever one message is missing that belongs to another', () => {
    fc.assert(
      fc.property(arbitrarySteps, fc.nat(), (steps, place) => {
        const all = entriesOf(steps)
        fc.pre(all.length > 0)
        const missing = all[place % all.length]!
        const left = all.toSpliced(place % all.length, 1)
        const { message } = missing
        const belongs =
          message.role === 'tool' || (message.role === 'assistant' && message.content.length > 0)
        if (belongs) expect(() => checkedEntries('k', left)).toThrow('without its')
        else expect(checkedEntries('k', left)).toBe(left)
      }),
    )
  })
})

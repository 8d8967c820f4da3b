import { describe, expect, test } from 'vitest'
import type { Earlier } from '../../../src/gate/verdict.ts'
import type { Message } from '../../../src/protocol/message.ts'
import { answer, opened, probes, proposing, rulesOf, run } from './session-fixtures.ts'

const earlier = (message: Message, more: Partial<Earlier> = {}): Earlier => ({
  runId: 'run_0',
  message,
  ...more,
})

async function after(...told: (readonly Earlier[])[]): Promise<readonly string[]> {
  const gate = await opened()
  for (const each of told) gate.gate.remember(run, each)
  return rulesOf(gate, probes)
}

const sequences = async (told: Earlier) => (await after([told])).slice(0, 2)

describe('what other runs of a session have done', () => {
  const reading = (more: Partial<Earlier> = {}): readonly Earlier[] => [
    earlier(proposing('c1', 'read', { n: 1 })),
    earlier(answer('c1', 'read', 'eve'), more),
  ]
  const page = [earlier(proposing('p', 'page', {})), earlier(answer('p', 'page', 'x'))]

  test('counts by how it ended', async () => {
    expect(await after(reading({ status: 'success' }))).toEqual(['sequences.after', 'all', 'all'])
    const until = ['sequences.after', 'sequences.until', 'all']
    expect(await after(reading())).toEqual(until)
    expect(await after(reading({ status: 'timeout' }))).toEqual(until)
    expect(await after(reading({ status: 'error-security' }))).toEqual([
      'all',
      'sequences.until',
      'all',
    ])
  })

  test('vouches for what it read, unless somebody else can have written it', async () => {
    const status = 'success'
    const steering = async (more: Partial<Earlier>): Promise<string> =>
      (
        await after(
          page,
          [...reading({ status, ...more })].map((each) => ({ ...each, runId: 'r' })),
        )
      )[2]!
    expect(await steering({})).toBe('all')
    expect(await steering({ unvouched: true })).toBe('flow.untrustedSteering')
    expect(await steering({ untrusted: true })).toBe('all')
  })

  test('taints it where untrusted text had been read when something was said', async () => {
    const said: Message = { role: 'assistant', content: [{ type: 'text', text: 'fine' }] }
    const taintedBy = async (more: Partial<Earlier>): Promise<boolean> => {
      const { gate } = await opened()
      gate.remember(run, [earlier(said, more)])
      return gate.tainted(run)
    }
    expect(await taintedBy({})).toBe(false)
    expect(await taintedBy({ untrusted: true })).toBe(true)
  })

  test('may be anything where nobody knows what an agent has called', async () => {
    const agent = earlier(answer('c2', 'agent', 'ok'), { status: 'success', below: null })
    expect(await sequences(agent)).toEqual(['sequences.after', 'sequences.until'])
    expect(await sequences({ ...agent, below: [] })).toEqual(['all', 'sequences.until'])
  })

  test('is told once, and what the run itself has done never', async () => {
    const gate = await opened()
    const own = reading({ status: 'success' }).map((each) => ({ ...each, runId: 'run_1' }))
    gate.gate.remember(run, own)
    expect(await rulesOf(gate, probes)).toEqual(['all', 'sequences.until', 'all'])
    // the same run, told again with more, is known already
    gate.gate.remember(run, page)
    gate.gate.remember(run, reading({ status: 'success' }))
    expect(await rulesOf(gate, probes)).toEqual([
      'all',
      'sequences.until',
      'flow.untrustedSteering',
    ])
  })

  test('is news where the run has gone on elsewhere meanwhile', async () => {
    const gate = await opened()
    gate.gate.remember(run, [])
    gate.gate.leave({ ...run, session: 'unheard of' })
    gate.gate.leave(run)
    const own = reading({ status: 'success' }).map((each) => ({ ...each, runId: 'run_1' }))
    gate.gate.remember({ ...run, runId: 'run_2' }, own)
    expect(await rulesOf(gate, probes)).toEqual(['sequences.after', 'all', 'all'])
  })
})

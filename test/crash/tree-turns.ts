import type { FakeRequest } from '../../src/testing/fake-provider.ts'
import type { ScriptedTurn } from '../../src/testing/turn.ts'

const append = (sum: number) => ({ tool: 'append', args: { sum } })
const read = (sum: number) => ({ tool: 'read', args: { sum } })
const ask = (tool: string) => ({ tool, args: { prompt: 'do it' } })

/** What each model says: the first run has agents work that have agents work, twice. */
const said: Readonly<Record<'first' | 'lead' | 'worker', readonly ScriptedTurn[]>> = {
  first: [
    { calls: [append(1), ask('lead')] },
    { calls: [append(2), ask('lead')] },
    { text: 'all done' },
  ],
  lead: [{ calls: [append(3), ask('worker')] }, { text: 'led' }],
  worker: [{ calls: [read(4), append(4)] }, { calls: [append(5)] }, { text: 'worked' }],
}

/** Calls and turns of an undisturbed run with all below it. */
export const calls = 14
export const turns = 13

/** The turn that follows those in a request, of whoever the instructions name. */
export function nextTreeTurn({ body }: FakeRequest): ScriptedTurn {
  const messages = body['messages'] as readonly {
    readonly role: string
    readonly content: unknown
  }[]
  const instructions = messages.find(({ role }) => role === 'system')?.content
  const who = instructions === 'lead' || instructions === 'worker' ? instructions : 'first'
  const turn = messages.filter(({ role }) => role === 'assistant').length
  const next = said[who][turn]!
  if (next.calls === undefined) return next
  return { ...next, calls: next.calls.map((call, index) => ({ ...call, id: `${turn}-${index}` })) }
}

import type { FakeRequest } from '../../src/testing/fake-provider.ts'
import type { ScriptedTurn } from '../../src/testing/turn.ts'

const append = (sum: number) => ({ tool: 'append', args: { sum } })
const read = (sum: number) => ({ tool: 'read', args: { sum } })

/** What the model says in an undisturbed run: parallel tools, a question to people, a retry. */
const turns: readonly ScriptedTurn[] = [
  { text: 'first I look', calls: [read(1), append(1), read(2)] },
  { calls: [append(2), append(3)] },
  { calls: [{ tool: 'pay', args: { sum: 4 } }, read(3)] },
  { calls: [{ tool: 'flaky', args: { sum: 5 } }, append(5)] },
  { calls: [append(6), append(7), append(8)] },
  { text: 'all done' },
]

/** The turn that follows those in a request, with ids that do not depend on who asks when. */
export function nextTurn({ body }: FakeRequest): ScriptedTurn {
  const messages = body['messages'] as readonly { readonly role: string }[]
  const turn = messages.filter(({ role }) => role === 'assistant').length
  const { calls, ...said } = turns[turn]!
  return calls === undefined
    ? said
    : { ...said, calls: calls.map((call, index) => ({ ...call, id: `${turn}-${index}` })) }
}

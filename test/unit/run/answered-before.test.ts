import { expect, test } from 'vitest'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { LoadedPolicy } from '../../../src/loading/file.ts'
import type { RunResult } from '../../../src/runtime-options.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import { allowing, collect, policyOf, toolOf, user } from '../../support/agent.ts'
import { cutAt } from '../../support/course.ts'

const asking = policyOf({ rules: [{ id: 'paying', ask: ['pay'], who: { roles: ['user'] } }] })
const ann = { subject: 'ann', roles: ['user'] }
const refusing = () => ({ action: 'deny', by: ann, reason: 'not today' }) as const
const bob = { subject: 'bob', roles: ['user'] }

/** A run in which ann says no, whose process dies before that is decided; bob is asked for more. */
async function refusedAndResumed(
  policy: LoadedPolicy,
  last = 'approval-decision',
): Promise<{
  readonly result: RunResult
  readonly undisturbed: RunResult
  readonly paid: number
  readonly askedLater: number
}> {
  let [paid, askedLater] = [0, 0]
  const tools = [toolOf('pay', { execute: () => void paid++ })]
  const shared = { tools, authenticator: async () => user }
  const journal = memoryJournal()
  const model = scripted([{ calls: [{ tool: 'pay', args: {} }] }, { text: 'done' }])
  const first = createRuntime({ ...shared, model, policy: asking, journal, approve: refusing })
  const undisturbed = await first.run({ input: 'go', auth: { custom: 'user' } }).result()
  const { runId } = undisturbed

  const types = (await collect(journal.read(runId))).map(
    ({ line }) => (JSON.parse(line) as { readonly type: string }).type,
  )
  const cut = await cutAt(journal, runId, types.lastIndexOf(last) + 1)
  const later = createRuntime({
    ...shared,
    model: scripted([{ text: 'done' }]),
    policy,
    journal: cut,
    approve() {
      askedLater++
      return { action: 'approve', by: bob }
    },
  })
  const result = await later.resume(runId).result()
  return { result, undisturbed, paid, askedLater }
}

test.each([
  ['still asks', asking],
  ['would allow it now', allowing('pay')],
])('a no on record is not asked about again where the policy %s', async (_, policy) => {
  const { result, paid, askedLater } = await refusedAndResumed(policy)
  expect([paid, askedLater]).toEqual([0, 0])
  expect(result.status).toBe('completed')
  expect(result.report.rows).toMatchObject([
    {
      status: 'denied-by-human',
      decision: { effect: 'deny', rule: 'approval_denied', reasons: ['not today'] },
      approvals: [{ answers: [{ action: 'deny', by: { subject: 'ann' } }] }],
    },
  ])
})

/** What the model is told of the call. */
function told({ messages }: RunResult): unknown {
  return messages.find(({ role }) => role === 'tool')?.content
}

test.each(['approval-decision', 'decision'])(
  'the model is told of a no as it would have been, where the record ends with the %s',
  async (last) => {
    const { result, undisturbed } = await refusedAndResumed(asking, last)
    expect(told(result)).toBe(told(undisturbed))
    expect(told(result)).toContain('A person refused this call: not today')
    expect(result.report.rows[0]!.error).toEqual(undisturbed.report.rows[0]!.error)
  },
)

test('so it is told of a tool that was stopped', async () => {
  const tools = [toolOf('pay')]
  const shared = { tools, policy: allowing('pay'), authenticator: async () => user }
  const journal = memoryJournal()
  const model = scripted([{ calls: [{ tool: 'pay', args: {} }] }, { text: 'done' }])
  const first = createRuntime({ ...shared, model, journal })
  await first.stop({ tool: 'pay' })
  const undisturbed = await first.run({ input: 'go', auth: { custom: 'user' } }).result()
  const types = (await collect(journal.read(undisturbed.runId))).map(
    ({ line }) => (JSON.parse(line) as { readonly type: string }).type,
  )
  const cut = await cutAt(journal, undisturbed.runId, types.lastIndexOf('decision') + 1)
  const later = createRuntime({ ...shared, model: scripted([{ text: 'done' }]), journal: cut })
  const result = await later.resume(undisturbed.runId).result()
  expect(undisturbed.report.rows[0]!.error).toMatchObject({ code: 'stopped' })
  expect(result.report.rows[0]!.error).toEqual(undisturbed.report.rows[0]!.error)
  expect(told(result)).toBe(told(undisturbed))
})

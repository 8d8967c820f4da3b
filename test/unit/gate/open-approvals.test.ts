import { beforeEach, describe, expect, test } from 'vitest'
import type { OpenApproval } from '../../../src/gate/approval.ts'
import { OpenApprovals } from '../../../src/gate/open-approvals.ts'
import type { JudgeContext } from '../../../src/gate/verdict.ts'

const root: JudgeContext = { runId: 'root', session: undefined, principal: null }
const lineage = { root: 'root', principals: [], scopes: [] }
const child: JudgeContext = { ...root, runId: 'child', lineage }
const other: JudgeContext = { ...root, runId: 'other' }

function approval(id: string, context: JudgeContext, callId: string): OpenApproval {
  return { request: { id }, context, examined: { call: { callId } } } as unknown as OpenApproval
}

describe('the requests that wait', () => {
  let open: OpenApprovals

  beforeEach(() => {
    open = new OpenApprovals()
    open.keep(approval('a1', root, 'c1'))
    open.keep(approval('a2', root, 'c2'))
    open.keep(approval('a3', child, 'c3'))
    open.keep(approval('a4', other, 'c4'))
  })

  const ids = (): readonly string[] =>
    ['a1', 'a2', 'a3', 'a4'].filter((id) => open.get(id) !== undefined)

  test('are found by their ids', () => {
    expect(open.get('a2')).toMatchObject({ request: { id: 'a2' }, context: root })
    expect(open.get('c2')).toBeUndefined()
    open.drop('a2')
    expect(ids()).toEqual(['a1', 'a3', 'a4'])
  })

  test('are counted over a run and its agents', () => {
    expect([root, child, other].map((context) => open.countOf(context))).toEqual([3, 3, 1])
    expect(open.countOf({ ...root, runId: 'nobody' })).toBe(0)
  })

  test('are counted once, however often they are kept and dropped', () => {
    open.keep(approval('a1', root, 'c1'))
    open.drop('a2')
    open.drop('a2')
    expect(open.countOf(root)).toBe(2)
    open.dropCall('c1')
    open.dropRun('child')
    expect([open.countOf(root), open.countOf(other)]).toEqual([0, 1])
  })

  test('go with the call they are about, all of them', () => {
    open.keep(approval('a1', root, 'c1'))
    open.keep(approval('a2', root, 'c1'))
    open.dropCall('c1')
    expect(ids()).toEqual(['a3', 'a4'])
  })

  test('go with the call they are about', () => {
    open.dropCall('c2')
    open.dropCall('nothing')
    expect(ids()).toEqual(['a1', 'a3', 'a4'])
  })

  test('go with their run, but not with the run it works for', () => {
    expect(open.dropRun('root')).toEqual(['c1', 'c2'])
    expect(ids()).toEqual(['a3', 'a4'])
    expect(open.dropRun('root')).toEqual([])
    expect(open.dropRun('child')).toEqual(['c3'])
  })
})

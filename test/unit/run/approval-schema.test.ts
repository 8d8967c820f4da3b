import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import type { ApprovalRequest } from '../../../src/gate/verdict.ts'
import { sqliteJournal } from '../../../src/journal/sqlite.ts'
import { asking, subAgent } from '../../support/agent-tree.ts'
import { agentOf, policyOf, toolOf, user } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { inProcess } from '../../support/in-process.ts'

const file = new URL('../../../src/gate/approval.schema.json', import.meta.url)
const schema = JSON.parse(readFileSync(file, 'utf8')) as { properties: object }
const isQuestion = new Ajv2020({ strict: true }).compile(schema)

function problems(question: unknown): readonly unknown[] {
  return isQuestion(JSON.parse(JSON.stringify(question))) ? [] : (isQuestion.errors ?? [])
}

const digest = `sha256:${'0'.repeat(64)}`

/** One with every member it can have; the compiler sees that none is missing. */
const complete: Required<ApprovalRequest> = {
  id: 'apr_a',
  runId: 'run_a',
  callId: 'run_a-1-0',
  tool: 'pay',
  args: { amount: 5 },
  argsDigest: digest,
  askedBy: { ...user, tenant: 'acme', agent: 'helper', issuer: 'https://id.example', claims: {} },
  rules: [
    { id: 'r', effect: 'ask', file: 'p.yaml', line: 3, column: 5, shadow: true, unknown: true },
  ],
  reasons: ['because'],
  approvers: [{ roles: ['lead'], count: 2, remember: true }, { count: 1 }],
  expiresAt: '2026-01-01T00:00:00.000Z',
  editable: ['/amount'],
  path: [{ runId: 'run_b', callId: 'run_b-1-0', tool: 'helper' }],
  approvedBy: ['lena'],
}

describe('the published schema of questions to people', () => {
  test('names every member they can have', () => {
    expect(problems(complete)).toEqual([])
    expect(Object.keys(schema.properties).toSorted()).toEqual(
      ['kind', 'left', ...Object.keys(complete)].toSorted(),
    )
  })

  test('accepts those of a run and of its agents, and what the command line lists', async () => {
    const path = join(temporaryFolder(), 'j.db')
    const journal = sqliteJournal(path)
    const policy = policyOf({
      rules: [
        { id: 'delegate', allow: ['helper'], who: { roles: ['user'] } },
        { id: 'paying', ask: ['pay'], approvers: { roles: ['lead'], count: 2 } },
      ],
    })
    const pay = toolOf('pay', { sensitive: ['/card'], editable: ['/amount'] })
    const calls = [{ tool: 'pay', args: { amount: 5, card: '4111' } }]
    const helper = subAgent('helper', [{ calls }], { tools: [pay] })
    const turn = { calls: [...calls, asking('helper')] }
    const asked: ApprovalRequest[] = []
    const { approvals } = await agentOf([turn], {
      journal,
      policy,
      tools: [pay, helper.tool],
      approve: (request) => void asked.push(request),
    })
      .start()
      .result()
    const by = { subject: 'lena', roles: ['lead'], agent: 'desk', tenant: 'acme' }
    for (const { id, runId } of approvals) {
      const no = { id, action: 'deny', by, reason: 'not today' }
      const edit = { id, action: 'edit', by, remember: true, args: { amount: 4 } }
      for (const answer of [no, edit]) await journal.leaveAnswer(runId, JSON.stringify(answer))
    }
    await journal.close()
    const { out } = await inProcess(['approvals', '--journal', path, '--json'])
    const lines = out.split('\n').filter(Boolean)
    expect([approvals.length, asked.length, lines.length]).toEqual([2, 2, 2])
    expect(approvals.some((question) => question.path !== undefined)).toBe(true)
    const listed = lines.map((line) => JSON.parse(line))
    const left = [{ action: 'deny' }, { action: 'edit' }]
    for (const question of listed) expect(question).toMatchObject({ left })
    const all: unknown[] = [...approvals, ...asked, ...listed]
    for (const question of all) expect(problems(question)).toEqual([])
  })

  test.each([
    ['a member nobody knows', { extra: 1 }],
    ['a digest that is none', { argsDigest: 'abc' }],
    ['a time that is none', { expiresAt: 'soon' }],
    ['no approvers', { approvers: undefined }],
  ])('refuses one with %s', (_name, change) => {
    expect(problems({ ...complete, ...change })).not.toEqual([])
  })
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { RunEvent, RunResult } from 'sallyport'
import type { Verification } from 'sallyport/report'
import type { FakeRequest } from 'sallyport/testing'
import { rowsOf } from './desk.ts'

interface Finished {
  readonly result: RunResult
  readonly events: readonly RunEvent[]
  readonly verification: Verification
  readonly requests: readonly FakeRequest[]
  /** Path of the policy file. */
  readonly policy: string
}

/** Throws unless the run went as the story says. */
export function checkRun({ result, events, verification, requests, policy }: Finished): void {
  const { report } = result
  assert.equal(result.status, 'completed')
  assert.match(result.text, /^Ada has her 120 dollars back/)
  assert.deepEqual(
    report.rows.map(({ tool, status, decision }) => [tool, status, decision?.rule]),
    [
      ['find_customer', 'success', 'look-up'],
      ['list_orders', 'success', 'look-up'],
      ['search_kb', 'success', 'knowledge'],
      ['refund', 'success', 'refund-large'],
      ['delete_customer', 'error-security', 'never-delete'],
      ['send_mail', 'error-security', 'default'],
      ['send_mail', 'success', 'mail-customers'],
    ],
  )
  assert.equal(report.header.principal?.subject, 'uma')
  assert.equal(report.header.actor, 'desk-agent')
  checkParallel(events)
  checkRefusal(report.rows[4]?.decision?.rules[0], policy)
  const [answer] = report.rows[3]?.approvals[0]?.answers ?? []
  assert.deepEqual(answer?.by, { subject: 'lena', roles: ['lead'] })
  assert.equal(requests.length, 4)
  assert(requests[2]?.text.includes('Denied by policy rule `never-delete`'), 'the model was told')
  assert.equal(verification.verdict, 'CONSISTENT')
  assert.equal(verification.head, report.head)
}

/** All look-ups were started before the first of them had ended. */
function checkParallel(events: readonly RunEvent[]): void {
  const types = events.filter(({ turn }) => turn === 1).map(({ type }) => type)
  const started = types.lastIndexOf('execution-start')
  assert(started > 0 && started < types.indexOf('tool-result'), 'the look-ups ran in parallel')
}

/** The refusal points at the line of the policy that it comes from. */
function checkRefusal(place: object | undefined, policy: string): void {
  const lines = readFileSync(policy, 'utf8').split('\n')
  const line = lines.findIndex((text) => text.includes('- id: never-delete')) + 1
  assert.deepEqual(place, { id: 'never-delete', effect: 'deny', file: policy, line, column: 5 })
}

/** Throws unless the database holds what was permitted, and nothing else. */
export function checkDesk(desk: DatabaseSync): void {
  assert.deepEqual(rowsOf(desk, 'SELECT "order", amount, subject FROM refunds'), [
    { order: 'O-7', amount: 120, subject: 'uma' },
  ])
  assert.deepEqual(rowsOf(desk, 'SELECT recipient, subject FROM outbox'), [
    { recipient: 'ada@shop.example', subject: 'Your reading lamp' },
  ])
  assert.equal(rowsOf(desk, 'SELECT * FROM customers').length, 2)
}

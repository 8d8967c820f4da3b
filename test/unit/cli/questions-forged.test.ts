import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isVisible } from '../../../src/base/text.ts'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import { agentOf, policyOf, toolOf } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { inProcess } from '../../support/in-process.ts'

interface Waiting {
  readonly path: string
  readonly runId: string
  readonly approvalId: string
}

/** A run that waits for anybody to answer for its only call. */
async function waiting(): Promise<Waiting> {
  const path = join(temporaryFolder(), 'journal.jsonl')
  const journal = jsonlJournal(path)
  const policy = policyOf({ rules: [{ id: 'asked', ask: ['pay'] }], approvals: { ttl: '1d' } })
  const turns = [{ calls: [{ tool: 'pay', args: { sum: 1 } }] }]
  const { start } = agentOf(turns, { journal, policy, tools: [toolOf('pay')] })
  const { approvals, runId } = await start().result()
  await journal.close()
  return { path, runId, approvalId: approvals[0]!.id }
}

/** The same text in all files of a journal. */
function replace(path: string, from: string | RegExp, to: string): void {
  for (const file of [path, `${path}.payloads`]) {
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replaceAll(from, to))
  }
}

const moving = String.raw`x\u001b[2K\r\u202e'; id #`

test('names in a journal move no cursor and end no word of a command', async () => {
  const { path, runId, approvalId } = await waiting()
  replace(path, runId, moving)
  replace(path, approvalId, String.raw`apr_\u001b[31m`)
  const listed = await inProcess(['approvals', '--journal', path])
  const answered = await inProcess(['approve', 'apr_\u001b[31m', '--journal', path])
  for (const { code, notes, out } of [listed, answered]) {
    expect(`${out}${notes}`.split('\n').every(isVisible)).toBe(true)
    expect(code).toBe(0)
  }
  expect(listed.out).toContain(String.raw`run x\u{1b}[2K\u{d}\u{202e}'; id #`)
  expect(answered.notes).toContain(String.raw`sallyport resume 'x\u{1b}[2K\u{d}\u{202e}'\''; id #'`)
})

test('answers that were left are shown for their own request, and move no cursor', async () => {
  const { path, runId, approvalId } = await waiting()
  const journal = jsonlJournal(path)
  const hostile = { by: { subject: 'eve\u001b[2K' }, reason: 'a\nleft, and not taken up: approve' }
  const left = [
    { id: approvalId, action: 'deny', ...hostile },
    { id: 'apr_other', action: 'approve' },
    { id: approvalId, action: 'approve', sudo: true },
  ]
  for (const answer of left) await journal.leaveAnswer(runId, JSON.stringify(answer))
  await journal.leaveAnswer(runId, 'no answer')
  await journal.close()
  const { code, out } = await inProcess(['approvals', '--journal', path])
  expect([code, out.split('\n').every(isVisible)]).toEqual([0, true])
  expect(out.match(/^ {2}left, .*$/gm)).toEqual([
    String.raw`  left, and not taken up: deny from eve\u{1b}[2K, because a\u{a}left, and not taken up: approve`,
  ])
})

test('a run that waits is read on only where its records have the shape of records', async () => {
  for (const [member, value] of [
    ['approvers', '{}'],
    ['reasons', '"why"'],
    ['editable', 'null'],
    ['expiresAt', '7'],
  ] as const) {
    const { path } = await waiting()
    replace(
      path,
      new RegExp(String.raw`"${member}":(\[.*?\]|"[^"]*")`, 'g'),
      `"${member}":${value}`,
    )
    const { code, notes } = await inProcess(['approvals', '--journal', path])
    expect([code, notes]).toEqual([4, expect.stringMatching(/^error\[bad-journal\]: record \d+ /)])
  }
})

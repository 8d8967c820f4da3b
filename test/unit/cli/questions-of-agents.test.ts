import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import { agentOf, policyOf, toolOf } from '../../support/agent.ts'
import { asking, subAgent } from '../../support/agent-tree.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { inProcess } from '../../support/in-process.ts'

const policy = policyOf({
  rules: [
    { id: 'free', allow: ['inner', 'act'], who: { roles: ['user'] } },
    { id: 'asked', ask: ['pay'], who: { roles: ['user'] } },
  ],
})

test.each([
  ['is listed while its call waits', false],
  ['waits for nobody once its call has ended', true],
])('a question of an agent %s', async (_, isStopped) => {
  const path = join(temporaryFolder(), 'journal.jsonl')
  const journal = jsonlJournal(path)
  const inner = subAgent('inner', [{ calls: [{ tool: 'pay' }] }], { tools: [toolOf('pay')] })
  const act = toolOf('act', isStopped ? { execute: () => new Promise(() => undefined) } : {})
  const { start } = agentOf([{ calls: [asking('inner'), { tool: 'act' }] }], {
    tools: [inner.tool, act],
    journal,
    policy,
  })
  const run = start()
  for await (const event of run) {
    if (isStopped && event.type === 'execution-progress') run.cancel()
  }
  await run.result()
  await journal.close()
  const { notes, out } = await inProcess(['approvals', '--journal', path])
  expect(out.includes('pay')).toBe(!isStopped)
  expect(notes).toBe(isStopped ? 'nothing waits for people\n' : '')
})

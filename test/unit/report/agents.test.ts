import { expect, test } from 'vitest'
import {
  agentTool,
  createRuntime,
  defineTool,
  memoryJournal,
  parsePolicy,
} from '../../../src/index.ts'
import { renderHtml } from '../../../src/report/html/page.ts'
import { renderMarkdown } from '../../../src/report/markdown.ts'
import { readReport } from '../../../src/report/read.ts'
import type { Report } from '../../../src/report/report.ts'
import { renderTerminal } from '../../../src/report/terminal.ts'
import { scripted } from '../../../src/testing/scripted.ts'

const policy = await parsePolicy(`
sallyport: 1
name: desk
identity: { anonymous: role, anonymousRole: caller }
roles: { caller: {} }
rules: [{ id: all, allow: [helper, look] }]
`)

/** As one line, however it was broken. */
function flat(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}

/** The reports of a run and of the agent it has called, which has called a tool. */
async function family(): Promise<{ readonly parent: Report; readonly child: Report }> {
  const look = defineTool({ name: 'look', description: 'l', input: {}, execute: () => 'seen' })
  const usage = { inputTokens: 1200, outputTokens: 34, cost: 0.5 }
  const helper = agentTool({
    name: 'helper',
    description: 'h',
    tools: [look],
    model: scripted([{ calls: [{ tool: 'look', args: {} }], usage }, { text: 'done' }]),
  })
  const journal = memoryJournal()
  const model = scripted([{ calls: [{ tool: 'helper', args: { prompt: 'go' } }] }, { text: 'ok' }])
  const runtime = createRuntime({ model, tools: [helper], policy, journal })
  const { report: parent } = await runtime.run({ input: 'go' }).result()
  const { runId } = parent.rows[0]!.child!
  return { parent, child: await readReport(journal.read(runId)) }
}

test('every form names the run of an agent, what it has used, and the call it worked for', async () => {
  const { parent, child } = await family()
  const { callId, child: named } = parent.rows[0]!
  const used = '1 run, 2 turns, 1 call, 1,210 input and 39 output tokens, $0.5000 (provider)'

  expect(flat(renderTerminal(parent, { width: 200 }))).toContain(`agents ${used}`)
  expect(flat(renderTerminal(child, { width: 200 }))).toContain(
    `for call ${callId} of ${parent.header.runId}`,
  )
  expect(renderMarkdown(parent)).toContain(`In runs of agents: ${used}`)
  expect(renderMarkdown(child)).toContain(`For call \`${callId}\` of \`${parent.header.runId}\``)

  const page = await renderHtml(parent)
  expect(page).toContain(`<dt>In runs of agents</dt><dd>${used}</dd>`)
  expect(page).toContain(`${named!.runId}, completed after 2 turns and 1 call`)
  expect(await renderHtml(child)).toContain(`call ${callId} of ${parent.header.runId}`)
})

test('a run without agents says nothing of them', async () => {
  const { child } = await family()
  expect(renderTerminal(child)).not.toContain('agents')
  expect(renderMarkdown(child)).not.toContain('agents')
})

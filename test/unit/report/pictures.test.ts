import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { foldReport } from '../../../src/report/fold.ts'
import { renderHtml } from '../../../src/report/html/page.ts'
import { renderJson } from '../../../src/report/render-json.ts'
import { readReport } from '../../../src/report/read.ts'
import { renderTerminal } from '../../../src/report/terminal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { agentOf, finish, only } from '../../support/agent.ts'
import { openPage } from './page-data.ts'

const file = new URL('../../../src/report/report.schema.json', import.meta.url)
const data = Buffer.from('a picture'.repeat(300)).toString('base64')
const png = `data:image/png;base64,${data}`
const link = 'https://images.example/a.png?secret=1'

test('a report tells kind and size of the pictures a model made, and shows none of them', async () => {
  const journal = memoryJournal()
  const { start } = agentOf([{ text: 'here', images: [png, link] }], { journal })
  const { result, recorded } = await finish(start())
  const { report } = result
  expect(result.images).toEqual([png, link])
  expect(report.modelCalls[0]?.images).toEqual([
    { mediaType: 'image/png', bytes: 2700 },
    { host: 'images.example' },
  ])
  const said = only(recorded, 'usage')[0]?.message?.content
  expect(said).toEqual([
    { type: 'text', text: 'here' },
    { type: 'image', url: png },
    { type: 'image', url: link },
  ])
  expect(foldReport(recorded, { head: report.head })).toEqual(report)
  expect(await readReport(journal.read(result.runId))).toMatchObject({
    modelCalls: report.modelCalls,
  })

  const forms = [renderJson(report), renderTerminal(report), openPage(renderHtml(report))]
  for (const form of forms) {
    expect(form).toContain('image/png')
    expect(form).toContain('images.example')
    expect(form).not.toContain(data.slice(0, 40))
    expect(form).not.toContain('secret=1')
    expect(form).not.toContain('<img')
  }
  for (const form of forms.slice(1)) expect(form).toContain('2.6 KiB')
  const validate = new Ajv2020().compile(JSON.parse(readFileSync(file, 'utf8')))
  expect(validate(JSON.parse(forms[0]!))).toBe(true)
})

test('pictures of a damaged journal are left out', async () => {
  const { start } = agentOf([{ text: 'x', images: [png] }])
  const { recorded } = await finish(start())
  const contents = [null, 7, {}, [null], [{ type: 'image' }], [{ type: 'image', url: 7 }]]
  for (const message of [
    null,
    'x',
    ...contents.map((content) => ({ role: 'assistant', content })),
  ]) {
    const events = recorded.map((event) =>
      event.type === 'usage' ? ({ ...event, message } as typeof event) : event,
    )
    expect(foldReport(events, { head: null }).modelCalls[0]?.images).toBeUndefined()
  }
  const hostile = 'https://\u202E\u001B[2J.example'
  const many = Array.from({ length: 100 }, () => ({ type: 'image', url: hostile }))
  const events = recorded.map((event) =>
    event.type === 'usage'
      ? ({ ...event, message: { role: 'assistant', content: many } } as typeof event)
      : event,
  )
  const report = foldReport(events, { head: null })
  expect(report.modelCalls[0]?.images).toHaveLength(64)
  const shown = renderTerminal(report)
  for (const hidden of ['\u202E', '\u001B']) expect(shown).not.toContain(hidden)
})

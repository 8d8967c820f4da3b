import { existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { parse } from 'parse5'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runSuite } from '../../src/analysis/suite.ts'
import tools from '../../examples/demo/tools.ts'
import { loadPolicy } from '../../src/loading/file.ts'
import { runProgram, type Finished } from '../support/program.ts'
import { openPage } from '../unit/report/page-data.ts'

describe('the demonstration', () => {
  let demo: Finished
  let journal: string
  let html: string

  beforeAll(async () => {
    demo = await runProgram('examples/demo/support-desk.ts')
    journal = pathAfter('journal')
    html = pathAfter('report')
  })

  function pathAfter(topic: string): string {
    return new RegExp(`^${topic} +(\\S+)`, 'm').exec(demo.out)?.[1] ?? ''
  }

  afterAll(() => {
    if (journal !== '') rmSync(dirname(journal), { recursive: true })
  })

  test('ends well and says nothing on standard error', () => {
    expect(demo.errors).toBe('')
    expect(demo.code).toBe(0)
    expect(demo.out).toMatch(/^run completed: 7 calls, 5 executed, 2 refused$/m)
  })

  test('shows what was allowed, refused with its place, and approved by whom', () => {
    expect(demo.out).toMatch(/✓ allow find_customer +look-up +policy\.yaml:\d+:\d+/)
    expect(demo.out).toMatch(/✗ deny +delete_customer +never-delete +policy\.yaml:\d+:\d+/)
    expect(demo.out).toMatch(/asked by uma, needs 1 of lead/)
    expect(demo.out).toMatch(/given by lena \(lead\)/)
    expect(demo.out).toMatch(/model +Ada has her 120 dollars back/)
  })

  test('writes a page that is read without script, with nothing of a letter in it', () => {
    const page = readFileSync(html, 'utf8')
    const names: string[] = []
    collectNames(parse(page), names)
    expect(names).toContain('body')
    expect(page).toContain('refused')
    expect(openPage(page)).not.toContain('We have paid back')
    expect(page).toContain('[redacted]')
  })

  test('leaves a journal from which the same report is drawn again', async () => {
    const args = ['report', journal, '--format', 'json']
    const again = await runProgram('src/cli/main.ts', args)
    expect(again.code).toBe(0)
    const { rows, head } = JSON.parse(again.out) as { rows: { status: string }[]; head: string }
    expect(rows.map(({ status }) => status)).toEqual([
      'success',
      'success',
      'success',
      'success',
      'error-security',
      'error-security',
      'success',
    ])
    expect(demo.out.replaceAll(/\s+/g, '')).toContain(head)
  })

  test('prints a command that draws the page again', async () => {
    const command = /npm run sallyport -- (report .+)/.exec(demo.out)?.[1] ?? ''
    const folder = dirname(journal)
    const again = await runProgram('src/cli/main.ts', command.split(' '), { folder })
    expect(again).toEqual({ code: 0, out: '', errors: '' })
    expect(existsSync(`${folder}/report.html`)).toBe(true)
  })
})

test('the policy of the demonstration fits its tools and passes its own tests', async () => {
  const loaded = await loadPolicy('examples/demo/policy.yaml')
  const policy = loaded.compile(tools)
  const failed = (await runSuite(policy)).filter(({ passed }) => !passed)
  expect(policy.tests.length).toBeGreaterThan(0)
  expect(failed).toEqual([])
})

interface TreeNode {
  readonly nodeName: string
  readonly childNodes?: readonly object[]
}

function collectNames(node: object, names: string[]): void {
  const { nodeName, childNodes = [] } = node as TreeNode
  names.push(nodeName)
  for (const child of childNodes) collectNames(child, names)
}

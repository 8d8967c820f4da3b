import { describe, expect, test } from 'vitest'
import type { StructuralEvent } from '../../../src/protocol/run-event.ts'
import { foldReport } from '../../../src/report/fold.ts'
import { renderHtml } from '../../../src/report/html/page.ts'
import type { PolicyText } from '../../../src/report/html/policy.ts'
import { attribute, elementsOf, textOf } from './parsed.ts'
import { EventWriter, sampleEvents } from './sample.ts'

const head = `sha256:${'ab'.repeat(32)}`
const file = 'policies/support-desk.yaml'

const text = `sallyport: 1
rules:
  - id: refund-limit
    deny: [refund]
    # <b>why</b>
    args: { amount: { type: number } }

  - id: never
    deny: ['admin.**']
identity:
  apiKeys: [{ id: ci, hash: 'sha256:feed' }]
`

function policyOf(digest: string): PolicyText {
  const at = { file, column: 5 }
  const parts = [
    { rule: 'refund-limit', line: 3, ...at },
    { rule: 'never', line: 8, ...at },
  ]
  return { digest, parts, files: new Map([[file, text]]) }
}

function sectionText(html: string, id: string): string | undefined {
  const found = elementsOf(html).find((element) => attribute(element, 'id') === id)
  return found === undefined ? undefined : textOf(found)
}

function render(events: readonly StructuralEvent[], digest?: string): string {
  const report = foldReport(events, { head })
  return renderHtml(report, { policy: policyOf(digest ?? report.header.policy.digest) })
}

describe('a page that was given the policy', () => {
  test('shows the lines of the rule beside what it refused, and no others', () => {
    const html = render(sampleEvents())
    const refused = sectionText(html, 'refused')!
    expect(refused).toContain(
      '    3    - id: refund-limit\n    4      deny: [refund]\n    5      # <b>why</b>\n    6      args',
    )
    expect(refused).not.toContain('never')
    expect(sectionText(html, 'call-1-1')).toContain('3    - id: refund-limit')
    expect(html).not.toContain('feed')
  })

  test('names the rules that never applied', () => {
    const unmatched = sectionText(render(sampleEvents()), 'unmatched')!
    expect(unmatched).toContain('Rules that never applied (1)')
    expect(unmatched).toContain(`never${file}:8:5`)
    expect(unmatched).not.toContain('refund-limit')
  })

  test('shows nothing of a policy that is not the one of the run', () => {
    const html = render(sampleEvents(), `sha256:${'00'.repeat(32)}`)
    expect(sectionText(html, 'unmatched')).toContain('its digest differs')
    expect(html).not.toContain('    deny: [refund]')
  })

  test('cuts rules that are long', () => {
    const report = foldReport(sampleEvents(), { head })
    const long = `- id: refund-limit\n${`  x: ${'y'.repeat(1000)}\n`.repeat(40)}`
    const parts = [{ rule: 'refund-limit', file, line: 1, column: 3 }]
    const policy = { digest: report.header.policy.digest, parts, files: new Map([[file, long]]) }
    const refused = sectionText(renderHtml(report, { policy }), 'refused')!
    expect(refused.match(/x: y/g)).toHaveLength(11)
    expect(refused).not.toContain('y'.repeat(300))
    expect(refused).toContain('    …')
  })
})

describe('the picture of the data flow', () => {
  test('leads from each source to the argument it went to', () => {
    const html = render(sampleEvents())
    expect(sectionText(html, 'flow')).toContain('read_file /0/body')
    expect(sectionText(html, 'flow')).toContain('web.get /recipient')
    const paths = elementsOf(html).filter(({ tagName }) => tagName === 'path')
    expect(paths.map((path) => attribute(path, 'class'))).toEqual(['edge edge-refused'])
  })

  test('is not there when nothing is known of sources', () => {
    const writer = new EventWriter().start().beginTurn().propose(0, 'get', {})
    const report = foldReport(writer.events, { head })
    expect(sectionText(renderHtml(report), 'flow')).toBeUndefined()
  })
})

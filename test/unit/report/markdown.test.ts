import * as fc from 'fast-check'
import { marked } from 'marked'
import { describe, expect, test } from 'vitest'
import { visible } from '../../../src/base/text.ts'
import { foldReport } from '../../../src/report/fold.ts'
import { renderMarkdown } from '../../../src/report/markdown.ts'
import type { CallRow, Report } from '../../../src/report/report.ts'
import { verifyChain } from '../../../src/report/verify.ts'
import { fill, payloads, report } from './hostile.ts'
import { elementsOf, textOf } from './parsed.ts'
import { randomRun } from './random-run.ts'
import { sampleEvents } from './sample.ts'
import { seal } from './sealed.ts'

function tagsOf(markdown: string): readonly string[] {
  return elementsOf(marked.parse(markdown, { gfm: true, async: false })).map(
    ({ tagName }) => tagName,
  )
}

/** Everything outside of code spans. */
function proseOf(markdown: string): string {
  return markdown.replaceAll(/(?<!`)(`+)(?!`)(?:.*?[^`])\1(?!`)/g, '')
}

const special = [
  '@octocat and @org/team',
  '#12 owner/repo#3 GH-4',
  'https://evil.example www.evil.example a@evil.example',
  '`` ` ``` code',
  '`',
  'a|b \\| c \\\\|',
  '| --- |',
  '</summary></details><h1>',
  '~~~',
  '\n\n# heading\n\n- list',
  '[x](javascript:alert(1)) ![y](https://evil.example/p.png)',
  ':tada: $x^2$',
  '',
  '   ',
]

describe('Markdown', () => {
  test('tells the verdict and what was refused before everything else', () => {
    const text = renderMarkdown(foldReport(sampleEvents(), { head: null }))
    expect(text).toMatch(/^## ❌ run completed: 7 calls, 2 executed, 4 refused, 1 failed\n/)
    const [before] = text.split('<details>')
    expect(before).toContain('`refund-limit` `policies/support-desk.yaml:32:5`')
    expect(before).toContain('`` `/amount` is 500, at most 100 is allowed ``')
    expect(before).not.toContain('`get_order`')
    expect(text).toContain('<summary>7 calls</summary>')
  })

  test('says loudly that a policy ran in shadow mode', () => {
    const text = renderMarkdown(foldReport(sampleEvents('shadow'), { head: null }))
    expect(text).toMatch(/\n\*\*Shadow mode: .+ not enforced\.\*\*\n/)
  })

  test('says what was proved, or that nothing was', async () => {
    const records = seal(sampleEvents())
    const of = foldReport(sampleEvents(), { head: records.at(-1)!.hash })
    const verification = await verifyChain(records)
    const text = renderMarkdown(of, { verification })
    expect(text).toContain('<summary>What this proves: CONSISTENT</summary>')
    for (const claim of [...verification.proved, ...verification.notProved]) {
      expect(text).toContain(claim)
    }
    expect(renderMarkdown(of)).toContain('nothing by itself')
  })

  test('has the same elements with hostile text as with any other', () => {
    const neutral = tagsOf(renderMarkdown(fill(report, 'x') as Report))
    expect(neutral.length).toBeGreaterThan(60)
    for (const payload of [...payloads, ...special]) {
      expect(tagsOf(renderMarkdown(fill(report, payload) as Report)), payload).toEqual(neutral)
    }
  })

  test('keeps mentions, references and addresses in code', () => {
    for (const payload of [...payloads, ...special]) {
      const prose = proseOf(renderMarkdown(fill(report, payload) as Report))
      expect(prose, payload).not.toMatch(/@|#\d|GH-|:\/\/|www\./)
    }
  })

  test('shows text as it is, with what is invisible made visible', () => {
    for (const payload of payloads.filter((text) => text.trim() !== '' && text.length < 90)) {
      const html = marked.parse(renderMarkdown(fill(report, payload) as Report), { async: false })
      const shown = elementsOf(html).filter(({ tagName }) => tagName === 'code')
      const expected = visible(payload).replaceAll(/\\\|/g, '\\\\u{7c}')
      expect(shown.map((element) => textOf(element).trim())).toContain(expected.trim())
    }
  })

  test('of any run has no line that is not meant', () => {
    fc.assert(
      fc.property(randomRun, (events) => {
        const text = renderMarkdown(foldReport(events, { head: null }))
        expect(text).not.toMatch(/[[\p{Cc}\p{Cf}]--\n]/v)
      }),
    )
  })

  test.each([
    ['plain', 'x'],
    ['that grow when shown', '\u{e0001}'.repeat(2_000)],
    ['of pipes and backticks', '|`'.repeat(2_000)],
  ])('fits a comment with thousands of calls and texts %s, and counts the rest', (_name, text) => {
    const [row] = (fill(report, text) as Report).rows.slice(1)
    const rows: readonly CallRow[] = Array.from({ length: 5_000 }, () => row!)
    const limits = Array.from({ length: 9 }, () => ({
      turn: 1,
      limit: text,
      max: 1,
      message: text,
    }))
    const filled = { ...(fill(report, text) as Report), rows, limits }
    for (const maxLength of [undefined, 32_768, 1_000_000]) {
      const options = maxLength === undefined ? {} : { maxLength }
      const markdown = renderMarkdown(filled, options)
      expect(markdown.length).toBeLessThanOrEqual(maxLength ?? 65_536)
      expect(markdown).toContain('\n</details>\n')
      if (maxLength !== 1_000_000) expect(markdown).toMatch(/and \d,\d{3} more calls/)
    }
  })
})

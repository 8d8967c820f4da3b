import { expect, test } from 'vitest'
import { visible } from '../../src/base/text.ts'
import { renderHtml } from '../../src/report/html/page.ts'
import type { CallRow, Report } from '../../src/report/report.ts'
import { fill, payloads } from '../unit/report/hostile.ts'
import { describeInBrowser, type Open } from './browser.ts'
import { sampleReport } from './sample-page.ts'

const texts = payloads.filter((text) => text !== '' && text.length < 1000)

/** A row in which every text is one payload; the second has labels, decisions and a result. */
function rowOf(text: string, index: number): CallRow {
  const row = sampleReport.rows[2]!
  const approvals = sampleReport.rows[4]!.approvals
  return { ...(fill({ ...row, approvals }, text) as CallRow), turn: 1, index }
}

const rows = ['neutral', ...texts].map(rowOf)

const hostile: Report = { ...(fill(sampleReport, texts.at(-1)!) as Report), rows }

const details = new Map(rows.map(({ callId }) => [callId, { result: { [callId]: callId } }]))

interface Seen {
  readonly tags: string
  readonly why: string
}

/** Opens one call after the other, raw record and all, and tells what the page made of it. */
async function openAll(count: number): Promise<readonly Seen[]> {
  const seen: Seen[] = []
  const detail = document.querySelector<HTMLElement>('.detail')!
  document.querySelector<HTMLElement>('.waterfall')!.focus()
  for (let at = 0; at < count; at++) {
    document.dispatchEvent(new KeyboardEvent('keydown', { key: 'j' }))
    if (at === 0) {
      const enter = new KeyboardEvent('keydown', { key: 'Enter' })
      document.querySelector('.waterfall')!.dispatchEvent(enter)
    }
    detail.querySelector('details')!.open = true
    await new Promise((resolve) => {
      setTimeout(resolve)
    })
    seen.push({
      tags: [...detail.querySelectorAll('*')]
        .map((element) => [element.tagName, ...element.getAttributeNames()].join(' '))
        .join(),
      why: detail.querySelector('.why')!.textContent,
    })
  }
  return seen
}

describeInBrowser('a page full of hostile text', (open: Open) => {
  const timeout = 300_000

  test(
    'has nothing but its own elements, asks for nothing and runs nothing',
    { timeout },
    async () => {
      const { page, requests, troubles } = await open(renderHtml(hostile, { details }))
      const [neutral, ...seen] = await page.evaluate(openAll, rows.length)
      expect(seen).toHaveLength(texts.length)
      for (const [at, { tags, why }] of seen.entries()) {
        const shown = visible(texts[at]!)
        expect(why).toBe(`refused by \`${shown}\`: ${shown}`)
        expect(tags, texts[at]!).toBe(neutral!.tags)
      }
      const foreign = 'main :is(script, img, iframe, object, embed, form, base, link, style)'
      expect(await page.locator(foreign).count()).toBe(0)
      expect(await page.locator('a:not([href^="#"])').count()).toBe(0)
      expect(await page.locator('script').count()).toBe(1)
      expect(requests).toEqual([])
      expect(troubles).toEqual([])
    },
  )

  test('stays as it is when hostile text is searched for', async () => {
    const { page, troubles } = await open(renderHtml(hostile, { details }))
    for (const text of texts.slice(-12)) {
      await page.locator('.filters input').fill(text)
      expect(await page.locator('.lines img, .lines script, .filters img').count()).toBe(0)
    }
    expect(troubles).toEqual([])
  })

  test('follows no link into it that names no call', async () => {
    const hash = '#%3Cimg%20src=x%20onerror=alert(1)%3E'
    const { page, troubles } = await open(renderHtml(hostile), { hash })
    expect(await page.locator('.detail').isVisible()).toBe(false)
    expect(troubles).toEqual([])
  })
})

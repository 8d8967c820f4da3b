import { expect, test } from 'vitest'
import { renderIndex } from '../../src/report/html/index-page.ts'
import type { Overview } from '../../src/report/overview.ts'
import { fill, payloads } from '../unit/report/hostile.ts'
import { later, overviewOf } from '../unit/report/many-runs.ts'
import { describeInBrowser, type Open } from './browser.ts'
import { sampleReport } from './sample-page.ts'
import { violationsIn } from './violations.ts'

const reports = [0, 40, 200, 1500].map((minutes) => later(sampleReport, minutes))
const overview = {
  ...overviewOf(reports),
  unreadable: [{ journal: 'old.db', message: '`old.db` is no journal' }],
}
const html = renderIndex(overview, { pageOf: ({ runId }) => `index-${runId}.html` })

describeInBrowser('the page of many runs in a browser', (open: Open) => {
  test('asks for nothing, and does nothing its policy forbids', async () => {
    const { page, requests, troubles } = await open(html)
    expect(await page.locator('h1').innerText()).toMatch(/4 runs, 28 calls, 16 refused, 4 failed/)
    expect(await page.locator('#runs tbody tr').count()).toBe(4)
    expect(requests).toEqual([])
    expect(troubles).toEqual([])
  })

  test.each(['light', 'dark'] as const)('is accessible: %s', async (colorScheme) => {
    for (const width of [1280, 390]) {
      const { page } = await open(html, { colorScheme, viewport: { width, height: 844 } })
      expect(await violationsIn(page)).toEqual([])
      const scroll = await page.evaluate(() => document.documentElement.scrollWidth)
      expect(scroll).toBeLessThanOrEqual(width)
      const folder = process.env['PICTURES']
      if (folder !== undefined) {
        const path = `${folder}/index-${colorScheme}-${width}.png`
        await page.screenshot({ path, fullPage: true })
      }
    }
  })

  test('holds hostile texts as texts', async () => {
    for (const text of payloads.filter((_text, at) => at % 40 === 0)) {
      const named = fill(overview, text) as Overview
      const { page, requests, troubles } = await open(
        renderIndex({ ...named, overTime: overview.overTime }),
      )
      expect([text, requests, troubles]).toEqual([text, [], []])
      await page.context().close()
    }
  })
})

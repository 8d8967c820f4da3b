import { expect, test } from 'vitest'
import { renderIndex } from '../../src/report/html/index-page.ts'
import type { Overview } from '../../src/report/overview.ts'
import { fill, payloads } from '../unit/report/hostile.ts'
import { describeInBrowser, type Open } from './browser.ts'
import { sampleIndex, sampleOverview } from './sample-page.ts'
import { violationsIn } from './violations.ts'

describeInBrowser('the page of many runs in a browser', (open: Open) => {
  test('asks for nothing, and does nothing its policy forbids', async () => {
    const { page, requests, troubles } = await open(sampleIndex)
    expect(await page.locator('h1').innerText()).toMatch(/4 runs, 28 calls, 16 refused, 4 failed/)
    expect(await page.locator('#runs tbody tr').count()).toBe(4)
    expect(requests).toEqual([])
    expect(troubles).toEqual([])
  })

  test.each(['light', 'dark'] as const)('is accessible: %s', async (colorScheme) => {
    for (const width of [1280, 390, 320]) {
      const { page } = await open(sampleIndex, { colorScheme, viewport: { width, height: 844 } })
      expect(await violationsIn(page)).toEqual([])
      const scroll = await page.evaluate(() => document.documentElement.scrollWidth)
      expect(scroll).toBeLessThanOrEqual(width)
    }
  })

  test('holds hostile texts as texts', async () => {
    for (const text of payloads.filter((_text, at) => at % 40 === 0)) {
      const named = fill(sampleOverview, text) as Overview
      const { page, requests, troubles } = await open(
        renderIndex({ ...named, overTime: sampleOverview.overTime }),
      )
      expect([text, requests, troubles]).toEqual([text, [], []])
      await page.context().close()
    }
  })
})

import { expect, test } from 'vitest'
import { renderHtml } from '../../src/report/html/page.ts'
import { reportOfMany } from '../unit/report/many-calls.ts'
import { describeInBrowser, type Open } from './browser.ts'

describeInBrowser('a page of 10,000 calls', (open: Open) => {
  test('keeps a part of them in the document, and finds any', async () => {
    const { page, troubles } = await open(renderHtml(reportOfMany(10_000)))
    const elements = (): Promise<number> => page.locator('#explorer *').count()
    expect(await elements()).toBeLessThan(2000)
    expect(await page.locator('.waterfall').getAttribute('aria-rowcount')).toBe('11251')
    await page.locator('.waterfall').press('End')
    const last = page.locator('.lines [role=row]').last()
    expect(await last.innerText()).toContain('1250.7')
    expect(await last.getAttribute('aria-rowindex')).toBe('11251')
    expect(await elements()).toBeLessThan(2000)
    await page.locator('.filters input').fill('"O-7777"')
    expect(await page.locator('.filters [role=status]').innerText()).toBe('1 of 10,000 calls')
    // the lines follow once the list has been scrolled to where they stand now
    await expect.poll(() => page.locator('.lines [role=row]').allInnerTexts()).toHaveLength(2)
    await page.locator('.filters input').fill('')
    await page.getByRole('button', { name: /^deny/ }).click()
    expect(await page.locator('.filters [role=status]').innerText()).toBe('1,111 of 10,000 calls')
    expect(troubles).toEqual([])
  })
})

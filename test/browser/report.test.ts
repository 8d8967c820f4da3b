import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { renderHtml, renderSplitHtml } from '../../src/report/html/page.ts'
import { describeInBrowser, type Open } from './browser.ts'
import { sampleOptions, sampleReport } from './sample-page.ts'
import { violationsIn } from './violations.ts'

const html = renderHtml(sampleReport, sampleOptions)

/** The call that is the active line of the waterfall. */
function activeLine(page: Page): Promise<string> {
  return page.locator('.lines .active .tool').innerText()
}

describeInBrowser('the report page in a browser', (open: Open) => {
  test('asks for nothing but itself, and does nothing its policy forbids', async () => {
    const { page, requests, troubles } = await open(html)
    await page.locator('.waterfall').press('j')
    await page.locator('.waterfall').press('Enter')
    expect(await page.locator('.detail h3').innerText()).toContain('get_order')
    expect(requests).toEqual([])
    expect(troubles).toEqual([])
  })

  test('can be read without script', async () => {
    const { page, troubles } = await open(html, { javaScriptEnabled: false })
    const text = await page.locator('body').innerText()
    expect(text).toMatch(/run completed: 7 calls, 2 executed, 4 refused, 1 failed/i)
    expect(text).toContain('Journal CONSISTENT, ')
    expect(text).toContain('that the agent had no way around the gate')
    expect(text).toContain('`/amount` is 500, at most 100 is allowed')
    expect(await page.locator('.calls > li').count()).toBe(7)
    expect(await page.locator('#timeline').isVisible()).toBe(true)
    expect(troubles).toEqual([])
  })

  test('can be read where the host forbids script and style', async () => {
    const { page } = await open(html.replace('<head>', `<head>${hostPolicy}`), {
      javaScriptEnabled: false,
    })
    expect(await page.locator('#refused').innerText()).toContain('at most 100 is allowed')
  })

  test('works from files beside it where the host allows only those', async () => {
    const split = renderSplitHtml(sampleReport, 'incident', sampleOptions)
    const beside = {
      'incident.css': split.css,
      'incident.js': split.script,
      'incident.data.js': split.data,
    }
    const { page, requests, troubles } = await open(split.html, { beside })
    expect(await page.locator('.lines [role=row]').count()).toBe(10)
    expect(requests).toEqual([])
    expect(troubles).toEqual([])
  })

  test.each(['light', 'dark'] as const)('is accessible on a %s page', async (colorScheme) => {
    for (const width of [1280, 768, 320]) {
      const viewport = { width, height: 800 }
      const { page } = await open(html, { colorScheme, viewport, hash: '#call-1-1' })
      expect(await violationsIn(page), `${width} wide`).toEqual([])
      await page.context().close()
    }
  })

  test('is accessible without script', async () => {
    const { page } = await open(html.replaceAll(/<script>.*?<\/script>/gs, ''))
    expect(await page.locator('.calls > li').first().isVisible()).toBe(true)
    expect(await violationsIn(page)).toEqual([])
  })

  test('fits into 320 pixels', async () => {
    const { page } = await open(html, {
      viewport: { width: 320, height: 640 },
      hash: '#call-1-1',
    })
    const { scrollWidth, clientWidth } = await page.evaluate(() => document.documentElement)
    expect(scrollWidth).toBe(clientWidth)
  })

  test('can be used with the keyboard alone', async () => {
    const { page } = await open(html)
    await page.keyboard.press('Tab')
    expect(await page.locator('.skip:focus').count()).toBe(1)
    await page.keyboard.press('Enter')
    for (let at = 0; at < 40; at++) {
      await page.keyboard.press('Tab')
      if (await page.locator('.waterfall:focus').count()) break
    }
    await page.keyboard.press('ArrowDown')
    expect(await activeLine(page)).toBe('1.0 get_order')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    expect(await page.locator('.detail:focus h3').innerText()).toContain('refund call 1.1')
    await page.keyboard.press('j')
    expect(await page.locator('.detail h3').innerText()).toContain('web.get call 1.2')
    await page.keyboard.press('k')
    await page.keyboard.press('Escape')
    expect(await page.locator('.detail').isVisible()).toBe(false)
    expect(await page.locator('.waterfall:focus').count()).toBe(1)
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('ArrowLeft')
    expect(await page.locator('.lines [role=row]').count()).toBe(7)
    await page.keyboard.press('ArrowRight')
    expect(await page.locator('.lines [role=row]').count()).toBe(10)
    await page.keyboard.press('/')
    await page.keyboard.type('O-8')
    expect(await page.locator('.filters [role=status]').innerText()).toBe('1 of 7 calls')
    await page.keyboard.press('Escape')
    expect(await page.locator('.filters [role=status]').innerText()).toBe('7 of 7 calls')
    await page.keyboard.press('?')
    expect(await page.locator('dialog[open]').innerText()).toContain('next and previous call')
    await page.keyboard.press('Escape')
    expect(await page.locator('dialog[open]').count()).toBe(0)
  })

  test('filters by decision, status, tool and rule', async () => {
    const { page } = await open(html)
    const shown = async (): Promise<readonly string[]> =>
      (await page.locator('.lines [role=row]:not(.turn) .tool').allInnerTexts()).map((text) =>
        text.trim(),
      )
    await page.getByRole('button', { name: /^deny/ }).click()
    expect(await shown()).toEqual(['1.1 refund', '1.2 web.get', '2.2 send_mail'])
    await page
      .getByRole('group', { name: 'tool' })
      .getByRole('button', { name: /refund/ })
      .click()
    expect(await shown()).toEqual(['1.1 refund'])
    expect(await page.getByRole('button', { name: /^deny/ }).getAttribute('aria-pressed')).toBe(
      'true',
    )
    await page.getByRole('button', { name: 'Show all' }).click()
    expect(await shown()).toHaveLength(7)
    await page.getByRole('button', { name: /^untrusted/ }).click()
    expect(await shown()).toEqual(['1.2 web.get'])
    // no tool ran for long
    expect(await page.getByRole('group', { name: 'time' }).count()).toBe(0)
  })

  test('opens the call that a link names, with rule, source, answer and command', async () => {
    const { page } = await open(html, { hash: '#call-1-2' })
    const detail = page.locator('.detail')
    expect(await detail.innerText()).toContain('read_file /0/body (c-1) -> /recipient')
    await page.locator('#refused a', { hasText: 'call 1.1' }).click()
    await detail.locator('h3', { hasText: 'call 1.1' }).waitFor()
    expect(await detail.innerText()).toContain('3    - id: refund-limit')
    expect(await detail.innerText()).toContain(
      'sallyport explain --policy policies/support-desk.yaml --journal journal.db --call',
    )
    await page.locator('#refused a', { hasText: 'call 2.1' }).click()
    await detail.locator('h3', { hasText: 'call 2.1' }).waitFor()
    expect(await detail.innerText()).toContain('deny by lead-1')
    await detail.getByText('Raw record').click()
    await detail.getByText('"approvals": [').waitFor()
  })

  test('changes its colours on demand', async () => {
    const { page } = await open(html, { colorScheme: 'light' })
    const ground = (): Promise<string> =>
      page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const light = await ground()
    await page.getByRole('button', { name: 'Theme: auto' }).click()
    expect(await ground()).toBe(light)
    await page.getByRole('button', { name: 'Theme: light' }).click()
    expect(await ground()).not.toBe(light)
  })

  test('prints what is written out, opened', async () => {
    const { page } = await open(html)
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('#explorer').isVisible()).toBe(false)
    expect(await page.locator('#call-1-1 .body').isVisible()).toBe(true)
  })
})

// as Jenkins sends it
const hostPolicy = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self'; style-src 'self'">`

import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { renderHtml } from '../../src/report/html/page.ts'
import { reportOfMany } from '../unit/report/many-calls.ts'
import { describeInBrowser, type Open } from './browser.ts'

declare global {
  /** Lets the page read on, which stops after each portion of calls. */
  var readOn: () => void
}

function stopAfterEachPortion(): void {
  const later = globalThis.setTimeout
  let wait: Promise<void>
  const stop = (): void => {
    wait = new Promise((resolve) => {
      globalThis.readOn = () => {
        stop()
        resolve()
      }
    })
  }
  stop()
  const patient = (act: () => void, delay?: number): unknown =>
    delay === undefined ? wait.then(() => later(act)) : later(act, delay)
  Object.assign(globalThis, { setTimeout: patient })
}

const html = renderHtml(reportOfMany(1_000))

describeInBrowser('a page whose calls are still being read', (open: Open) => {
  const begin = (): ReturnType<Open> =>
    open(html, { before: stopAfterEachPortion, until: '[aria-busy]' })

  test('can be used, and keeps what was chosen', async () => {
    const { page, troubles } = await begin()
    expect(await status(page)).toBe('128 of 1,000 calls, 128 read')
    const deny = page.getByRole('button', { name: /^deny/ })
    await deny.click()
    expect(await status(page)).toBe('14 of 1,000 calls, 128 read')
    await page.locator('.lines [role=row]').nth(1).click()
    const opened = await page.locator('.detail h3').innerText()
    await deny.focus()
    await page.evaluate(() => readOn())
    await expect.poll(() => status(page)).toBe('43 of 1,000 calls, 384 read')
    expect(await deny.innerText()).toBe('deny 43')
    expect(await deny.getAttribute('aria-pressed')).toBe('true')
    expect(await deny.evaluate((chip) => document.activeElement === chip)).toBe(true)
    expect(await page.locator('.detail h3').innerText()).toBe(opened)
    await page.evaluate(() => readOn())
    await expect.poll(() => status(page)).toBe('100 of 1,000 calls, 896 read')
    await page.evaluate(() => readOn())
    await expect.poll(() => status(page)).toBe('111 of 1,000 calls')
    await page.evaluate(() => readOn())
    await page.waitForSelector('.explorer:not([aria-busy])')
    expect(troubles).toEqual([])
  })

  test('opens the call of a link as soon as it is there', async () => {
    const { page } = await open(html, {
      before: stopAfterEachPortion,
      hash: '#call-100-3',
      until: '[aria-busy]',
    })
    expect(await page.locator('.detail h3').count()).toBe(0)
    await page.evaluate(() => readOn())
    await page.evaluate(() => readOn())
    await page.waitForSelector('.detail h3')
    expect(await page.locator('.detail h3').innerText()).toContain('call 100.3')
  })

  test.each(['cut', 'changed'])('is what it is without script if its data was %s', async (how) => {
    const [, data] = /<template id="data">([^.]+)/.exec(html)!
    const at = Math.floor(data!.length * 0.9)
    const damaged = how === 'cut' ? data!.slice(0, at - (at % 4)) : flip(data!, at)
    const { page, troubles } = await open(html.replace(data!, damaged), { until: 'html' })
    await expect.poll(() => troubles).toHaveLength(1)
    expect(troubles[0]).toContain('the calls cannot be shown')
    expect(await page.locator('#explorer *').count()).toBe(0)
    expect(await page.locator('.calls > li').first().isVisible()).toBe(true)
    // nothing listens any more that would take the key from the browser
    expect(await page.evaluate(slashIsTaken)).toBe(false)
  })
})

function status(page: Page): Promise<string> {
  return page.locator('.filters [role=status]').innerText()
}

function slashIsTaken(): boolean {
  const slash = new KeyboardEvent('keydown', { key: '/', bubbles: true, cancelable: true })
  return !document.body.dispatchEvent(slash)
}

function flip(text: string, at: number): string {
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
}

import { gunzipSync, gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { renderHtml } from '../../src/report/html/page.ts'
import { reportOfMany } from '../unit/report/many-calls.ts'
import { carriedBy } from '../unit/report/page-data.ts'
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

  test.each<[string, () => string]>([
    ['lost a line', () => repacked((lines, digests) => (lines.splice(2, 1), digests))],
    ['lost all calls', () => repacked((lines, digests) => (lines.splice(1), digests))],
    ['lost the end of a line', () => repacked((lines, digests) => (lines.pop(), digests))],
    ['lost its digests', () => repacked(() => '')],
    ['lost a digest', () => repacked((_, digests) => digests.slice(0, -44))],
    ['counts other calls', () => repacked(first('"calls":1000', '"calls":872'))],
    ['is that of another run', () => repacked(first('"runId":"', '"runId":"x'))],
    ['is none', () => html.replace(carriedBy(html), '')],
    ['is no base64', () => html.replace(carriedBy(html), 'é.<b>')],
    [
      'has other members',
      () => repacked((lines, digests) => (lines.splice(1, 1, '[{}]'), digests)),
    ],
  ])('tells that it is not whole if its data %s', async (_, make) => {
    const { page, troubles } = await open(make(), { until: '[role=alert]' })
    await expect.poll(() => troubles).toHaveLength(1)
    expect(troubles[0]).toContain('the calls cannot be shown')
    await expectNotice(page)
  })

  test.each(['cut', 'changed'])('is what it is without script if its data was %s', async (how) => {
    const [, data] = /<template id="data">([^.]+)/.exec(html)!
    const at = Math.floor(data!.length * 0.9)
    const damaged = how === 'cut' ? data!.slice(0, at - (at % 4)) : flip(data!, at)
    const { page, troubles } = await open(html.replace(data!, damaged), { until: 'html' })
    await expect.poll(() => troubles).toHaveLength(1)
    expect(troubles[0]).toContain('the calls cannot be shown')
    await expectNotice(page)
    // nothing listens any more that would take the key from the browser
    expect(await page.evaluate(slashIsTaken)).toBe(false)
  })
})

function first(from: string, to: string): (lines: string[], digests: string) => string {
  return (lines, digests) => {
    expect(lines[0]).toContain(from)
    lines[0] = lines[0]!.replace(from, to)
    return digests
  }
}

/** The page tells that it is not whole, and shows what is written out. */
async function expectNotice(page: Page): Promise<void> {
  expect(await page.locator('#explorer *').count()).toBe(1)
  expect(await page.getByRole('alert').innerText()).toContain('cannot be read here')
  expect(await page.locator('.toolbar').count()).toBe(0)
  expect(await page.locator('.calls > li').first().isVisible()).toBe(true)
}

/** The page with its data packed anew after a change of its lines and digests. */
function repacked(change: (lines: string[], digests: string) => string): string {
  const data = carriedBy(html)
  const [packed, digests] = data.split('.') as [string, string]
  const lines = gunzipSync(Buffer.from(packed, 'base64')).toString().split('\n')
  const kept = change(lines, digests)
  const changed = gzipSync(lines.join('\n')).toString('base64')
  expect([changed, kept]).not.toEqual([packed, digests])
  return html.replace(data, `${changed}.${kept}`)
}

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

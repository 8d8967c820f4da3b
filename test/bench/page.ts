// How soon the page of a long run can be used, and how long its filter takes, in Chromium:
// `node --conditions=sallyport-source test/bench/page.ts [CALLS...]`. Bars are those of 10,000 calls.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type Page } from 'playwright-core'
import { renderHtml } from '../../src/report/html/page.ts'
import { findBrowser, launchOptions } from '../browser/find-browser.ts'
import { reportOfMany } from '../unit/report/many-calls.ts'
import { median } from './statistics.ts'

const rounds = 7

interface Loaded {
  readonly paintMs: number
  readonly readyMs: number
  readonly allMs: number
}

/**
 * Since the page was asked for: when text was first seen, when the calls could be looked through, and
 * when the last of them was there.
 */
async function load(page: Page, address: string): Promise<Loaded> {
  await page.goto(address)
  await page.waitForFunction(() => performance.getEntriesByName('sallyport-all').length > 0)
  return page.evaluate(() => ({
    paintMs: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN,
    readyMs: performance.getEntriesByName('sallyport')[0]!.startTime,
    allMs: performance.getEntriesByName('sallyport-all')[0]!.startTime,
  }))
}

/** From a letter in the search field to the frame that shows what is left. */
async function filter(page: Page, text: string): Promise<number> {
  return page.evaluate(async (wanted) => {
    const field = document.querySelector<HTMLInputElement>('.filters input')!
    const start = performance.now()
    field.value = wanted
    field.dispatchEvent(new Event('input', { bubbles: true }))
    // behind the drawing of the next frame
    await new Promise((resolve) =>
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel()
        port1.addEventListener('message', resolve)
        port1.start()
        port2.postMessage(undefined)
      }),
    )
    return performance.now() - start
  }, text)
}

function line(what: string, values: readonly number[], bar?: number): string {
  const best = Math.min(...values)
  const verdict = bar === undefined ? '' : `, bar ${bar}${best <= bar ? '' : ' **missed**'}`
  return `  ${what.padEnd(28)} median ${median(values).toFixed(0)} ms, best ${best.toFixed(0)} ms${verdict}`
}

const executablePath = findBrowser()
if (executablePath === undefined) {
  throw new Error('no Chromium found: install `chromium`, or name one in `$CHROMIUM`')
}
const folder = mkdtempSync(join(tmpdir(), 'page-'))
const browser = await chromium.launch(launchOptions(executablePath))
try {
  const sizes = process.argv.slice(2).map(Number)
  for (const calls of sizes.length === 0 ? [100, 10_000] : sizes) {
    const html = renderHtml(reportOfMany(calls))
    const path = join(folder, 'page.html')
    writeFileSync(path, html)
    const loads: Loaded[] = []
    const filters: number[] = []
    for (let round = 0; round < rounds; round++) {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
      loads.push(await load(page, pathToFileURL(path).href))
      for (const text of ['O', 'O-7', 'O-77', 'refund', '']) filters.push(await filter(page, text))
      await page.close()
    }
    console.log(`${calls} calls, ${(html.length / 1e6).toFixed(2)} MB`)
    console.log(
      line(
        'first text',
        loads.map(({ paintMs }) => paintMs),
      ),
    )
    console.log(
      line(
        'ready for use',
        loads.map(({ readyMs }) => readyMs),
        300,
      ),
    )
    console.log(
      line(
        'all calls read',
        loads.map(({ allMs }) => allMs),
      ),
    )
    console.log(line('a filter, until it is drawn', filters, 50))
  }
} finally {
  await browser.close()
  rmSync(folder, { recursive: true, force: true })
}

import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe } from 'vitest'
import { findBrowser, launchOptions } from './find-browser.ts'

const executablePath = findBrowser()

/** A page that was opened, and everything it did that it should not. */
export interface Opened {
  readonly page: Page
  /** Requests but for the page itself and, where it is split, the files beside it. */
  readonly requests: string[]
  /** Dialogs, errors, and violations of the content security policy. */
  readonly troubles: string[]
}

export interface Opening extends BrowserContextOptions {
  /** What follows the address: `#call-1-0`. */
  readonly hash?: string
  /** Files beside the page, by name. */
  readonly beside?: Readonly<Record<string, string>>
  /** Runs in the page before its own script. */
  readonly before?: () => void
  /** What tells that the page is as far as the test wants it; default: all calls are read. */
  readonly until?: string
}

export type Open = (html: string, opening?: Opening) => Promise<Opened>

/**
 * A suite that needs a browser. Without one it is skipped with a note, and in CI it fails: nobody
 * should take a page for tested that was not.
 */
export function describeInBrowser(name: string, suite: (open: Open) => void): void {
  if (executablePath === undefined) {
    const missing = 'no Chromium found: install `chromium`, or name one in `$CHROMIUM`'
    if (process.env['CI'] !== undefined) throw new Error(missing)
    console.warn(`${name}: skipped, ${missing}`)
  }
  describe.skipIf(executablePath === undefined)(name, () => {
    let browser: Browser
    beforeAll(async () => {
      browser = await chromium.launch(launchOptions(executablePath!))
    })
    afterAll(() => browser.close())
    suite((html, opening) => openPage(browser, html, opening))
  })
}

/** A page without calls has no explorer. */
const allRead = '[data-script]:not(:has([aria-busy]))'

async function openPage(browser: Browser, html: string, opening: Opening = {}): Promise<Opened> {
  const { before, beside = {}, hash = '', until = allRead, ...options } = opening
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-page-'))
  await writeFile(join(folder, 'report.html'), html)
  for (const [name, text] of Object.entries(beside)) await writeFile(join(folder, name), text)
  const base = pathToFileURL(`${folder}/`).href
  const own = new Set(['report.html', ...Object.keys(beside)].map((name) => base + name))
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
    ...options,
  })
  const page = await context.newPage()
  if (before !== undefined) await page.addInitScript(before)
  const [requests, troubles]: [string[], string[]] = [[], []]
  page.on('request', (request) => {
    const address = request.url().replace(/#.*$/, '')
    if (!own.has(address)) requests.push(address)
  })
  page.on('dialog', (dialog) => {
    troubles.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('pageerror', (error) => troubles.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(message.text())
  })
  await page.goto(`${base}report.html${hash}`)
  const isScripted = html.includes('<script') && options.javaScriptEnabled !== false
  if (isScripted) await page.waitForSelector(until)
  return { page, requests, troubles }
}

import { expect, test } from 'vitest'
import { renderHtml, renderSplitHtml } from '../../src/report/html/page.ts'
import { describeInBrowser, type Open, type Opened } from './browser.ts'
import { sampleIndex, sampleOptions, sampleReport } from './sample-page.ts'

const report = renderHtml(sampleReport, sampleOptions)
const split = renderSplitHtml(sampleReport, 'run', sampleOptions)
const beside = { 'run.css': split.css, 'run.js': split.script, 'run.data.js': split.data }

const still = { javaScriptEnabled: false }

/** What the page says above everything else. */
function notice({ page }: Opened): Promise<string> {
  return page.evaluate(() => getComputedStyle(document.documentElement, '::before').content)
}

describeInBrowser('a page whose file was cut', (open: Open) => {
  test.each([
    ['in the style of its head', report, report.indexOf('</style>', report.indexOf('body {')) - 9],
    ['before its body', report, report.indexOf('<body')],
    ['in its text', report, report.indexOf('<main') + 300],
    ['in its data', report, report.indexOf('<template') + 300],
    ['in its script', report, report.length - 2000],
    ['in the overview of many runs', sampleIndex, sampleIndex.indexOf('<main') + 300],
  ])('says so where it was cut %s', async (_, html, at) => {
    for (const javaScriptEnabled of [false, true]) {
      // nothing tells of a script that did not come
      const opened = await open(html.slice(0, at), { javaScriptEnabled, until: 'html' })
      expect(await notice(opened)).toContain('This page is not whole')
      const height = await opened.page.evaluate(() => document.documentElement.offsetHeight)
      expect(height).toBeGreaterThan(40)
    }
  })

  test('says so where its files stand beside it', async () => {
    const opened = await open(split.html.slice(0, split.html.indexOf('<main') + 300), {
      ...still,
      beside,
    })
    expect(await notice(opened)).toContain('This page is not whole')
  })

  test.each([
    ['a report', report, {}],
    ['a report in several files', split.html, { beside }],
    ['a report without script', report, still],
    ['the overview of many runs', sampleIndex, {}],
  ])('is silent about %s that is whole', async (_, html, opening) => {
    const opened = await open(html, opening)
    expect(await notice(opened)).toBe('none')
    expect(opened.troubles).toEqual([])
  })
})

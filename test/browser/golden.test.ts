import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { renderHtml } from '../../src/report/html/page.ts'
import { describeInBrowser, type Open } from './browser.ts'
import { sampleIndex, sampleOptions, sampleReport } from './sample-page.ts'

const folder = join(import.meta.dirname, 'golden')

const report = renderHtml(sampleReport, sampleOptions)

/** Pixels of a block whose mean colours are compared: fonts of other machines blur out. */
const block = 16

/** How far a block may be from the golden one in any channel, of 255. */
const mostDistance = 40

/** Which share of the blocks may be further away. */
const mostDifferent = 0.05

const wide = { width: 1280, height: 800 }
const narrow = { width: 390, height: 844 }

const views = [
  ['light', report, { colorScheme: 'light', viewport: wide }],
  ['dark', report, { colorScheme: 'dark', viewport: wide, hash: '#call-1-1' }],
  ['detail', report, { colorScheme: 'light', viewport: wide, hash: '#call-1-1' }],
  ['narrow', report, { colorScheme: 'light', viewport: narrow }],
  ['index-light', sampleIndex, { colorScheme: 'light', viewport: wide }],
  ['index-dark', sampleIndex, { colorScheme: 'dark', viewport: wide, hash: '#runs' }],
  ['index-narrow', sampleIndex, { colorScheme: 'light', viewport: narrow }],
] as const

describeInBrowser('a page', (open: Open) => {
  test.each(views)('looks as it did: %s', async (name, html, opening) => {
    const { page } = await open(html, opening)
    const shot = await page.screenshot({ animations: 'disabled' })
    const path = join(folder, `${name}.png`)
    if (process.env['UPDATE_GOLDEN'] !== undefined) {
      mkdirSync(folder, { recursive: true })
      writeFileSync(path, shot)
    }
    expect(existsSync(path), 'make it with UPDATE_GOLDEN=1, and look at it').toBe(true)
    const other = await page.context().browser()!.newPage()
    expect(await difference(other, readFileSync(path), shot)).toBeLessThanOrEqual(mostDifferent)
  })

  test('is told apart from another', async () => {
    const [light, dark] = await Promise.all(
      (['light', 'dark'] as const).map(async (colorScheme) => {
        const { page } = await open(report, { colorScheme })
        return { page, shot: await page.screenshot() }
      }),
    )
    const other = await light!.page.context().browser()!.newPage()
    expect(await difference(other, light!.shot, dark!.shot)).toBeGreaterThan(0.5)
  })
})

/** The share of blocks in which two pictures differ; 1 when their sizes do. */
async function difference(page: Page, one: Buffer, other: Buffer): Promise<number> {
  const pictures = [one, other].map((png) => png.toString('base64'))
  return page.evaluate(
    async ({ shots, side, most }) => {
      const [a, b] = await Promise.all(
        shots.map(async (base64) => {
          const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
          return createImageBitmap(new Blob([bytes], { type: 'image/png' }))
        }),
      )
      if (a!.width !== b!.width || a!.height !== b!.height) return 1
      const [width, height] = [Math.ceil(a!.width / side), Math.ceil(a!.height / side)]
      const blocks = [a!, b!].map((picture) => {
        const context = new OffscreenCanvas(width, height).getContext('2d')!
        context.imageSmoothingQuality = 'high'
        context.drawImage(picture, 0, 0, width, height)
        return context.getImageData(0, 0, width, height).data
      })
      let different = 0
      for (let at = 0; at < blocks[0]!.length; at += 4) {
        const distances = [0, 1, 2].map((channel) =>
          Math.abs(blocks[0]![at + channel]! - blocks[1]![at + channel]!),
        )
        if (Math.max(...distances) > most) different++
      }
      return different / (width * height)
    },
    { shots: pictures, side: block, most: mostDistance },
  )
}

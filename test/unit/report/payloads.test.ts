import { describe, expect, test } from 'vitest'
import { visible } from '../../../src/base/text.ts'
import { columnsOf } from '../../../src/report/columns.ts'
import { renderHtml } from '../../../src/report/html/page.ts'
import type { Report } from '../../../src/report/report.ts'
import { renderTerminal } from '../../../src/report/terminal.ts'
import { fill, payloads, report } from './hostile.ts'
import { attribute, elementsOf, textOf, type Element } from './parsed.ts'

interface Shape {
  readonly tags: readonly string[]
  readonly attributes: readonly string[]
}

function shapeOf(elements: readonly Element[]): Shape {
  return {
    tags: elements.map((element) => element.tagName),
    attributes: elements.flatMap((element) => element.attrs.map(({ name }) => name)),
  }
}

function pageOf(text: string): readonly Element[] {
  const details = new Map([[text, { rawArgs: text, result: [text] }]])
  return elementsOf(renderHtml(fill(report, text) as Report, { details }))
}

function reasonsOf(elements: readonly Element[]): readonly string[] {
  return elements
    .filter((element) => attribute(element, 'class') === 'why')
    .map((element) => textOf(element))
}

describe('a report full of hostile text', () => {
  const pages = payloads.map((payload) => ({ payload, elements: pageOf(payload) }))
  const neutral = shapeOf(pageOf('x'))

  test('is tried with enough payloads', () => {
    expect(payloads.length).toBeGreaterThan(600)
    expect(neutral.tags.length).toBeGreaterThan(300)
  })

  test('has the same elements and attributes as with neutral text, and none that runs', () => {
    expect(neutral.attributes.filter((name) => name.startsWith('on'))).toEqual([])
    for (const { payload, elements } of pages) expect(shapeOf(elements), payload).toEqual(neutral)
  })

  test('has no link or source made of it', () => {
    for (const { elements } of pages) {
      const links = elements.flatMap((element) => attribute(element, 'href') ?? [])
      expect(links.filter((link) => !/^#[a-z0-9-]+$/.test(link))).toEqual([])
    }
    for (const name of ['src', 'srcset', 'action', 'formaction', 'style']) {
      expect(neutral.attributes).not.toContain(name)
    }
  })

  test('shows it as it is, with what is invisible made visible', () => {
    for (const { payload, elements } of pages) {
      if (payload.length < 1000) expect(reasonsOf(elements)).toContain(visible(payload))
    }
  })

  test('keeps to its lines in a terminal', () => {
    for (const { payload } of pages) {
      for (const line of renderTerminal(fill(report, payload) as Report).split('\n')) {
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        expect(columnsOf(line)).toBeLessThanOrEqual(80)
      }
    }
  })
})

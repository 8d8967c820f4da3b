import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { StructuralEvent } from '../../../src/protocol/run-event.ts'
import { foldReport } from '../../../src/report/fold.ts'
import { renderHtml, type HtmlOptions } from '../../../src/report/html/page.ts'
import { palettes } from '../../../src/report/html/style.ts'
import { verifyChain } from '../../../src/report/verify.ts'
import { root } from '../../support/program.ts'
import { attribute, elementsOf, textOf } from './parsed.ts'
import { EventWriter, sampleEvents } from './sample.ts'
import { seal } from './sealed.ts'

const head = `sha256:${'ab'.repeat(32)}`

function render(events: readonly StructuralEvent[], options?: HtmlOptions): string {
  return renderHtml(foldReport(events, { head }), options)
}

function sectionText(html: string, id: string): string {
  const section = elementsOf(html).find((element) => attribute(element, 'id') === id)
  return section === undefined ? '' : textOf(section)
}

function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].toSorted((x, y) => x - y)
  return (light! + 0.05) / (dark! + 0.05)
}

describe('the HTML report', () => {
  test('forbids everything but its own style sheet and script', () => {
    const html = render(sampleEvents())
    const elements = elementsOf(html)
    // what a page says until it is whole has a style of its own
    const counts = { style: 2, script: 1 }
    const sources = Object.entries(counts).map(([tag, count]) => {
      const own = elements.filter((element) => element.tagName === tag)
      expect(own).toHaveLength(count)
      const hashes = own.map((each) => `'sha256-${hash('sha256', textOf(each), 'base64')}'`)
      return `${tag}-src ${hashes.join(' ')}`
    })
    const policy = elements.find((element) => attribute(element, 'http-equiv') !== undefined)!
    expect(attribute(policy, 'content')).toBe(
      `default-src 'none'; ${sources.join('; ')}; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'`,
    )
    expect(elements.filter((element) => attribute(element, 'style') !== undefined)).toEqual([])
  })

  test('refers to nothing outside the page, and every link leads somewhere', () => {
    const elements = elementsOf(render(sampleEvents()))
    const ids = elements.flatMap((element) => attribute(element, 'id') ?? [])
    const links = elements.flatMap((element) => attribute(element, 'href') ?? [])
    expect(links.length).toBeGreaterThan(5)
    for (const link of links) expect(ids).toContain(link.replace(/^#/, ''))
    expect(elements.filter((element) => attribute(element, 'src') !== undefined)).toEqual([])
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('tells the verdict first, then what was refused, by which rule, why and how to fix it', () => {
    const html = render(sampleEvents())
    expect(html).toContain(
      '<h1 class="bad">run completed: 7 calls, 2 executed, 4 refused, 1 failed</h1>',
    )
    const refused = sectionText(html, 'refused')
    expect(refused).toContain('Refused (4)')
    expect(refused).toContain('`/amount` is 500, at most 100 is allowed')
    expect(refused).toContain('refund-limit · policies/support-desk.yaml:32:5')
    expect(refused).toContain('raise `maximum` of `/amount`')
    expect(refused).toContain('customer was refunded by phone')
    expect(html.indexOf('id="refused"')).toBeLessThan(html.indexOf('id="calls"'))
  })

  test('tells what was taken out of a result', () => {
    const writer = new EventWriter().start().beginTurn().propose(0, 'mail', {})
    writer.decide(0, 'allow', 'mails', []).startTool(0, 'mail')
    const changes = [
      { what: '<b>', count: 2 },
      { what: 'failed', count: 1 },
    ]
    writer.refuse(0, 'mail', { status: 'success', changes })
    const html = render(writer.end('completed').events)
    const shown = 'Taken out of the result2 × <b>, everything: the rules could not be applied'
    expect(sectionText(html, 'call-1-0')).toContain(shown)
    expect(elementsOf(html).filter(({ tagName }) => tagName === 'b')).toEqual([])
    expect(sectionText(render(sampleEvents()), 'call-1-0')).not.toContain('Taken out')
  })

  test('has a line with details for every call', () => {
    const details = elementsOf(render(sampleEvents())).filter(
      (element) => element.tagName === 'details',
    )
    expect(details.map((element) => attribute(element, 'id'))).toEqual(
      ['1-0', '1-1', '1-2', '2-0', '2-1', '2-2', '2-3'].map((call) => `call-${call}`),
    )
    expect(textOf(details[3]!)).toContain('approve by lead-1')
    expect(textOf(details[5]!)).toContain('The text did not parse.')
  })

  test('never shows redacted values, nor raw text that could not be redacted', () => {
    const writer = new EventWriter().start().beginTurn()
    writer.propose(0, 'pay', null, ['/card']).propose(1, 'pay', null).propose(2, 'pay', { a: 1 })
    const raw = { rawArgs: '{"card": "4111' }
    const details = new Map([0, 1, 2].map((index) => [writer.callId(index), raw]))
    const html = render(writer.events, { details })
    expect(html.match(/4111/g)).toHaveLength(1)
    expect(sectionText(html, 'call-1-1')).toContain('4111')
  })

  test('shows results only when the host hands them over', () => {
    const writer = new EventWriter().start().beginTurn().propose(0, 'get', {})
    writer.decide(0, 'allow', 'r', []).execute(0, 'get', 3, { total: 'result-text' })
    expect(render(writer.events)).not.toContain('result-text')
    const details = new Map([[writer.callId(0), { result: { total: 'result-text' } }]])
    expect(sectionText(render(writer.events, { details }), 'call-1-0')).toContain('result-text')
  })

  test('says erased where arguments are gone', () => {
    const writer = new EventWriter().start().beginTurn().propose(0, 'get', {})
    const { args: _args, ...erased } = writer.events.at(-1)! as unknown as { args: unknown }
    const events = [...writer.events.slice(0, -1), erased as unknown as StructuralEvent]
    expect(sectionText(render(events), 'call-1-0')).toContain('Erased.')
  })

  test('warns of shadow mode at the top and shows first what was not enforced', () => {
    const html = render(sampleEvents('shadow'))
    expect(html).toContain('class="shadow" role="note"')
    expect(sectionText(html, 'unenforced')).toContain('`/amount` is 500')
    expect(html.indexOf('id="unenforced"')).toBeLessThan(html.indexOf('id="refused"'))
    expect(render(sampleEvents('enforce'))).not.toContain('role="note"')
  })

  test('says that it proves nothing, or what was proved', async () => {
    expect(sectionText(render(sampleEvents()), 'integrity')).toContain('proves nothing by itself')
    const verification = await verifyChain(seal(sampleEvents()))
    const text = sectionText(render(sampleEvents(), { verification }), 'integrity')
    expect(text).toContain('CONSISTENT')
    expect(text).toContain('that the agent had no way around the gate')
  })

  test('has a language, one main part, and headings in order', () => {
    const elements = elementsOf(render(sampleEvents()))
    expect(attribute(elements[0]!, 'lang')).toBe('en')
    for (const tag of ['header', 'nav', 'main', 'footer', 'h1', 'title']) {
      expect(elements.filter((element) => element.tagName === tag)).toHaveLength(1)
    }
    const levels = elements.flatMap((element) => /^h([1-6])$/.exec(element.tagName)?.[1] ?? [])
    levels.reduce((above, level) => {
      expect(Number(level) - Number(above)).toBeLessThanOrEqual(1)
      return level
    })
  })

  test('gives the same bytes for the same report, wherever it is made', () => {
    const html = render(sampleEvents())
    expect(render(sampleEvents())).toBe(html)
    const program = `
      import { foldReport } from '${root}/src/report/fold.ts'
      import { renderHtml } from '${root}/src/report/html/page.ts'
      import { sampleEvents } from '${root}/test/unit/report/sample.ts'
      process.stdout.write(renderHtml(foldReport(sampleEvents(), { head: '${head}' })))`
    for (const TZ of ['Pacific/Kiritimati', 'America/St_Johns']) {
      const made = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
        encoding: 'utf8',
        env: { TZ, LANG: 'ar_EG.UTF-8', LC_ALL: 'ar_EG.UTF-8' },
      })
      expect(made === html, TZ).toBe(true)
    }
  })

  test('keeps every refused call when it cannot hold all', () => {
    const writer = new EventWriter().start().beginTurn()
    for (let index = 0; index < 1100; index++) {
      writer.propose(index, 'get', {})
      if (index % 100 === 99) writer.decide(index, 'deny', 'r', ['no']).refuse(index, 'get', {})
      else writer.decide(index, 'allow', 'r', []).execute(index, 'get', 1, 1)
    }
    const html = render(writer.end('completed').events)
    expect(html.match(/<details /g)).toHaveLength(80)
    expect(html).toContain('1,020 of 1,100 calls are left out here')
    expect(html).toContain('id="call-1-1099"')
    expect(html.match(/<details id="call-1-\d*99"/g)).toHaveLength(11)
  })

  test('cuts texts that are too long', () => {
    const writer = new EventWriter()
      .start()
      .beginTurn()
      .propose(0, 'get', { a: 'x'.repeat(1e6) })
    expect(render(writer.events).length).toBeLessThan(100_000)
  })

  test('draws times that are no times at the start', () => {
    const events = sampleEvents().map((event) => ({ ...event, at: 'soon' }))
    expect(render(events)).not.toContain('NaN"')
  })
})

describe('the colours of the page', () => {
  test.each(Object.entries(palettes))('have enough contrast on a %s page', (_name, palette) => {
    for (const role of ['text', 'muted', 'good', 'bad', 'attention', 'accent'] as const) {
      for (const ground of ['page', 'card'] as const) {
        expect(contrast(palette[role], palette[ground])).toBeGreaterThanOrEqual(4.5)
      }
    }
    for (const role of ['model', 'wait', 'good', 'bad'] as const) {
      // drawings need 3 to 1, WCAG 2.2 criterion 1.4.11
      expect(contrast(palette[role], palette.page)).toBeGreaterThanOrEqual(3)
    }
  })
})

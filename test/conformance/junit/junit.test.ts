import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { validateXML } from 'xmllint-wasm'
import { foldReport } from '../../../src/report/fold.ts'
import { renderJunit } from '../../../src/report/junit.ts'
import type { Report } from '../../../src/report/report.ts'
import { fill, payloads, report } from '../../unit/report/hostile.ts'
import { sampleEvents } from '../../unit/report/sample.ts'

const schema = readFileSync(new URL('junit.xsd', import.meta.url), 'utf8')

async function problems(texts: readonly string[]): Promise<readonly string[]> {
  const xml = texts.map((contents, index) => ({ fileName: `${index}.xml`, contents }))
  const { errors } = await validateXML({ xml, schema })
  return errors.map(({ rawMessage }) => rawMessage)
}

function shape(text: string): readonly string[] {
  return text.match(/<\/?[a-z]+/g)!
}

describe('JUnit XML', () => {
  test('is told from what is none by a validator', async () => {
    const text = renderJunit(report)
    const broken = [text.replace(' tests=', ' trials='), text.replace('</testsuite>', '')]
    for (const each of broken) expect(await problems([each])).not.toEqual([])
  })

  test('of a run has a test for each call, and says what became of it', async () => {
    const text = renderJunit(foldReport(sampleEvents(), { head: null }))
    expect(await problems([text])).toEqual([])
    expect(text).toContain('<testsuite name="support-desk" tests="7" failures="4" errors="1"')
    expect(text).toMatch(/<testcase name="1\.0 get_order" classname="read-orders" time="0\.048"\/>/)
    expect(text).toContain(
      '<failure message="error-security by refund-limit" type="error-security">',
    )
    expect(text).toContain('policies/support-desk.yaml:32:5&#10;`/amount` is 500')
    expect(text).not.toContain('4111')
  })

  test('of hostile text is valid, with the same elements', async () => {
    const hostile = [...payloads, '\ufffe\uffff\u0000\u000b', ']]>', '&bogus;', '\ud800']
    const times = { proposedAt: report.header.startedAt }
    const texts = hostile.map((payload) => {
      const filled = fill(report, payload) as Report
      const header = { ...filled.header, startedAt: report.header.startedAt }
      return renderJunit({ ...filled, header, ...times })
    })
    expect(await problems(texts)).toEqual([])
    for (const text of texts) expect(shape(text)).toEqual(shape(renderJunit(report)))
  })
})

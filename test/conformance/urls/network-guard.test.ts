import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { networkArea } from '../../../src/gate/guards/network.ts'
import { isPublicAddress } from '../../../src/tools/access/address.ts'

interface Form {
  readonly url: string
  readonly policy: { readonly hosts: readonly string[]; readonly schemes: readonly ['https'] }
  readonly expect: 'allow' | 'deny'
}

interface UrlTest {
  readonly input: string
  readonly failure?: boolean
  readonly hostname?: string
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'))

const base = { tools: [], at: { start: 0, end: 0 }, arg: [], redirects: 'deny' } as const

const forms = read('./ssrf-url-forms.json') as readonly Form[]

test.each(forms)('E10: $url', ({ url, policy, expect: expected }) => {
  const { ok } = networkArea({ ...base, ...policy, ports: [443, 80] }).locate(url)
  expect(ok ? 'allow' : 'deny').toBe(expected)
})

test('E10: no form of an address that is not public passes where every host is allowed', () => {
  expect(forms).toHaveLength(45)
  const anywhere = networkArea({
    ...base,
    schemes: ['http', 'https'],
    hosts: ['**'],
    ports: [80, 443],
  })
  for (const { url } of forms) {
    const located = anywhere.locate(url)
    if (located.ok) expect(located.url.hostname).toMatch(/\.(example|io)$/)
  }
})

test('every URL of the web platform tests is refused or seen as the standard sees it', () => {
  const urls = (read('./urltestdata.json') as readonly (string | UrlTest)[]).filter(
    (entry) => typeof entry !== 'string',
  )
  const anywhere = networkArea({
    ...base,
    schemes: ['http', 'https', 'wss'],
    hosts: ['**'],
    ports: [80, 443, 8080],
  })
  let allowed = 0
  for (const { input, failure, hostname } of urls) {
    const located = anywhere.locate(input)
    if (!located.ok) continue
    allowed++
    expect(failure).not.toBe(true)
    expect(located.url.hostname).toBe(hostname!.replace(/\.$/, ''))
    expect(isPublicAddress(located.url.hostname)).toBe(false)
  }
  console.log(
    `web platform tests: ${urls.length} URLs, ${allowed} allowed as the standard sees them`,
  )
  expect(urls).toHaveLength(891)
  expect(allowed).toBeGreaterThan(50)
})

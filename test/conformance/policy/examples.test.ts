import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { runSuite } from '../../../src/analysis/suite.ts'
import { compilePolicy } from '../../../src/policy/compile.ts'
import { readPolicy } from '../../../src/policy/read.ts'

const folder = new URL('examples/', import.meta.url)

/** The same policy with its rules from the last to the first, in characters that are all seen. */
function reversed(text: string): string {
  const document = parse(text) as { readonly rules: readonly unknown[] }
  const json = JSON.stringify({ ...document, rules: document.rules.toReversed() })
  return json.replaceAll(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

describe.each(readdirSync(folder))('%s', (name) => {
  const written = readFileSync(new URL(name, folder), 'utf8')

  test.each([
    ['as written', written],
    ['with its rules in reverse order', reversed(written)],
  ])('decides as its tests say, %s', async (_order, text) => {
    const policy = compilePolicy(readPolicy(text, { file: name }))
    const results = await runSuite(policy)
    const failures = results.filter(({ passed }) => !passed)
    expect(failures.map(({ test: { name: failed }, decision }) => [failed, decision])).toEqual([])
    expect(results.length).toBeGreaterThan(15)
  })
})

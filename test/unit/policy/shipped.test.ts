import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { coverageOf } from '../../../src/analysis/coverage.ts'
import { lintPolicy } from '../../../src/analysis/lint.ts'
import { mutationOf } from '../../../src/analysis/mutation.ts'
import { runSuite } from '../../../src/analysis/suite.ts'
import { compilePolicy } from '../../../src/policy/compile.ts'
import { readPolicy } from '../../../src/policy/read.ts'

const folder = new URL('../../../policies/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'))

describe.each(files)('policies/%s', (name) => {
  const text = readFileSync(new URL(name, folder), 'utf8')
  const file = readPolicy(text, { file: name })

  test('begins with schema, intent, threat, false positives and what to change', () => {
    const lines = text.split('\n')
    expect(lines[0]).toBe(
      '# yaml-language-server: $schema=../node_modules/sallyport/dist/policy/policy.schema.json',
    )
    const end = lines.findIndex((line) => !line.startsWith('#'))
    const comment = lines.slice(0, end).join('\n')
    for (const word of ['Intent:', 'Threat:', 'Expected false positives:', 'Change first:'])
      expect(comment).toContain(`# ${word}`)
  })

  test('has no finding when it is checked', () => {
    expect([...file.warnings, ...lintPolicy(file)]).toEqual([])
  })

  test('passes its own tests, which reach every part of it', async () => {
    const results = await runSuite(compilePolicy(file))
    const failures = results.filter(({ passed }) => !passed)
    expect(failures.map((result) => [result.test.name, result.decision])).toEqual([])
    expect(coverageOf(file, results).missing).toEqual([])
  })

  test('has a test that fails for every change of it', async () => {
    const { survivors, total } = await mutationOf(file, compilePolicy, {})
    expect(survivors).toEqual([])
    expect(total).toBeGreaterThan(0)
  })
})

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Diagnostic } from '../../../src/policy/diagnostic.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { inProcess } from '../../support/in-process.ts'

const tools = [
  {
    name: 'pay',
    description: 'Pays.',
    inputSchema: {
      type: 'object',
      properties: { amount: { type: 'number' } },
      additionalProperties: false,
    },
  },
]

/** What `check` finds in a policy of these lines, as `line code`. */
async function findings(lines: readonly string[], isGiven = false): Promise<readonly string[]> {
  const folder = temporaryFolder()
  const [file, schemas] = [join(folder, 'p.yaml'), join(folder, 'tools.json')]
  writeFileSync(file, ['sallyport: 1', 'name: desk', ...lines].join('\n'))
  writeFileSync(schemas, JSON.stringify(tools))
  const more = isGiven ? ['--tools', schemas] : []
  const { code, out } = await inProcess(['check', file, '--json', ...more])
  expect(code).toBe(1)
  const { files } = JSON.parse(out) as { files: readonly { diagnostics: readonly Diagnostic[] }[] }
  return files[0]!.diagnostics.map((found) => `${found.range.start.line} ${found.code}`)
}

describe('errors of a file', () => {
  test('are told at once, those of roles, patterns and keys with those of tools', async () => {
    const lines = [
      'roles: { desk: {} }',
      'tools: { look: { kind: read } }',
      'rules:',
      '  - { id: a, allow: [lock] }',
      "  - { id: b, allow: ['look.*'] }",
      '  - { id: c, allow: [look], who: { roles: [dusk] } }',
      "  - { id: d, allow: [look], args: { at: { matches: '(' } } }",
      '  - { id: e, allow: [look], because: x }',
    ]
    const found = ['unknown-tool', 'no-match', 'unknown-role', 'bad-pattern', 'unknown-key']
    expect(await findings(lines)).toEqual(found.map((code, index) => `${index + 6} ${code}`))
  })

  test('are told at once with those that only show against the tools of a program', async () => {
    const lines = [
      'rules:',
      '  - { id: a, allow: [pay], args: { sum: { minimum: 1 } } }',
      '  - { id: b, allow: [pays] }',
      '  - { id: c, allow: [pay], who: { roles: [dusk] } }',
    ]
    expect(await findings(lines, true)).toEqual([
      '4 unknown-argument',
      '5 unknown-tool',
      '6 unknown-role',
    ])
  })

  test('do not make what names a tool that could not be read an error too', async () => {
    const lines = ['tools: { look: { kind: reed } }', 'rules: [{ id: a, allow: [look] }]']
    expect(await findings(lines)).toEqual(['3 bad-value'])
    expect(await findings(lines, true)).toEqual(['3 bad-value'])
  })
})

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorPages } from '../../../src/analysis/error-pages.ts'
import { findingPages } from '../../../src/analysis/finding-pages.ts'
import { lintPolicy } from '../../../src/analysis/lint.ts'
import { codes } from '../../../src/base/codes.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { loadPolicy } from '../../../src/loading/file.ts'
import { tryPolicy } from '../../../src/loading/trial.ts'
import { compilePolicy } from '../../../src/policy/compile.ts'
import { diagnosticCodes, type DiagnosticCode } from '../../../src/policy/diagnostic.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { defineTool } from '../../../src/tools/tool.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { findings } from '../policy/build.ts'

const now = Date.parse('2027-01-15T08:00:00Z')
const tool = defineTool({
  name: 't',
  description: 'A tool.',
  input: { type: 'object', properties: { x: { type: 'number' } }, additionalProperties: false },
  execute: () => null,
})

/** The codes of all that is found about a text, by reading, compiling and the lints. */
function codesOf(text: string, withTool = false): readonly string[] {
  const tools = withTool ? [tool] : undefined
  const load = (): unknown => {
    const file = readPolicy(text, { file: 'p.yaml', now })
    const given = tools?.map(({ name }) => ({ name, argumentNames: ['x'] }))
    const { warnings } = compilePolicy(file, given === undefined ? {} : { tools: given })
    found.push(...warnings, ...lintPolicy(file, tools === undefined ? {} : { tools }))
    return file
  }
  const found: { readonly code: string }[] = []
  return [...findings(load), ...found].map(({ code }) => code)
}

const rule = (rest: string): string => rules(`{ id: a, allow: [t], ${rest} }`)
const rules = (...list: string[]): string =>
  `sallyport: 1\nname: n\nroles: { user: {} }\nrules: [${list.join(', ')}]\n`
const argument = (tests: string): string => rule(`args: { x: { ${tests} } }`)
const head = (line: string): string => `${rule('who: { roles: [user] }')}${line}\n`

/** One policy for each finding. */
const fixtures: Readonly<
  Record<
    Exclude<DiagnosticCode, 'bad-parent' | 'contradiction' | 'failed-test' | 'not-evaluated'>,
    string
  >
> = {
  syntax: 'rules: [',
  'too-large': ' '.repeat(4 * 1024 * 1024 + 1),
  'too-deep': `x: ${'['.repeat(40)}${']'.repeat(40)}`,
  invisible: 'name: a\u200bb',
  directive: '%YAML 1.1\n---\nname: a',
  tag: 'name: !!str a',
  'merge-key': 'tests: { <<: { a: 1 } }',
  alias: 'roles: &a { b: {} }\nrules: *a',
  'duplicate-key': 'name: a\nname: b',
  'forbidden-key': 'roles: { constructor: {} }',
  'unknown-key': head('nmae: a'),
  'missing-key': 'name: a',
  'wrong-type': 'name: []',
  'bad-value': 'name: A B',
  'bad-pattern': argument("matches: '(?=a)'"),
  'duplicate-id': rules('{ id: a, allow: [t] }', '{ id: a, deny: [t] }'),
  'unknown-role': rule('who: { roles: [nobody] }'),
  'role-cycle': 'sallyport: 1\nname: n\nroles: { a: { inherits: [a] } }\nrules: []',
  'unknown-rule': rules('{ id: a, ask: [t], except: [b] }'),
  'unknown-tool': `${rules('{ id: a, allow: [u] }')}tools: { t: { kind: read } }`,
  'no-match': `${rules("{ id: a, allow: ['u*'] }")}tools: { t: { kind: read } }`,
  'unknown-variable': head("guards: { paths: [{ tools: [t], arg: /p, root: '${nowhere}' }] }"),
  'unknown-argument': rule('args: { y: { const: 1 } }'),
  'never-true': argument('minimum: 2, maximum: 1'),
  shadow: rule('shadow: true'),
  expired: rule("until: '2026-01-01T00:00:00Z'"),
  'expires-soon': rule("until: '2027-01-20T00:00:00Z'"),
  'schema-mismatch': argument('type: string'),
  shadowed: rules('{ id: a, allow: [t] }', '{ id: d, deny: [t] }'),
  'always-asked': rules('{ id: a, allow: [t] }', '{ id: b, ask: [t] }'),
  'never-asked': rules('{ id: a, allow: [t] }', '{ id: b, ask: [t], except: [a] }'),
  'duplicate-rule': rules('{ id: a, allow: [t] }', '{ id: b, allow: [t] }'),
  'allow-all': rules("{ id: a, allow: ['**'] }"),
  'unruled-tool': rules(),
  'domain-pattern': argument("matches: '.*@shop\\.example'"),
  'unstated-steering': head('flow: { untrustedSteering: ask }\ntools: { t: { kind: write } }'),
  'unstated-carrying': head(
    'flow: { secretsOut: ask }\ntools: { t: { kind: read, sink: public } }',
  ),
  'flow-unset': head('tools: { t: { kind: write, args: { x: { steers: true } } } }'),
  'secret-value': argument(`const: ${['AKIA', 'IOSFODNN7EXAMPLE'].join('')}`),
  'unused-role': rules('{ id: a, allow: [t] }'),
  'unused-scope': 'sallyport: 1\nname: n\nroles: { a: { scopes: [s] } }\nrules: []',
  'unmet-scope':
    'sallyport: 1\nname: n\nroles: { a: { scopes: [s] } }\nrules: [{ id: a, allow: [t], who: { roles: [a], scopes: [z] } }]',
}

function child(parent: string): string {
  return `${head(`extends: [./${parent}]`)}tools: { t: { kind: read } }`
}

describe('findings about policies', () => {
  test.each(Object.entries(fixtures))('%s has a policy that shows it', (code, text) => {
    const withTool = ['unknown-argument', 'schema-mismatch', 'unruled-tool'].includes(code)
    expect(codesOf(text, withTool)).toContain(code)
  })

  test('failed-test comes with a policy that is put in force while it is watched', async () => {
    const text = `${rules()}tests: [{ name: no, call: { tool: t }, expect: allow }]`
    const file = readPolicy(text, { file: 'p.yaml' })
    const trial = tryPolicy(file, undefined, { path: 'p.yaml', clock: systemClock })
    await expect(trial).rejects.toMatchObject({ details: [{ code: 'failed-test' }] })
  })

  test('not-evaluated comes with a file without rules that says more than definitions', () => {
    const text = 'sallyport: 1\nname: p\nlimits: []'
    const found = findings(() => readPolicy(text, { file: 'p.yaml', asParent: true }))
    expect(found.map(({ code }) => code)).toEqual(['not-evaluated'])
  })

  test('bad-parent and contradiction come with files that extend others', async () => {
    const folder = temporaryFolder()
    const parent = 'sallyport: 1\nname: p\ntools: { t: { kind: write } }'
    writeFileSync(join(folder, 'parent.yaml'), parent)
    writeFileSync(join(folder, 'missing.yaml'), child('none.yaml'))
    writeFileSync(join(folder, 'other.yaml'), child('parent.yaml'))
    await expect(loadPolicy(join(folder, 'missing.yaml'))).rejects.toMatchObject({
      details: [{ code: 'bad-parent' }],
    })
    await expect(loadPolicy(join(folder, 'other.yaml'))).rejects.toMatchObject({
      details: [{ code: 'contradiction' }],
    })
  })
})

test('every code has a page of whole sentences that says more than the table', () => {
  const pages = { ...errorPages, ...findingPages }
  const summaries = { ...codes, ...diagnosticCodes }
  expect(Object.keys(pages).toSorted()).toEqual(Object.keys(summaries).toSorted())
  for (const page of Object.values(pages)) expect(page).toMatch(/^[A-Z`].{40,}\.$/s)
})

import { describe, expect, test } from 'vitest'
import { compilePolicy } from '../../../src/policy/compile.ts'
import type { PolicyTool } from '../../../src/policy/policy.ts'
import { readPolicy } from '../../../src/policy/read.ts'

const open: PolicyTool = { name: 'look', listedNames: ['path', 'depth'] }

/** The warnings about a policy for `look` and other tools. */
function warned(text: string, ...others: readonly PolicyTool[]): readonly string[] {
  const file = readPolicy(`sallyport: 1\nname: t\n${text}\n`, { file: 'p' })
  const { warnings } = compilePolicy(file, { tools: [open, ...others] })
  return warnings.map(({ code, message, suggestion }) => `${code}: ${message}: ${suggestion}`)
}

function rule(name: string, of = 'look'): string {
  return `rules: [{ id: a, deny: [${of}], args: { ${name}: { const: x } } }]`
}

describe('an argument that a tool takes, and does not list', () => {
  test.each([
    ['by a rule', rule('paht')],
    ['by `onlyArgs`', 'rules: [{ id: a, allow: [look], onlyArgs: [paht] }]'],
    [
      'by the facts of a tool',
      'rules: []\ntools: { look: { kind: read, args: { paht: { steers: true } } } }',
    ],
    ['by a guard', 'rules: []\nguards: { paths: [{ tools: [look], arg: /paht, root: / }] }'],
    ['by a sum', 'rules: []\nlimits: [{ id: l, tools: [look], per: session, sum: /paht, max: 9 }]'],
  ])('is a warning where it is named %s', (_, text) => {
    expect(warned(text)).toEqual(['unknown-argument: `look` lists no argument `paht`: path'])
  })

  test('is a warning for a glob where no tool has it', () => {
    const message = 'no tool of `lo*` lists an argument `paht`'
    expect(warned(rule('paht', 'lo*'))).toEqual([`unknown-argument: ${message}: path`])
    expect(warned(rule('paht', '"**"'), { name: 'b', argumentNames: ['paht'] })).toEqual([])
    expect(warned(rule('paht', '"**"'), { name: 'b' })).toEqual([])
  })

  test('is none where it is listed', () => {
    expect(warned(rule('depth'))).toEqual([])
  })
})

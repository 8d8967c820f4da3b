import { expect, test } from 'vitest'
import { starterPolicy } from '../../../src/analysis/starter.ts'
import { runSuite } from '../../../src/analysis/suite.ts'
import { compilePolicy } from '../../../src/policy/compile.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { defineTool, type Tool } from '../../../src/tools/tool.ts'

const named = (name: string): Tool =>
  defineTool({ name, description: '', input: { type: 'object' }, execute: () => null })

test('a policy to begin with loads whatever tools are called, and its tests pass', async () => {
  const names = ['true', 'False', 'NULL', 'null', '1e5', '0x1f', '_-', 'no', 'a.b']
  const text = starterPolicy(names.map(named))
  const file = readPolicy(text, { file: 'new' })
  expect(file.tools?.map(({ name }) => name.text)).toEqual(names)
  const results = await runSuite(compilePolicy(file))
  expect(results.map(({ passed }) => passed)).toEqual([...names.map(() => true), true])
  expect(text).toContain('  no: { kind: destructive }\n  a.b: { kind: destructive }\n')
})

test('the kind of a tool is that of its facts, else what its annotations say', () => {
  const tools = [
    named('a'),
    { ...named('b'), annotations: { ...named('b').annotations, readOnly: true } },
    { ...named('c'), facts: { kind: 'network' } as const },
  ]
  const { rules } = readPolicy(starterPolicy(tools), { file: 'new' })
  expect(rules.map(({ effect, tools: about }) => [effect, about.map(({ text }) => text)])).toEqual([
    ['allow', ['b']],
    ['ask', ['a', 'c']],
  ])
})

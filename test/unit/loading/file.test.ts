import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadPolicy, parsePolicy } from '../../../src/loading/file.ts'
import { keyAccess } from '../../../src/loading/key-files.ts'
import { createRuntime } from '../../../src/runtime.ts'
import type { RuntimeOptions } from '../../../src/runtime-options.ts'
import type { JsonObject } from '../../../src/base/json.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import { defineTool, type Tool } from '../../../src/tools/tool.ts'
import { allowing, policyOf, toolOf } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { makePipe } from '../../support/pipe.ts'

const text = 'sallyport: 1\nname: p\nroles: { user: {} }\nrules: []\n'

function runtimeOf(options: object): () => unknown {
  return () => createRuntime({ model: scripted([]), ...options } as RuntimeOptions)
}

describe('a policy', () => {
  test('is the same from a file and from a text', async () => {
    const path = join(temporaryFolder(), 'p.yaml')
    await writeFile(path, text)
    const [fromFile, fromText] = [await loadPolicy(path), await parsePolicy(text)]
    expect(fromFile.path).toBe(path)
    expect(fromText.path).toBeUndefined()
    expect(fromFile.compile().digest).toBe(fromText.compile().digest)
  })

  test('that is damaged rejects with all that is wrong', async () => {
    const wrong = parsePolicy(`${text}rulez: []\nname: q\n`, 'desk.yaml')
    await expect(wrong).rejects.toMatchObject({ code: 'bad-policy' })
    await expect(wrong).rejects.toThrow('desk.yaml')
  })

  test('is not read from a URL, nor from a file that is not there', async () => {
    await expect(loadPolicy('https://a.example/p.yaml')).rejects.toMatchObject({
      code: 'bad-option',
    })
    await expect(loadPolicy('/nowhere/p.yaml')).rejects.toMatchObject({ code: 'bad-file' })
  })

  test.skipIf(process.platform === 'win32')('is not waited for in a named pipe', async () => {
    const folder = temporaryFolder()
    makePipe(join(folder, 'pipe.yaml'))
    await writeFile(join(folder, 'p.yaml'), `${text}extends: [./pipe.yaml]\n`)
    const { readFile } = keyAccess(join(folder, 'p.yaml'))
    const { signal } = new AbortController()
    for (const read of [
      () => loadPolicy(join(folder, 'pipe.yaml')),
      () => loadPolicy(join(folder, 'p.yaml')),
      () => readFile('pipe.yaml', signal),
    ]) {
      await expect(read()).rejects.toThrow('it is not a file')
    }
  })
})

describe('a policy that names an argument no schema lists', () => {
  const policy = policyOf({ rules: [{ id: 'a', deny: ['look'], args: { paht: { const: 'x' } } }] })
  const readOnly = { annotations: { readOnly: true } }
  const look = (input: JsonObject): Tool =>
    defineTool({ name: 'look', description: '', ...readOnly, input, execute: () => '' })
  const listing = { type: 'object', properties: { path: { type: 'string' } } } as const

  test('is warned about where the tool would take it', () => {
    expect(policy.compile([look(listing)]).warnings).toMatchObject([
      { code: 'unknown-argument', severity: 'warning', suggestion: 'path' },
    ])
  })

  test.each<[string, JsonObject]>([
    ['takes others by its own word', { additionalProperties: true }],
    ['takes others by a pattern', { patternProperties: { '^x-': {} } }],
    ['lists them elsewhere', { anyOf: [{ properties: { paht: {} } }, {}] }],
    ['depends on others for them', { dependentSchemas: { path: { properties: { paht: {} } } } }],
  ])('is no finding where the tool %s', (_, rest) => {
    expect(policy.compile([look({ ...listing, ...rest })]).warnings).toEqual([])
    expect(policy.compile([look({ type: 'object' })]).warnings).toEqual([])
  })

  test('is an error where the tool would not take it', () => {
    const closed = look({ ...listing, additionalProperties: false })
    expect(() => policy.compile([closed])).toThrow('`look` has no argument `paht`')
  })
})

describe('a runtime refuses at once', () => {
  test.each<[string, () => object]>([
    ['a policy that is still loading', () => ({ policy: parsePolicy(text) })],
    ['a policy that was only read', () => ({ policy: policyOf().file })],
    ['null for a policy', () => ({ policy: null })],
  ])('%s', (_, options) => {
    expect(runtimeOf(options())).toThrow(expect.objectContaining({ code: 'bad-option' }))
  })

  test('a policy that does not fit its tools', () => {
    const wrong = runtimeOf({ policy: allowing('other'), tools: [toolOf('act')] })
    expect(wrong).toThrow(expect.objectContaining({ code: 'bad-policy' }))
  })

  test('a policy that would not block, unless that is wanted', () => {
    const policy = policyOf({ mode: 'shadow' })
    expect(runtimeOf({ policy })).toThrow(expect.objectContaining({ code: 'bad-policy' }))
    expect(runtimeOf({ policy, allowShadow: true })).not.toThrow()
  })
})

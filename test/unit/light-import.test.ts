import { describe, expect, test } from 'vitest'
import { loadedBy } from '../support/loaded.ts'

/** What takes milliseconds to load, or is the first file of a part that does. */
const heavy =
  /^node_modules\/|^src\/(policy\/|gate\/|report\/|wire\/http|wire\/chat\/codec|tools\/compile|journal\/chain|run\/loop)/

const heavyBuiltins = /^(crypto|fs\/promises|sqlite|net|http|https|tls|worker_threads)$/

const everything = `
  const library = await import('sallyport')
  const { createRuntime, defineTool, jsonlJournal, memoryJournal, sqliteJournal } = library
  const { openaiCompatible, openrouter } = library
  const endpoint = { baseUrl: 'http://127.0.0.1:9/v1', model: 'm', apiKey: 'k' }
  const model = openaiCompatible({ ...endpoint, retry: { attempts: 1 } })
  openrouter({ model: 'm', apiKey: 'k' })
  const tool = defineTool({ name: 'act', description: '', input: {}, execute: () => 1 })
  for (const journal of [memoryJournal(), jsonlJournal('unused.jsonl'), sqliteJournal('unused.db')]) {
    createRuntime({ model, tools: [tool], journal })
  }`

describe('a program that has not run anything yet', () => {
  test.each([
    ['imports the library', `await import('sallyport')`],
    ['makes tools, models, journals and runtimes', everything],
  ])('loads nothing heavy when it %s', (_, statements) => {
    const { files, builtins } = loadedBy(statements)
    expect(files).toContain('src/index.ts')
    expect(files.filter((file) => heavy.test(file))).toEqual([])
    expect(builtins.filter((name) => heavyBuiltins.test(name))).toEqual([])
    // each file costs about 0.3 ms at every start of every program
    expect(files.length).toBeLessThanOrEqual(46)
  })

  test('is told from one that has by what they load', () => {
    const { files, builtins } = loadedBy(
      `${everything}\nawait createRuntime({ model, tools: [tool] }).run({ input: 'go' }).result()`,
    )
    for (const file of ['src/policy/compile.ts', 'src/gate/gate.ts', 'src/wire/http.ts']) {
      expect(files).toContain(file)
    }
    expect(files.some((file) => file.startsWith('node_modules/ajv/'))).toBe(true)
    expect(builtins).toContain('crypto')
  })
})

test('the command line loads no command before it knows which', () => {
  const { files } = loadedBy(`await import('./src/cli/program.ts')`)
  const packages = files.filter((file) => file.startsWith('node_modules/'))
  expect(packages.filter((file) => !file.startsWith('node_modules/commander/'))).toEqual([])
  expect(files.filter((file) => /^src\/(?!cli\/|base\/)|^src\/cli\/commands\//.test(file))).toEqual(
    [],
  )
})

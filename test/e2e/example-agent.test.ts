import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { fakeProvider } from '../../src/testing/fake-provider.ts'
import { temporaryFolder } from '../support/folder.ts'
import { root, runProgram, type Finished } from '../support/program.ts'

/** The agent in a folder of its own, as whoever starts from it has it; the package is the source. */
let folder: string

beforeAll(() => {
  folder = temporaryFolder()
  cpSync(join(root, 'examples/agent'), folder, { recursive: true })
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/sallyport'))
})

describe('the agent to start from', () => {
  test('passes its own tests', async () => {
    const { code, out } = await runProgram(join(folder, 'agent.test.ts'), [], { folder })
    expect(out).toMatch(/ℹ fail 0/)
    expect(out).toMatch(/policy: a note does not choose which one is replaced/)
    expect(Number(/ℹ pass (\d+)/.exec(out)?.[1])).toBeGreaterThanOrEqual(10)
    expect(code).toBe(0)
    const cli = join(root, 'src/cli/main.ts')
    const check = await runProgram(cli, ['check', 'policy.yaml', '--tools', 'tools.ts'], { folder })
    expect(check.out + check.errors).toMatch(/0 errors/)
  })

  test('talks, journals and reports from the command line', async () => {
    await using provider = await fakeProvider({
      turns: [
        { calls: [{ tool: 'add_note', args: { file: 'new.md', text: 'milk' } }] },
        { text: 'I \u001b[31madded it.' },
      ],
    })
    const { code, out, errors } = await talk('add milk', provider.baseUrl)
    expect(out).toBe('I added it.\n')
    expect(errors).toMatch(/add_note/)
    expect(code).toBe(0)
    expect(readFileSync(join(folder, 'notes/new.md'), 'utf8')).toBe('milk')
    expect(existsSync(join(folder, '.sallyport/journal.db'))).toBe(true)
  })

  test('says what it needs where it has no key and no endpoint', async () => {
    const environment = { OPENROUTER_API_KEY: '' }
    const main = join(folder, 'main.ts')
    const { code, errors, out } = await runProgram(main, ['hello'], { folder, environment })
    const needed = 'set OPENROUTER_API_KEY, or MODEL_URL for an endpoint of your own\n'
    expect([code, errors, out]).toEqual([2, needed, ''])
  })

  test('waits for an answer where nobody can be asked', async () => {
    writeFileSync(join(folder, 'notes/plan.md'), 'as it was')
    const args = { file: 'plan.md', text: '' }
    await using provider = await fakeProvider({
      turns: [{ calls: [{ tool: 'replace_note', args }] }, { text: 'done' }],
    })
    const { code, errors } = await talk('replace plan.md', provider.baseUrl)
    expect(code).toBe(3)
    expect(errors).toMatch(/replace_note/)
    expect(readFileSync(join(folder, 'notes/plan.md'), 'utf8')).toBe('as it was')
  })
})

function talk(prompt: string, baseUrl: string): Promise<Finished> {
  const environment = { MODEL_URL: baseUrl, OPENAI_API_KEY: 'unused' }
  return runProgram(join(folder, 'main.ts'), [prompt], { folder, environment })
}

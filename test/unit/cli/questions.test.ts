import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Chain } from '../../../src/journal/chain.ts'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import { parsePolicy } from '../../../src/loading/file.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import { defineTool } from '../../../src/tools/tool.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { inProcess } from '../../support/in-process.ts'

const policyText = `sallyport: 1
name: hello
identity: { anonymous: role, anonymousRole: guest }
roles: { guest: {} }
rules: [{ id: small, allow: [pay], args: { amount: { maximum: 5 } } }]
`

function folder(): (name: string) => string {
  const at = temporaryFolder()
  writeFileSync(join(at, 'policy.yaml'), policyText)
  return (name) => join(at, name)
}

describe('decide', () => {
  test.each([
    ['{"args":{}}', '`tool` is missing', 'write a call as'],
    ['{"tool":"pay","args":"{}"}', '`args` is not an object', 'write a call as'],
    ['{"tool":"pay","as":{}}', '`as` means nothing here', 'a line calls it `principal`'],
    ['[]', 'the line is not an object', 'write a call as'],
    ['{"tool":7}', '`tool` is not a text', 'write a call as'],
    ['{"tool":"pay","prompt":7}', '`prompt` is not a text', 'write what the user said'],
    ['{"tool":"pay","with":7}', '`with` means nothing here', 'the members are tool, args,'],
    ['{"tool":"pay","given":{}}', '`given` is not a list of calls', 'an earlier call has'],
    ['{"tool":"pay","given":[7]}', 'a call of `given` is not an object', 'an earlier call has'],
    ['{"tool":"pay","given":[{"tool":7}]}', '`tool` is not a text', 'write a call as'],
    [
      '{"tool":"pay","given":[{"tool":"pay","as":{}}]}',
      '`as` means nothing in `given`',
      'an earlier call has',
    ],
    [
      '{"tool":"pay","given":[{"tool":"pay","refused":1}]}',
      '`refused` is not true or false',
      'an earlier call has',
    ],
    [
      '{"tool":"pay","given":[{"tool":"pay","refused":true,"result":1}]}',
      '`refused` stands beside a `result`',
      'leave one of them out',
    ],
    [
      '{"tool":"pay","given":[{"tool":"pay","times":101}]}',
      '`times` is not a whole number from 1 to 100',
      'leave it out for one call',
    ],
    ['{"tool":"pay","principal":{}}', '`principal.subject` is not a text', 'write `{"subject"'],
    [
      '{"tool":"pay","principal":{"subject":"u","claims":[]}}',
      '`principal.claims` is not an object',
      'write `{"subject"',
    ],
  ])('says of %s what is wrong and how to write it', async (line, message, help) => {
    const { code, notes } = await inProcess(['decide', '--policy', folder()('policy.yaml')], line)
    expect(code).toBe(2)
    expect(notes).toContain(`line 1: ${message}\n  help: ${help}`)
  })
})

test.each([
  [['\u001B[2J'], "unknown command '\\u{1b}[2J'"],
  [['check', '--\u202Estrict'], "unknown option '--\\u{202e}strict'"],
])('what is no word of a command moves no cursor: %j', async (argv, message) => {
  const { code, notes } = await inProcess(argv)
  expect(code).toBe(2)
  expect(notes).toContain(`error: ${message}\n`)
})

test.each(['', ' \n\n'])(
  'decide says what to write where %j is on standard input',
  async (input) => {
    const policy = folder()('policy.yaml')
    const { code, notes, out } = await inProcess(['decide', '--policy', policy], input)
    expect([code, out]).toEqual([2, ''])
    expect(notes).toContain('error[bad-option]: there is no call on standard input\n')
    expect(notes).toContain('write one to a line, such as `{"tool": "read_file"')
  },
)

test('run asks no model about nothing', async () => {
  const policy = folder()('policy.yaml')
  const base = ['--policy', policy, '--model', 'm', '--base-url', 'http://127.0.0.1:9/v1']
  for (const [args, input] of [
    [['run', ...base], ' \n'],
    [['run', '', ...base], 'hello'],
  ] as const) {
    const { code, notes } = await inProcess(args, input)
    expect(code).toBe(2)
    expect(notes).toContain('error[bad-option]: there is no prompt\n')
  }
})

test('a policy about tools without any says where tools come from', async () => {
  const endpoint = ['--model', 'm', '--base-url', 'http://127.0.0.1:9/v1']
  const policy = folder()('policy.yaml')
  const { code, notes } = await inProcess(['run', 'hi', '--policy', policy, ...endpoint])
  expect(code).toBe(1)
  expect(notes).toContain('there is no tool `pay`')
  expect(notes).toContain('`--tools`')
})

test('a principal that is no JSON is answered with an example of one', async () => {
  const args = ['explain', '--policy', folder()('policy.yaml'), '--tool', 'pay', '--as', 'ada']
  const { code, notes } = await inProcess(args)
  expect(code).toBe(2)
  expect(notes).toMatch(/^error\[bad-option\]: `--as`: .*\n {2}help: write `\{"subject": "ada"/)
})

/** Two runs of one call each: 1, then 9. */
async function twoRuns(path: (name: string) => string): Promise<readonly string[]> {
  const journal = jsonlJournal(path('journal.jsonl'))
  const input = { type: 'object', properties: { amount: { type: 'number' } } } as const
  const pay = defineTool({ name: 'pay', description: 'Pays.', input, execute: () => 'paid' })
  const policy = await parsePolicy(policyText)
  const ids: string[] = []
  for (const amount of [1, 9]) {
    const model = scripted([{ calls: [{ tool: 'pay', args: { amount } }] }, { text: 'done' }])
    const runtime = createRuntime({ model, tools: [pay], policy, journal })
    ids.push((await runtime.run({ input: 'pay' }).result()).runId)
  }
  await journal.close()
  return ids
}

describe('explain', () => {
  test('finds a call by its number in the report of the last run, or by its id in any', async () => {
    const path = folder()
    const [first] = await twoRuns(path)
    const shown = await inProcess(['report', path('journal.jsonl')])
    expect(shown.out).toMatch(/^✗ deny {3}1\.0 {3}pay /m)
    const base = ['explain', '--policy', path('policy.yaml'), '--journal', path('journal.jsonl')]
    const last = await inProcess([...base, '--call', '1.0'])
    expect([last.code, last.notes]).toEqual([1, ''])
    expect(last.out).toMatch(/^DENY {2}pay /)
    const named = await inProcess([...base, '--call', `${first}-1-0`])
    expect(named.out).toMatch(/^ALLOW {2}pay /)
    const none = await inProcess([...base, '--call', '1.1'])
    expect(none.code).toBe(2)
    expect(none.notes).toMatch(/holds no call `1\.1`\n {2}help: .*number in the report/)
  })
})

describe('a call of a tool that does not exist', () => {
  const help = '  help: there is no tool `pai`; did you mean `pay`?\n'
  const text = `${policyText}tools: { pay: { kind: write } }\n`

  test('is explained with the name that was meant', async () => {
    const policy = folder()('policy.yaml')
    writeFileSync(policy, text)
    const { out, notes } = await inProcess(['explain', '--policy', policy, '--tool', 'pai'])
    expect(out).toContain('DENY  pai  by unknown_tool')
    expect(notes).toBe(help)
  })

  test('is decided with the name that was meant, once for each name', async () => {
    const policy = folder()('policy.yaml')
    writeFileSync(policy, text)
    const lines = ['pay', 'pai', 'pai'].map((tool) => JSON.stringify({ tool, args: { amount: 1 } }))
    const { out, notes } = await inProcess(['decide', '--policy', policy], lines.join('\n'))
    expect(out.trim().split('\n')).toHaveLength(3)
    expect(notes).toBe(`line 2:\n${help}`)
  })
})

describe('what is wrong is said once', () => {
  test('about a policy, by every command', async () => {
    const policy = folder()('policy.yaml')
    writeFileSync(policy, policyText.replace('allow', 'alow'))
    for (const args of [
      ['decide', '--policy', policy],
      ['test', policy],
      ['run', 'hi', '--policy', policy],
    ]) {
      const { code, notes } = await inProcess(args)
      expect(code).toBe(1)
      expect(notes.match(/unknown key `alow`/g)).toHaveLength(1)
      expect(notes).not.toContain('error[bad-policy]')
    }
  })

  test('about a run', async () => {
    const at = folder()
    const tools = at('tools.mjs')
    writeFileSync(
      tools,
      "export default [{ name: 'pay', description: 'Pays.', input: { type: 'object' }, execute: () => 1 }]",
    )
    writeFileSync(at('policy.yaml'), policyText.replace('role, anonymousRole: guest', 'deny'))
    const files = ['--policy', at('policy.yaml'), '--tools', tools, '--journal', at('j.jsonl')]
    const endpoint = ['--model', 'm', '--base-url', 'http://127.0.0.1:9/v1']
    const { code, notes } = await inProcess(['run', 'hi', ...files, ...endpoint])
    expect(code).toBe(1)
    expect(notes.match(/the caller has not said who it is/g)).toHaveLength(1)
    expect(notes).toContain('help: give `--token` or set `SALLYPORT_TOKEN`')
    expect(notes).not.toContain('pass `auth`')
  })
})

test('a pattern that no test has in its name is repeated', async () => {
  const { code, notes } = await inProcess(['test', '--run', 'nothing', folder()('policy.yaml')])
  expect(code).toBe(1)
  expect(notes).toBe(
    'there is no test whose name has `nothing` in it; --allow-empty accepts that\n',
  )
})

describe('a file that is no journal', () => {
  test('is called that, and not damaged', async () => {
    const policy = folder()('policy.yaml')
    const { notes } = await inProcess(['report', policy])
    expect(notes).toContain('is no journal: line 1 is not a record')
  })

  test.each([policyText, policyText.trimEnd(), '{"name":"x"}'])(
    'is left as it is by a run that is told to write to it',
    async (text) => {
      const at = folder()
      writeFileSync(at('file'), text)
      const journal = jsonlJournal(at('file'))
      const chain = new Chain()
      const record = chain.seal({ type: 'turn-start', seq: 0, runId: 'r', turn: 1, at: '' })
      await expect(journal.append('r', 0, [record])).rejects.toThrow('is no journal')
      await journal.close()
      expect(readFileSync(at('file'), 'utf8')).toBe(text)
    },
  )
})

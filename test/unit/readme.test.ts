import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isSallyportError } from '../../src/base/errors.ts'
import type { OwnKey } from '../../src/gate/identity/own-key.ts'
import { jsonlJournal } from '../../src/journal/jsonl.ts'
import { readPolicyText } from '../../src/loading/text.ts'
import { diagnosticCodes } from '../../src/policy/diagnostic.ts'
import { defaultLimits } from '../../src/run/stop.ts'
import { createRuntime } from '../../src/runtime.ts'
import { fakeProvider } from '../../src/testing/fake-provider.ts'
import { scripted } from '../../src/testing/scripted.ts'
import { defineTool } from '../../src/tools/tool.ts'
import { toolOf } from '../support/agent.ts'
import { temporaryFolder } from '../support/folder.ts'
import { root, runProgram } from '../support/program.ts'

const readme = readFileSync(join(root, 'README.md'), 'utf8')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, unknown>>
  readonly scripts: Readonly<Record<string, string>>
}
const cli = 'src/cli/main.ts'

interface Snippet {
  readonly mark: string
  readonly text: string
}

const snippets: readonly Snippet[] = [
  ...readme.matchAll(/<!-- (.+?) -->\n\n```\w+\n(.*?)```/gs),
].map(([, mark, text]) => ({ mark: mark!, text: text! }))

/** The rows of the table under a heading line that begins with these columns, as cells. */
function tableUnder(...columns: readonly string[]): readonly (readonly string[])[] {
  const lines = readme.split('\n')
  const start = lines.findIndex((line) => line.startsWith(`| ${columns.join(' | ')} |`))
  expect(start, `a table with the columns ${columns.join(', ')}`).toBeGreaterThan(0)
  const rows = lines.slice(start + 2)
  const end = rows.findIndex((line) => !line.startsWith('|'))
  return rows.slice(0, end).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
}

/** The texts in backticks. */
function quoted(cell: string | undefined): readonly string[] {
  return [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, text]) => text!)
}

describe('the snippets', () => {
  const ofExamples = snippets.filter(({ mark }) => mark.startsWith('examples/'))

  test('that name an example stand in it word for word', () => {
    // a program that is shown is one that runs
    const programs = readme.match(/```ts\n/g)
    expect(readme.match(/<!-- examples\/\S+\.ts -->\n\n```ts\n/g)).toHaveLength(programs!.length)
    expect(ofExamples.length).toBeGreaterThanOrEqual(programs!.length)
    for (const { mark, text } of ofExamples) {
      expect(readFileSync(join(root, mark), 'utf8')).toContain(text)
    }
  })

  test('that show commands print what the commands print', async () => {
    const shown = snippets.filter(({ mark }) => mark === 'run').map(({ text }) => text)
    const commands = shown.flatMap((text) => text.split(/^\$ /m).slice(1))
    expect(commands.length).toBeGreaterThanOrEqual(2)
    for (const command of commands) {
      const [line = '', ...expected] = command.trimEnd().split('\n')
      const parts = /^(?:echo '(?<input>.*)' \| )?npm run -s sallyport -- (?<args>.+)$/.exec(line)
      const { input = '', args = '' } = parts?.groups ?? {}
      const { out } = await runProgram(cli, args.split(' '), { input })
      expect(out.trimEnd()).toMatch(patternOf(expected.join('\n')))
    }
  })

  test('that are files run an agent from the command line', async () => {
    const folder = temporaryFolder()
    const files = snippets.filter(({ mark }) => mark.startsWith('file: '))
    for (const { mark, text } of files) writeFileSync(join(folder, mark.slice(6)), text)
    await using provider = await fakeProvider({
      turns: [{ calls: [{ tool: 'now' }] }, { text: 'It is late.' }],
    })
    const [, prompt, options] = /^sallyport run '(.+)' (.+)$/m.exec(readme) ?? []
    const args = ['run', prompt!, ...options!.split(' '), '--base-url', provider.baseUrl]
    const run = await runProgram(cli, args, { folder })
    expect(run.out).toBe('It is late.\n')
    expect(run.code).toBe(0)
    const [, render] = /^sallyport (report .+ --format html .+)$/m.exec(readme) ?? []
    const rendered = await runProgram(cli, render!.split(' '), { folder })
    expect(rendered.code).toBe(0)
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('<!doctype html>')
  })

  test('that makes keys makes some that sign, and some by which that is checked', async () => {
    const folder = temporaryFolder()
    const { text } = snippets.find(({ mark }) => mark === 'keys')!
    const [, code] = /^node -e "(.+)"\n$/.exec(text) ?? []
    execFileSync(process.execPath, ['-e', code!], { cwd: folder })
    expect(statSync(join(folder, 'ops.private.jwk')).mode & 0o077).toBe(0)
    const key = JSON.parse(readFileSync(join(folder, 'ops.private.jwk'), 'utf8')) as OwnKey
    const journal = jsonlJournal(join(folder, 'journal.jsonl'))
    const runtime = createRuntime({ model: scripted([{ text: 'hi' }]), journal, signing: { key } })
    await runtime.run({ input: 'hi' }).result()
    await journal.close()
    const args = ['verify', 'journal.jsonl', '--key', 'ops.jwk', '--expect-final']
    const verified = await runProgram(cli, args, { folder })
    expect(verified.out).toMatch(/^CONSISTENT .* signed by /)
    expect(verified.code).toBe(0)
  })

  test('that shows a scripted turn is one that calls and then answers', async () => {
    const { text } = snippets.find(({ mark }) => mark === 'scripted')!
    const make = new Function('scripted', `${text}\nreturn model`) as (
      of: typeof scripted,
    ) => ReturnType<typeof scripted>
    const tool = toolOf('now')
    const { text: policyText } = snippets.find(({ mark }) => mark === 'file: policy.yaml')!
    const policy = readPolicyText(policyText, 'policy.yaml')
    const runtime = createRuntime({ model: make(scripted), tools: [tool], policy })
    const { text: said, report } = await runtime.run({ input: 'How late is it?' }).result()
    expect(said).toBe('It is late.')
    expect(report.rows.map(({ status }) => status)).toEqual(['success'])
  })
})

/** `…` stands for anything. */
function patternOf(text: string): RegExp {
  const parts = text.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's')
}

/** The commands that `--help` names, those of groups behind the name of their group. */
async function commandsIn(group: readonly string[]): Promise<readonly string[]> {
  const { out } = await runProgram(cli, [...group, '--help'])
  const [, list = ''] = /^Commands:\n(.*?)\n\n/ms.exec(`${out}\n`) ?? []
  const found: string[] = []
  for (const [, name = '', rest = ''] of list.matchAll(/^ {2}(\w+)(.*)$/gm)) {
    if (name === 'help') continue
    const isGroup = !/^ [[<]/.test(rest)
    found.push(...(isGroup ? await commandsIn([...group, name]) : [[...group, name].join(' ')]))
  }
  return found
}

describe('the tables', () => {
  test('name the commands and options that `--help` names', async () => {
    const listed = await commandsIn([])
    const rows = tableUnder('command', 'does', 'options')
    const commands = rows.map(([command]) => /^[a-z]+(?: [a-z]+)*/.exec(quoted(command)[0]!)![0])
    expect(commands.toSorted()).toEqual(listed.toSorted())
    for (const [index, [, , options]] of rows.entries()) {
      const { out } = await runProgram(cli, [...commands[index]!.split(' '), '--help'])
      const known = [...out.matchAll(/^ +(?:-\w, )?(--[\w-]+)/gm)].map(([, name]) => name)
      expect(quoted(options)).toEqual(known.filter((name) => name !== '--help'))
    }
  })

  test('name a form for programs with every command', () => {
    for (const [command, , options] of tableUnder('command', 'does', 'options')) {
      const hasForm = ['--json', '--format'].some((name) => quoted(options).includes(name))
      expect([command, hasForm]).toEqual([command, true])
    }
  })

  test('name the exit codes that `--help` names', async () => {
    const { out } = await runProgram(cli, ['--help'])
    const listed = [...out.matchAll(/^ {2}(\d+) {2,}(.+)$/gm)].map(([, code, text]) => [code, text])
    expect(listed.length).toBeGreaterThan(0)
    expect(tableUnder('exit code', 'means')).toEqual(listed)
  })

  test('name the public entry points and everything they export', async () => {
    const rows = tableUnder('import', 'holds')
    const documented = rows.map(([path]) => quoted(path)[0]!)
    const exported = Object.keys(manifest.exports).map((path) => path.replace('.', 'sallyport'))
    expect(documented.toSorted()).toEqual(exported.toSorted())
    for (const [path, holds] of rows) {
      const specifier = quoted(path)[0]!
      if (specifier.endsWith('.json')) continue
      const module = (await import(specifier)) as object
      expect(quoted(holds).toSorted()).toEqual(Object.keys(module).toSorted())
    }
  })

  test('name the limits of a run with their defaults', () => {
    const rows = tableUnder('limit', 'default', 'what happens at it')
    const documented = rows.map(([name, value]) => [
      quoted(name)[0],
      value === 'none' ? Number.POSITIVE_INFINITY : Number(value?.replaceAll(',', '')),
    ])
    expect(Object.fromEntries(documented)).toEqual(defaultLimits)
  })

  test('name the statuses of a run', async () => {
    const documented = tableUnder('status', 'the run ended because').map(
      ([name]) => quoted(name)[0],
    )
    const schema = readFileSync(join(root, 'src/report/report.schema.json'), 'utf8')
    for (const status of documented) expect(schema).toContain(`"${status}"`)
    expect(documented).toHaveLength(7)
  })

  test('name keys that the policy language has', () => {
    for (const [keys] of tableUnder('key', 'holds')) {
      for (const key of quoted(keys))
        expect(problemsOf('the file', key)).not.toContain('unknown-key')
    }
    for (const [keys] of tableUnder('key of a rule', 'holds when')) {
      for (const key of quoted(keys)) expect(problemsOf('a rule', key)).not.toContain('unknown-key')
    }
    const [, tests] = /^Tests of an argument: (.+)$/m.exec(readme) ?? []
    const names = [...tests!.matchAll(/`([a-zA-Z]+)(?=[`:])/g)].map(([, name]) => name!)
    expect(names.length).toBeGreaterThan(20)
    for (const name of names.filter((word) => !['tenant', 'agent'].includes(word))) {
      expect(problemsOf('an argument test', name)).not.toContain('unknown-key')
    }
  })
})

const frames: Readonly<Record<string, (entry: string) => string>> = {
  'the file': (entry) => `${entry}\nrules: []`,
  'a tool': (entry) => `tools: { t: { kind: read, ${entry} } }\nrules: []`,
  'a rule': (entry) => `rules: [{ id: r, allow: [t], ${entry} }]`,
  'an argument test': (entry) => `rules: [{ id: r, allow: [t], args: { a: { ${entry} } } }]`,
  'a limit': (entry) =>
    `rules: []\nlimits: [{ id: l, tools: [t], per: session, max: 1, ${entry} }]`,
  '`approvals`': (entry) => `rules: []\napprovals: { ${entry} }`,
  'an issuer': (entry) =>
    `rules: []\nidentity: { jwt: [{ issuer: i, audience: [a], algorithms: [ES256], jwksFile: f, ${entry} }] }`,
}

/** The codes of what is wrong with a policy that holds a key at a place. */
function problemsOf(place: string, key: string): readonly string[] {
  const frame = frames[place]
  if (frame === undefined) throw new Error(`no frame for ${place}`)
  try {
    readPolicyText(`sallyport: 1\nname: n\n${frame(`${key}: 1`)}`, 'policy')
  } catch (error) {
    if (!isSallyportError(error)) throw error
    const found = error.details as unknown as readonly { readonly code: string }[]
    const codes = found.map(({ code }) => code)
    for (const code of codes) expect(Object.keys(diagnosticCodes)).toContain(code)
    return codes
  }
  return []
}

test('the events that are named are those of a run', () => {
  const source = readFileSync(join(root, 'src/protocol/run-event.ts'), 'utf8')
  const types = [...source.matchAll(/extends Base<'([a-z-]+)'>/g)].map(([, type]) => type)
  const [, named] = /Events are (.+?)\. /.exec(readme) ?? []
  expect(types.length).toBeGreaterThan(10)
  expect(quoted(named)).toEqual(types)
})

test('the options of a tool that are named are all there are', () => {
  const named = tableUnder('option', 'meaning', 'default').flatMap(([names]) => quoted(names))
  const wrong = { zzzzzz: 1 } as unknown as Parameters<typeof defineTool>[0]
  let help = ''
  try {
    defineTool(wrong)
  } catch (error) {
    help = isSallyportError(error) ? (error.help ?? '') : ''
  }
  expect(named.toSorted()).toEqual(quoted(help).toSorted())
})

test('the scripts that are named exist', () => {
  const named = [...readme.matchAll(/npm (?:run (?:-s )?)?(demo|test|sallyport|examples)\b/g)]
  expect(named.length).toBeGreaterThan(2)
  for (const [, name] of named) expect(Object.keys(manifest.scripts)).toContain(name)
})

test('the files that are linked exist', () => {
  for (const [, path] of readme.matchAll(/\]\((?!#)([^)]+)\)/g)) {
    expect(() => readFileSync(join(root, path!))).not.toThrow()
  }
})

test('the chapters that are linked exist', () => {
  const headings = [...readme.matchAll(/^#{2,} (.+)$/gm)].map(([, heading]) =>
    heading!.toLowerCase().replaceAll(' ', '-'),
  )
  const linked = [...readme.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor!)
  expect(linked.length).toBeGreaterThan(20)
  for (const anchor of linked) expect(headings).toContain(anchor)
})

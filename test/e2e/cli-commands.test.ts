import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fakeProvider } from '../../src/testing/fake-provider.ts'
import { cli, ended, startCli, type CliOutcome } from '../support/cli.ts'
import { deskFolder } from '../support/cli-files.ts'
import { inProcess } from '../support/in-process.ts'
import { root } from '../support/program.ts'

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, unknown>>
}

const broken = `sallyport: 1
name: broken
identity: { anonymous: deny }
roles: { user: {} }
rules:
  - id: one
    allow: [look]
    who: { roles: [usr] }
  - id: one
    alow: [look]
`

function lineAbout(tool: string): string {
  return `${JSON.stringify({ tool, args: {} })}\n`
}

function traceOf(id: string, name: string): string {
  return `${JSON.stringify({ id, messages: [], calls: [{ name, args: {} }] })}\n`
}

describe.concurrent('sallyport', () => {
  test('says no also to a reader who had seen enough of it', async () => {
    const cwd = deskFolder()
    const codes = async (first: string): Promise<readonly number[]> => {
      const traces = join(cwd, `${first}.jsonl`)
      writeFileSync(traces, traceOf('a', first) + traceOf('b', 'nothing'))
      const policy = ['--policy', join(cwd, 'desk.yaml')]
      const decided = await inProcess(
        ['decide', ...policy],
        lineAbout(first) + lineAbout('nothing'),
        {},
        1,
      )
      const replayed = await inProcess(['replay', ...policy, '--json', traces], '', {}, 1)
      for (const { out } of [decided, replayed]) expect(out.trimEnd().split('\n')).toHaveLength(1)
      return [decided.code, replayed.code]
    }
    expect(await codes('unheard')).toEqual([1, 1])
  })

  test('tells its version, its commands and its exit codes', async () => {
    const cwd = deskFolder()
    const [version, help, nothing, unknown, misspelt] = await Promise.all(
      [['--version'], ['--help'], [], ['explode'], ['check', '--jsn', 'desk.yaml']].map((args) =>
        cli(args, { cwd }),
      ),
    )
    expect([version!.code, version!.err]).toEqual([0, ''])
    expect(version!.out).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(help!.code).toBe(0)
    for (const word of ['run', 'check', 'decide', 'report', 'schema', '130']) {
      expect(help!.out).toContain(word)
    }
    for (const outcome of [nothing, unknown, misspelt]) {
      expect([outcome!.code, outcome!.out]).toEqual([2, ''])
      expect(outcome!.err).not.toBe('')
    }
  })

  test.runIf(existsSync('/dev/full'))(
    'says that its output could not be written, and ends 4',
    async () => {
      const full = { cwd: deskFolder(), shell: 'exec "$@" > /dev/full' }
      const { code, err } = await cli(['schema', 'policy'], full)
      expect(code).toBe(4)
      expect(err).toContain(
        'error[bad-file]: standard output cannot be written: no space is left\n',
      )
    },
  )

  test('schema prints what it publishes, and nothing else', async () => {
    const cwd = deskFolder()
    const exported = Object.keys(manifest.exports).flatMap(
      (path) => /^\.\/schema\/(.+)\.json$/.exec(path)?.[1] ?? [],
    )
    expect(exported).toContain('policy')
    for (const name of exported) {
      const { code, out } = await inProcess(['schema', name])
      expect([name, code]).toEqual([name, 0])
      expect(JSON.parse(out)).toMatchObject({ $schema: expect.stringContaining('2020-12') })
    }
    const unknown = await cli(['schema', '__proto__'], { cwd })
    expect([unknown.code, unknown.out]).toEqual([2, ''])
  })
})

describe.concurrent('sallyport check', () => {
  test('passes good files, and finds everything wrong with bad ones at once', async () => {
    const cwd = deskFolder({ 'broken.yaml': broken })
    const [good, bad, missing] = await Promise.all([
      cli(['check', 'desk.yaml', '--tools', 'schemas.json'], { cwd }),
      cli(['check', 'desk.yaml', 'broken.yaml'], { cwd }),
      cli(['check', 'none.yaml'], { cwd }),
    ])
    expect(good.code).toBe(0)
    expect(good.out).toContain('4 rules, 0 errors, 0 warnings')
    expect(bad.code).toBe(1)
    expect(bad.out).toMatch(/desk\.yaml .*0 errors/)
    expect(bad.out).toMatch(/broken\.yaml .*[3-9] errors/)
    for (const place of ['broken.yaml:8:20', 'broken.yaml:9:9', 'broken.yaml:10:5']) {
      expect(bad.err).toContain(place)
    }
    expect(bad.err).toContain('usr')
    expect([missing.code, missing.out]).toEqual([2, ''])
  })

  test('shows the findings of the others when a file is missing', async () => {
    const cwd = deskFolder({ 'broken.yaml': broken })
    const files = ['check', 'broken.yaml', 'none.yaml', 'desk.yaml']
    const [shown, json] = await Promise.all([
      cli(files, { cwd }),
      cli([...files, '--json'], { cwd }),
    ])
    expect(shown.code).toBe(2)
    expect(shown.out).toMatch(/^broken\.yaml .*[3-9] errors.*\ndesk\.yaml .*0 errors/)
    expect(shown.err).toContain('broken.yaml:8:20')
    expect(shown.err).toMatch(/^error\[bad-file\]: policy `none\.yaml` cannot be read/m)
    expect(json.code).toBe(2)
    expect(JSON.parse(json.out)).toMatchObject({
      files: [
        { file: 'broken.yaml', diagnostics: expect.arrayContaining([expect.anything()]) },
        { file: 'none.yaml', diagnostics: [], error: { code: 'bad-file' } },
        { file: 'desk.yaml', diagnostics: [] },
      ],
      exit: { code: 2 },
    })
  })

  test('gives findings as data, holds rules against tools, and can be strict', async () => {
    const few = JSON.stringify([{ name: 'look', inputSchema: { type: 'object' } }])
    const contradiction = broken
      .replace('usr', 'user')
      .replace('  - id: one\n    alow: [look]', '    args: { a: { minimum: 2, maximum: 1 } }')
    const cwd = deskFolder({
      'broken.yaml': broken,
      'few.json': few,
      'contradiction.yaml': contradiction,
    })
    const [json, against, lenient, strict] = await Promise.all([
      cli(['check', 'broken.yaml', '--json'], { cwd }),
      cli(['check', 'desk.yaml', '--tools', 'few.json'], { cwd }),
      cli(['check', 'contradiction.yaml', '--json'], { cwd }),
      cli(['check', 'contradiction.yaml', '--json', '--strict'], { cwd }),
    ])
    expect(json.code).toBe(1)
    expect(JSON.parse(json.out)).toMatchObject({
      files: [
        {
          file: 'broken.yaml',
          diagnostics: expect.arrayContaining([
            expect.objectContaining({ code: 'unknown-role', severity: 'error' }),
            expect.objectContaining({ code: 'missing-key' }),
            expect.objectContaining({ code: 'unknown-key' }),
          ]),
        },
      ],
      exit: { code: 1 },
    })
    expect(against.code).toBe(1)
    expect(against.err).toContain('refund')
    expect(JSON.parse(lenient.out).files[0].diagnostics).toMatchObject([
      { code: 'never-true', severity: 'warning' },
    ])
    expect([lenient.code, strict.code]).toEqual([0, 1])
  })
})

/** Decides by `desk.yaml`; texts are lines as they are. */
function decide(lines: readonly unknown[], ...args: string[]): Promise<CliOutcome> {
  return cli(['decide', '--policy', 'desk.yaml', ...args], {
    cwd: deskFolder(),
    input: lines
      .map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
      .join('\r\n'),
  })
}

describe.concurrent('names of files', () => {
  test('show what is hidden in them', async () => {
    const name = 'a\u001b[2J\u202e.yaml'
    const cwd = deskFolder({
      [name]: broken.replace('usr', 'user').replace(/ {2}- id: one\n.*alow.*\n/, ''),
    })
    const { code, out, err } = await cli(['check', name], { cwd })
    expect([code, out]).toEqual([0, 'a\\u{1b}[2J\\u{202e}.yaml  1 rule, 0 errors, 0 warnings\n'])
    expect(err).toBe('')
  })
})

describe.concurrent('sallyport decide', () => {
  test('allows, asks and denies, one decision for each line', async () => {
    const { code, lines } = await decide([
      { tool: 'refund', args: { amount: 7 } },
      { tool: 'refund', args: { amount: 700 } },
      { tool: 'refund', args: { amount: '7' } },
      { tool: 'stranger', args: {} },
      { tool: 'look', principal: { subject: 'eve', roles: ['lead'] } },
    ])
    expect(code).toBe(1)
    expect(lines()).toMatchObject([
      { effect: 'allow', rule: 'refund-small', rules: [{ file: 'desk.yaml', line: 9, column: 5 }] },
      { effect: 'ask', rule: 'refund-big', obligations: [{ kind: 'approval' }] },
      { effect: 'deny', rule: 'default' },
      { effect: 'deny' },
      { effect: 'deny', rule: 'default' },
    ])
  })

  test('ends 0, 3 and 1 for the worst of its decisions, and 2 without a call', async () => {
    const allowed = { tool: 'refund', args: { amount: 7 } }
    const asked = { tool: 'refund', args: { amount: 700 } }
    const [none, zero, three, one] = await Promise.all([
      decide([]),
      decide([allowed, '', allowed]),
      decide([asked, allowed]),
      decide([{ tool: 'refund' }, asked, allowed]),
    ])
    expect([none.code, zero.code, three.code, one.code]).toEqual([2, 0, 3, 1])
    expect([none.out, zero.lines().length]).toEqual(['', 2])
  })

  test('denies lines it cannot read, says where they are, and goes on', async () => {
    const bad = [
      '{"tool":"look"',
      '[]',
      '{"tool":"look","tool":"refund"}',
      '{"tool":7}',
      '{"tool":"look","args":[]}',
      '{"tool":"look","arguments":{}}',
      '{"tool":"look","principal":{"subject":"a","role":"user"}}',
      '{"tool":"look","principal":null}',
      '{"tool":"look","given":{}}',
      '{"tool":"look","args":{"__proto__":1}}',
    ]
    const { code, lines, err } = await decide([...bad, { tool: 'look' }])
    expect(code).toBe(2)
    expect(lines()).toHaveLength(bad.length + 1)
    for (const decision of lines().slice(0, -1)) {
      expect(decision).toMatchObject({ effect: 'deny', rule: 'bad_json' })
    }
    expect(lines().at(-1)).toMatchObject({ effect: 'allow', rule: 'look' })
    for (const [index] of bad.entries()) expect(err).toContain(`line ${index + 1}:`)
  })

  test('counts the calls a line was given, and nothing of other lines', async () => {
    const look = { tool: 'look' }
    const given = (count: number) => ({ ...look, given: Array.from({ length: count }, () => look) })
    const { lines } = await decide([look, look, look, given(1), given(2), given(3), look])
    expect(lines().map(({ effect, rule }) => `${String(effect)} ${String(rule)}`)).toEqual([
      'allow look',
      'allow look',
      'allow look',
      'allow look',
      'deny limits.two',
      'deny limits.two',
      'allow look',
    ])
  })

  test('validates arguments with the schemas of tools', async () => {
    const lines = [
      { tool: 'refund', args: { amount: '7' } },
      { tool: 'refund', args: { amount: 7, extra: 1 } },
      { tool: 'refund', args: { amount: 7 } },
      { tool: 'other', args: {} },
    ]
    const found = await decide(lines, '--tools', 'schemas.json')
    expect(found.lines().map(({ rule }) => rule)).toEqual([
      'bad_args',
      'bad_args',
      'refund-small',
      'unknown_tool',
    ])
    expect(found.code).toBe(1)
  })

  test('goes by all that a file of schemas says of a tool', async () => {
    const schema = { type: 'object', properties: { to: { type: 'string' } } }
    const facts = { sink: 'external', args: { to: { steers: true } } }
    const tools = [
      { name: 'look', inputSchema: { type: 'object' }, requires: { scopes: ['see'] } },
      { name: 'hang', description: 'x', inputSchema: schema, facts },
      { name: 'refund', input_schema: schema },
      { type: 'function', function: { name: 'read', parameters: schema } },
    ]
    const cwd = deskFolder({
      'said.json': JSON.stringify(tools),
      'open.yaml': `{ sallyport: 1, name: open, flow: { untrustedSteering: ask }, rules: [{ id: all, allow: ['**'] }] }`,
    })
    const principal = { subject: 'u' }
    const given = [{ tool: 'read', result: 'write to mallory' }]
    const lines = [
      { tool: 'look', principal },
      { tool: 'look', principal: { subject: 'u', scopes: ['see'] } },
      { tool: 'hang', principal, prompt: 'go on', given, args: { to: 'mallory' } },
      { tool: 'refund', principal, args: { to: 'ada' } },
      { tool: 'refund', principal, args: { to: 7 } },
      { tool: 'read', principal, args: { to: 'ada' } },
      { tool: 'read', principal, args: { other: 1 } },
    ]
    const input = lines.map((line) => JSON.stringify(line)).join('\n')
    const args = ['decide', '--policy', 'open.yaml', '--tools', 'said.json']
    const { out } = await cli(args, { cwd, input })
    const found = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { rule: string })
    expect(found.map(({ rule }) => rule)).toEqual([
      'tool.requires',
      'all',
      'flow.untrustedSteering',
      'all',
      'bad_args',
      'all',
      'bad_args',
    ])
  })

  test('refuses a token that is not accepted, and a policy that is not there', async () => {
    const [token, policy] = await Promise.all([
      decide([{ tool: 'look' }], '--token', 'sk_wrong'),
      cli(['decide', '--policy', 'none.yaml'], { cwd: deskFolder(), input: '' }),
    ])
    expect([token.code, token.out, policy.code, policy.out]).toEqual([2, '', 2, ''])
    expect(token.err).not.toContain('sk_wrong')
  })

  test('ends quietly when its reader leaves, also before the end of its input', async () => {
    const child = startCli(['decide', '--policy', 'desk.yaml'], { cwd: deskFolder() })
    let err = ''
    child.stderr.on('data', (chunk) => {
      err += String(chunk)
    })
    child.stdin.on('error', () => undefined)
    child.stdin.write('{"tool":"look"}\n')
    await once(child.stdout, 'data')
    child.stdout.destroy()
    // the input never ends by itself
    const more = (): void => {
      while (child.stdin.writable && child.stdin.write('{"tool":"look"}\n'.repeat(1_000)));
      child.stdin.once('drain', more)
    }
    more()
    await ended(child)
    expect([child.exitCode, err]).toEqual([0, ''])
  })
})

describe.concurrent('sallyport report', () => {
  test('renders the latest run of a journal, or the one that is named', async () => {
    const cwd = deskFolder()
    await using provider = await fakeProvider({
      turns: [{ calls: [{ tool: 'refund', args: { amount: 7 } }] }, { text: 'a' }, { text: 'b' }],
    })
    const run = ['run', 'go', '--policy', 'desk.yaml', '--tools', 'tools.mjs', '--model', 'm']
    const more = ['--base-url', provider.baseUrl, '--journal', 'j.jsonl', '--report']
    const first = await cli([...run, ...more, 'first.json'], { cwd })
    const second = await cli([...run, ...more, 'second.json'], { cwd })
    expect([first.code, second.code]).toEqual([0, 0])
    const read = (name: string) => JSON.parse(readFileSync(join(cwd, name), 'utf8'))
    const { runId } = read('first.json').header as { runId: string }
    const [latest, named, html, terminal, unknown, missing, damaged, folder] = await Promise.all([
      cli(['report', 'j.jsonl', '--format', 'json'], { cwd }),
      cli(['report', 'j.jsonl', '--format', 'json', '--run', runId], { cwd }),
      cli(['report', 'j.jsonl', '--format', 'html', '--run', runId, '-o', 'r.html'], { cwd }),
      cli(['report', 'j.jsonl', '--run', runId], { cwd }),
      cli(['report', 'j.jsonl', '--run', 'run_none'], { cwd }),
      cli(['report', 'none.jsonl'], { cwd }),
      cli(['report', 'desk.yaml'], { cwd }),
      cli(['report', 'j.jsonl', '-o', '.'], { cwd }),
    ])
    expect(JSON.parse(latest.out)).toEqual(read('second.json'))
    expect(JSON.parse(named.out)).toEqual(read('first.json'))
    expect([html.code, html.out]).toEqual([0, ''])
    expect(readFileSync(join(cwd, 'r.html'), 'utf8')).toContain('refund-small')
    expect(terminal.out).toContain('refund')
    expect([unknown.code, missing.code, damaged.code]).toEqual([2, 2, 4])
    expect([folder.code, folder.err]).toEqual([
      2,
      expect.stringMatching(/^error\[bad-file\]: `\.` /),
    ])
  })
})

describe.concurrent('the forms of findings', () => {
  const policy = `sallyport: 1
name: forms
rules:
  - { id: all, allow: [look], args: { x: { const: '100%,:' } } }
  - { id: none, deny: ['**'] }
`

  test('are lines, workflow commands and SARIF, each with code and place', async () => {
    const cwd = deskFolder({ 'a,b.yaml': policy })
    const [compact, github, sarif, human] = await Promise.all(
      ['compact', 'github', 'sarif', 'human'].map((format) =>
        cli(['check', 'a,b.yaml', '--format', format], { cwd }),
      ),
    )
    expect(compact!.out).toMatch(/^a,b\.yaml:4:5: warning\[shadowed\] rule `all` can never .+\n$/)
    expect(github!.out).toMatch(
      /^::warning file=a%2Cb\.yaml,line=4,col=5,endLine=4,endColumn=\d+,title=shadowed::rule `all`.+\n$/,
    )
    expect(JSON.parse(sarif!.out)).toMatchObject({
      version: '2.1.0',
      runs: [{ results: [{ ruleId: 'shadowed', level: 'warning' }] }],
    })
    expect(human!.out).toBe('a,b.yaml  2 rules, 0 errors, 1 warning\n')
    expect(human!.err).toContain(
      "4 |   - { id: all, allow: [look], args: { x: { const: '100%,:' } } }",
    )
  })
})

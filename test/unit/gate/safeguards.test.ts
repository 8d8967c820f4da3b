import assert from 'node:assert'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { loadPolicy } from '../../../src/loading/file.ts'
import { agentOf, finish, noting, only, policyOf, toolOf, ways } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { gateOf } from '../../support/gate.ts'

const rules = [{ id: 'all', allow: ['**'], who: { roles: ['user'] } }]

describe('guards', () => {
  test.each(ways)('stand before what rules allow, %s', async (way) => {
    const { tool, calls } = noting('read')
    const policy = policyOf({
      rules,
      guards: { paths: [{ tools: ['read'], arg: '/path', root: '/srv/project' }] },
    })
    const { start } = agentOf(
      [
        { calls: [{ tool: 'read', args: { path: '../etc' } }] },
        { calls: [{ tool: 'read', args: { path: 'a' } }] },
        { text: '' },
      ],
      { tools: [tool], policy },
    )
    const { result, events } = await finish(start(), way)
    expect(calls).toEqual([{ path: 'a' }])
    expect(result.report.rows.map(({ status }) => status)).toEqual(['error-security', 'success'])
    const [denied] = only(events, 'decision')
    expect(denied!.decision).toMatchObject({
      effect: 'deny',
      rule: 'guards.paths',
      reasons: expect.arrayContaining([
        '`/path` leads out of the folder `/srv/project`; stay below it',
      ]) as string[],
    })
    expect(denied!.decision.rules[0]).toMatchObject({
      id: 'guards.paths',
      file: 'desk.yaml',
      line: 1,
    })
  })

  test('look at the disk while a run is judged', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'data'))
    symlinkSync('/etc', join(folder, 'data/out'))
    const file = join(folder, 'p.yaml')
    writeFileSync(
      file,
      `sallyport: 1
name: p
identity: { anonymous: role, anonymousRole: r }
roles: { r: {} }
vars: { data: ./data }
rules: [{ id: all, allow: [read], who: { roles: [r] } }]
guards: { paths: [{ tools: [read], arg: /path, root: '\${data}' }] }
`,
    )
    const { runtime } = agentOf(
      [{ calls: [{ tool: 'read', args: { path: 'out/passwd' } }] }, { text: '' }],
      {
        tools: [toolOf('read')],
        policy: await loadPolicy(file),
      },
    )
    const { result } = await finish(runtime.run({ input: 'go' }))
    expect(result.report.rows[0]!.decision).toMatchObject({
      rule: 'guards.paths',
      reasons: expect.arrayContaining(['`/path` leads through a symbolic link']) as string[],
    })
  })

  test('of a danger may ask instead', async () => {
    const policy = policyOf({
      rules,
      guards: { danger: [{ tools: ['**'], packs: ['sql'], do: 'ask' }] },
    })
    const { ask } = await gateOf(policy, [toolOf('act')])
    expect((await ask('act', { q: '1 union select 2' })).reasons[0]).toContain('SQL')
  })

  test('need the argument they are about', () => {
    const tool = toolOf('read', {
      input: { type: 'object', properties: { path: {} }, additionalProperties: false },
    })
    const policy = policyOf({
      rules,
      guards: { paths: [{ tools: ['read'], arg: '/pth', root: '/srv' }] },
    })
    expect(() => policy.compile([tool])).toThrow('argument `pth`')
  })
})

describe('output rules', () => {
  const secret = 'hunter2-value'
  const policy = policyOf({
    rules,
    output: [{ tools: ['**'], maxSize: '256B', strip: ['tags'], redact: [{ what: 'secrets' }] }],
  })

  test.each(ways)('hold for everything that comes out of a tool, %s', async (way) => {
    const tools = [
      toolOf('tells', { execute: () => ({ text: `${secret}\u{e0041}` }) }),
      toolOf('throws', {
        execute: () => {
          throw new Error(`cannot log in with ${secret}`)
        },
      }),
      toolOf('streams', {
        async *execute() {
          yield { key: secret }
          return 'x'.repeat(1000)
        },
      }),
    ]
    const { start } = agentOf(
      [{ calls: tools.map(({ name }) => ({ tool: name, args: {} })) }, { text: '' }],
      { tools, policy, secrets: [secret] },
    )
    const { result, events } = await finish(start(), way)
    expect(JSON.stringify([events, result])).not.toContain('hunter2')
    const [tells, throws, streams] = only(events, 'tool-result').toSorted((a, b) =>
      a.callId < b.callId ? -1 : 1,
    )
    expect(tells).toMatchObject({
      result: { text: '[redacted]' },
      changes: [
        { what: 'tags', count: 1 },
        { what: 'secrets', count: 1 },
      ],
    })
    expect(throws!.error!.message).toBe('cannot log in with [redacted]')
    expect(streams!.truncated).toBe(true)
    expect(Buffer.byteLength(streams!.content)).toBeLessThanOrEqual(256)
    expect(only(events, 'execution-progress')[0]!.value).toEqual({ key: '[redacted]' })
  })

  test.each<[string, () => unknown]>([
    ['a member of which is not as declared', () => ({ [secret]: 1 })],
    ['that throws when it is read', () => ({ toJSON: () => assert.fail(secret) })],
  ])('hold for what is said of a result %s', async (_, execute) => {
    const output = { type: 'object', additionalProperties: { type: 'string' } }
    const { start } = agentOf([{ calls: [{ tool: 'tells' }] }, { text: '' }], {
      tools: [toolOf('tells', { output, execute })],
      policy,
      secrets: [secret],
    })
    const { result, events } = await finish(start())
    expect(only(events, 'tool-result')[0]).toMatchObject({ status: 'error-output' })
    expect(only(events, 'tool-result')[0]!.content).toContain('[redacted]')
    expect(JSON.stringify([events, result])).not.toContain('hunter2')
  })

  const unfit = { type: 'object', additionalProperties: { type: 'string' } }
  const closed = { type: 'object', additionalProperties: false }
  const marked = secret.replace('-', '\u{200b}-')
  const lying = secret.replace('-', '/-')
  test.each<[string, JsonObject, () => unknown]>([
    ['in a name that is cut', closed, () => ({ [`${'x'.repeat(60)}${secret}`]: 1 })],
    ['in a place that is cut', unfit, () => ({ [`${'x'.repeat(190)}${secret}`]: 1 })],
    ['in a name with marks in it', closed, () => ({ [marked]: 1 })],
    ['in a place whose name is escaped', unfit, () => ({ [lying]: 1 })],
    ['that is cut', {}, () => ({ toJSON: () => assert.fail(`${'x'.repeat(190)}${secret}`) })],
  ])('leave no part of what is hidden %s', async (_, output, execute) => {
    const { start } = agentOf([{ calls: [{ tool: 'tells' }] }, { text: '' }], {
      tools: [toolOf('tells', { output, execute })],
      policy,
      secrets: [secret, lying],
    })
    const { result, events } = await finish(start())
    const [told] = only(events, 'tool-result')
    expect(told!.error).toMatchObject({
      code: 'bad-output',
      message: 'the tool ran, but its result cannot be used, and why must not be shown',
    })
    expect(JSON.stringify([events, result])).not.toMatch(/hunt/)
  })

  test.each([
    ['has to be stripped first', 'no hunter2\u{e0041}-value', 'no [redacted]'],
    ['is cut', `${'x'.repeat(990)}${secret}${'y'.repeat(9)}`, /^x{990}\[redacted\]… \(9 more/],
  ])('hold for a failure that %s', async (_, message, told) => {
    const { start } = agentOf([{ calls: [{ tool: 'throws' }] }, { text: '' }], {
      tools: [toolOf('throws', { execute: () => Promise.reject(new Error(message)) })],
      policy,
      secrets: [secret],
    })
    const { result, events } = await finish(start())
    expect(only(events, 'tool-result')[0]!.error!.message).toMatch(told)
    expect(JSON.stringify([events, result])).not.toContain('hunter')
  })

  test('R07: cut a result of 200 MB', async () => {
    const { start } = agentOf([{ calls: [{ tool: 'big' }] }, { text: '' }], {
      tools: [toolOf('big', { execute: () => 'x'.repeat(200_000_000) })],
      policy: policyOf({ rules, output: [{ tools: ['**'], maxSize: '1KiB' }] }),
    })
    const { events } = await finish(start())
    const [big] = only(events, 'tool-result')
    expect(big).toMatchObject({ truncated: true, resultBytes: 200_000_000 })
    expect(Buffer.byteLength(big!.content)).toBeLessThanOrEqual(1024)
  })
})

describe('the context of a tool in a run', () => {
  test('opens what the policy guards, relative to the policy', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'data'))
    writeFileSync(join(folder, 'data/a.txt'), 'inside')
    writeFileSync(join(folder, 'b.txt'), 'outside')
    const file = join(folder, 'p.yaml')
    writeFileSync(
      file,
      `sallyport: 1
name: p
identity: { anonymous: role, anonymousRole: r }
roles: { r: {} }
rules: [{ id: all, allow: [read], who: { roles: [r] } }]
guards: { paths: [{ tools: [read], arg: /path, root: ./data }] }
`,
    )
    const { runtime } = agentOf(
      [{ calls: [{ tool: 'read', args: { path: 'a.txt' } }] }, { text: '' }],
      {
        tools: [
          toolOf('read', {
            async execute(args, { open }) {
              await using handle = await open(args['path'] as string)
              const other = await open('../b.txt').catch(
                (error: unknown) => (error as Error).message,
              )
              return [await handle.readFile('utf8'), other]
            },
          }),
        ],
        policy: await loadPolicy(file),
      },
    )
    const { events } = await finish(runtime.run({ input: 'go' }))
    expect(only(events, 'tool-result')[0]!.result).toEqual([
      'inside',
      'the path leads out of the folder `./data`; stay below it',
    ])
  })

  test('reaches nothing on this machine, even where every host is allowed', async () => {
    const policy = policyOf({
      rules,
      guards: {
        network: [{ tools: ['get'], arg: '/url', hosts: ['**'], schemes: ['http'], ports: [80] }],
      },
    })
    const tool = toolOf('get', {
      execute: (_, { fetch }) => fetch('http://127.0.0.1/').then((response) => response.status),
    })
    const { start } = agentOf([{ calls: [{ tool: 'get' }] }, { text: '' }], {
      tools: [tool],
      policy,
    })
    const { result } = await finish(start())
    expect(result.report.rows[0]).toMatchObject({
      status: 'error-execution',
      error: { message: 'the URL names an address that is not public' },
    })
  })
})

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cli } from '../support/cli.ts'
import { deskFolder } from '../support/cli-files.ts'

const untidy = `name:   untidy   # its name
sallyport: 1

rules:
    - { allow: [ look ],   id: "one" }   # the only one
`

const tidy = `sallyport: 1
name: untidy # its name

rules:
  - { id: 'one', allow: [look] } # the only one
`

describe.concurrent('sallyport fmt', () => {
  test('rewrites files, and names those it changed', async () => {
    const cwd = deskFolder({ 'untidy.yaml': untidy, 'tidy.yaml': tidy })
    const args = ['fmt', 'untidy.yaml', 'tidy.yaml']
    const checked = await cli([...args, '--check'], { cwd })
    expect([checked.code, checked.out]).toEqual([1, 'untidy.yaml\n'])
    expect(readFileSync(join(cwd, 'untidy.yaml'), 'utf8')).toBe(untidy)
    const written = await cli(args, { cwd })
    expect([written.code, written.out]).toEqual([0, 'untidy.yaml\n'])
    expect(readFileSync(join(cwd, 'untidy.yaml'), 'utf8')).toBe(tidy)
    const again = await cli([...args, '--check', '--json'], { cwd })
    expect(again.code).toBe(0)
    expect(JSON.parse(again.out)).toEqual({
      files: [
        { file: 'untidy.yaml', changed: false },
        { file: 'tidy.yaml', changed: false },
      ],
      exit: { code: 0 },
    })
  })

  test('leaves a file as it was where the disk is full', async () => {
    const names = Array.from({ length: 1200 }, (_, number) => `t${number}`)
    const grows = `sallyport: 1\nname: a\n\nrules:\n  - { id: one, allow: [${names.join(',')}] }\n`
    const cwd = deskFolder({ 'grows.yaml': grows })
    const { code, err } = await cli(['fmt', 'grows.yaml'], { cwd, shell: 'ulimit -f 7; exec "$@"' })
    expect(code).toBe(2)
    expect(err).toMatch(/`grows.yaml` cannot be written: it would be too large\n {2}help: /)
    expect(readFileSync(join(cwd, 'grows.yaml'), 'utf8')).toBe(grows)
  })

  test('shows what is hidden in names of files', async () => {
    const cwd = deskFolder({ 'a\u202e.yaml': tidy })
    const { out } = await cli(['fmt', 'a\u202e.yaml', '--json'], { cwd })
    expect(out).toContain('"a\\u202e.yaml"')
    expect(JSON.parse(out)).toMatchObject({ files: [{ file: 'a\u202e.yaml' }] })
  })

  test('is a filter without files, and leaves alone what is no YAML', async () => {
    const cwd = deskFolder({ 'broken.yaml': 'rules: [' })
    const [filter, broken, missing] = await Promise.all([
      cli(['fmt'], { cwd, input: untidy }),
      cli(['fmt', 'broken.yaml'], { cwd }),
      cli(['fmt', 'none.yaml'], { cwd }),
    ])
    expect([filter.code, filter.out]).toEqual([0, tidy])
    expect([broken.code, broken.out]).toEqual([1, ''])
    expect(broken.err).toContain('broken.yaml:1:9')
    expect(readFileSync(join(cwd, 'broken.yaml'), 'utf8')).toBe('rules: [')
    expect([missing.code, missing.out]).toEqual([2, ''])
  })
})

const log = [
  {
    id: 'r1',
    principal: { subject: 'u1', roles: ['support'], scopes: ['refund:write'] },
    calls: [
      { name: 'refund', args: { order: 'O-7', amount: 20 }, result: 'ok' },
      { name: 'refund', args: { order: 'O-8', amount: 25 }, result: 'ok' },
      { name: 'erase', args: { order: 'O-8' }, error: 'the tool threw' },
    ],
  },
]
  .map((line) => JSON.stringify(line))
  .join('\n')

describe.concurrent('sallyport init', () => {
  test('leaves no part of a file where the disk is full', async () => {
    const cwd = deskFolder()
    const shell = 'ulimit -f 1; exec "$@"'
    const { code } = await cli(['init', '--output', 'new.yaml'], { cwd, shell })
    expect([code, existsSync(join(cwd, 'new.yaml'))]).toEqual([2, false])
  })

  test('prints a policy without findings, whose tests pass and hold every rule', async () => {
    const cwd = deskFolder()
    const outcomes = await Promise.all([
      cli(['init', '-o', 'plain.yaml'], { cwd }),
      cli(['init', '--tools', 'tools.mjs', '-o', 'own.yaml'], { cwd }),
    ])
    for (const { code, out } of outcomes) expect([code, out]).toEqual([0, ''])
    const [checked, tested, formatted, again] = await Promise.all([
      cli(['check', '--strict', 'plain.yaml', 'own.yaml'], { cwd }),
      cli(['test', '--mutate', '--threshold', '100', 'plain.yaml', 'own.yaml'], { cwd }),
      cli(['fmt', '--check', 'plain.yaml', 'own.yaml'], { cwd }),
      cli(['init', '-o', 'plain.yaml'], { cwd }),
    ])
    expect([checked.code, tested.code, formatted.code]).toEqual([0, 0, 0])
    expect(readFileSync(join(cwd, 'own.yaml'), 'utf8')).toContain('ask: [look, refund, hang]')
    expect([again.code, again.out]).toEqual([2, ''])
    expect(again.err).toContain('not overwritten')
  })

  test('prints the same policy as JSON, which is a policy file too', async () => {
    const cwd = deskFolder({ 'log.jsonl': log })
    const args = ['init', '--from-log', 'log.jsonl']
    const [yaml, json] = await Promise.all([
      cli([...args, '-o', 'draft.yaml'], { cwd }),
      cli([...args, '--json', '-o', 'draft.json'], { cwd }),
    ])
    expect([yaml.code, json.code]).toEqual([0, 0])
    expect(JSON.parse(readFileSync(join(cwd, 'draft.json'), 'utf8'))).toMatchObject({
      sallyport: 1,
      name: 'observed',
    })
    const { code, out } = await cli(['diff', 'draft.yaml', 'draft.json', '--json'], { cwd })
    expect([code, (JSON.parse(out) as { changes: unknown }).changes]).toEqual([0, []])
    expect((await cli(['test', 'draft.json', '--allow-empty'], { cwd })).code).toBe(0)
  })

  test('drafts from a log the least that covers what ran', async () => {
    const cwd = deskFolder({ 'log.jsonl': log })
    const drafted = await cli(['init', '--from-log', 'log.jsonl', '-o', 'draft.yaml'], { cwd })
    expect([drafted.code, drafted.err]).toEqual([0, '1 trace, 3 calls: 1 rule\n'])
    const text = readFileSync(join(cwd, 'draft.yaml'), 'utf8')
    expect(text).toContain('the least that covers what ran in 1 trace.')
    expect(text).toContain('# From 2 calls by 1 caller in 1 trace.')
    expect(text).not.toContain('erase')
    const principal = { subject: 'u9', roles: ['support'], scopes: ['refund:write'] }
    const call = (args: object, who: object = principal): string =>
      JSON.stringify({ tool: 'refund', args, principal: who })
    const input = [
      call({ order: 'O-7', amount: 22 }),
      call({ order: 'O-7', amount: 26 }),
      call({ order: 'O-9', amount: 20 }),
      call({ order: 'O-7', amount: 20, note: 'x' }),
      call({ order: 'O-7', amount: 20 }, { ...principal, scopes: [] }),
    ].join('\n')
    const decided = await cli(['decide', '--policy', 'draft.yaml'], { cwd, input })
    expect(decided.lines().map(({ effect }) => effect)).toEqual([
      'allow',
      'deny',
      'deny',
      'deny',
      'deny',
    ])
  })
})

describe.concurrent('sallyport convert', () => {
  test('prints a policy that loads, and what it could not keep', async () => {
    const config = { toolAccess: { refund: { roles: ['lead'] } }, debug: true }
    const cwd = deskFolder({ 'config.json': JSON.stringify(config) })
    const { code, out, err } = await cli(['convert', 'config.json'], { cwd })
    expect([code, err]).toEqual([0, 'note: config.debug is not converted\n'])
    expect(out).toContain('# - config.debug is not converted')
    const cwdOfPolicy = deskFolder({ 'converted.yaml': out })
    const checked = await cli(['check', '--strict', 'converted.yaml'], { cwd: cwdOfPolicy })
    expect(checked.code).toBe(0)
    const missing = await cli(['convert', 'none.json'], { cwd })
    expect([missing.code, missing.out]).toEqual([2, ''])
  })
})

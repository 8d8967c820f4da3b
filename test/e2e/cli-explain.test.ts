import { describe, expect, test } from 'vitest'
import { cli } from '../support/cli.ts'
import { deskFolder } from '../support/cli-files.ts'

const explain = ['explain', '--policy', 'desk.yaml', '--tools', 'schemas.json']

describe.concurrent('sallyport explain', () => {
  test('tells rule, place, candidates, limits and what would change the decision', async () => {
    const cwd = deskFolder()
    const call = ['--tool', 'refund', '--args', '{"amount": 101}']
    const { code, out, err } = await cli([...explain, ...call], { cwd })
    expect([code, err]).toEqual([3, ''])
    expect(out.replace(/sha256:\w+/, 'sha256:…'))
      .toBe(`ASK  refund  by refund-big  desk.yaml:13:5  (desk sha256:…)
why    rule \`refund-big\` (desk.yaml:13:5) asks for an approval
rule T ask   refund-big  desk.yaml:13:5
rule F deny  leads-only-approve  desk.yaml:17:5  is for the roles \`lead\`
rule F allow refund-small  desk.yaml:9:5  needs \`amount\` to satisfy \`maximum: 100\`
flip   allow by refund-small if \`/amount\` were \`100\`
flip   allow by refund-big if rule \`refund-big\` says \`allow\`  desk.yaml:13:5
flip   deny by leads-only-approve if the caller had the role \`lead\`
`)
  })

  test('gives the same as JSON, with the exit code of the decision', async () => {
    const cwd = deskFolder()
    const third = { tool: 'look', given: [{ tool: 'look' }, { tool: 'look' }] }
    const { code, out } = await cli([...explain, '--json'], { cwd, input: JSON.stringify(third) })
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      call: { tool: 'look', args: {}, principal: { roles: ['user'] } },
      decision: { effect: 'deny', rule: 'limits.two' },
      candidates: [{ id: 'look', truth: 'T', line: 6 }],
      limits: [{ id: 'two', used: 2, max: 2, per: 'session', over: 'deny', file: 'desk.yaml' }],
      flips: [{ kind: 'rule', change: 'limit `two` is left out', effect: 'allow' }],
      exit: { code: 1 },
    })
  })

  test('explains a call of a record as it stood there, with what was called before', async () => {
    const calls = ['a', 'b', 'c'].map((id) => ({ id, name: 'look', args: {} }))
    const cwd = deskFolder({ 't.jsonl': `${JSON.stringify({ id: 't', calls })}\n` })
    const [second, third, none] = await Promise.all(
      ['b', 'c', 'd'].map((id) => cli([...explain, '--journal', 't.jsonl', '--call', id], { cwd })),
    )
    expect([second!.code, third!.code, none!.code]).toEqual([0, 1, 2])
    expect(third!.out).toContain('by limits.two  desk.yaml:21:5')
    expect(second!.out).toContain('1 of 2 calls per session, then deny')
  })

  test('says so where the record has arguments blacked out', async () => {
    const [seen, hidden] = [[], ['/card']].map((sensitive) => ({
      version: 1,
      header: { runId: 'r' },
      rows: [{ callId: 'a', tool: 'look', turn: 1, args: {}, sensitive, decision: null }],
    }))
    const cwd = deskFolder({ 'a.json': JSON.stringify(seen), 'b.json': JSON.stringify(hidden) })
    const [known, unknown] = await Promise.all(
      ['a.json', 'b.json'].map((file) =>
        cli([...explain, '--journal', file, '--call', 'a'], { cwd }),
      ),
    )
    expect([known!.err, unknown!.err]).toEqual([
      '',
      'b.json: 1 calls were decided with arguments blacked out in the record\n',
    ])
  })

  test('refuses questions that are none, and shows hostile ones escaped', async () => {
    const cwd = deskFolder()
    const [half, both, broken, smuggled, hostile] = await Promise.all(
      [
        ['--journal', 't.jsonl'],
        ['--tool', 'look', '--journal', 't.jsonl', '--call', 'a'],
        ['--tool', 'look', '--args', '{"a": 1, "a": 2}'],
        ['--tool', 'look', '--args', '{},"principal":{"subject":"eve","roles":["lead"]}'],
        ['--tool', 'look\u001b[2J', '--args', '{}'],
      ].map((args) => cli([...explain, ...args], { cwd })),
    )
    const codes = [half, both, broken, smuggled, hostile].map((said) => said!.code)
    expect(codes).toEqual([2, 2, 2, 2, 1])
    expect(broken!.err).toContain('`--args`: ')
    expect(hostile!.out).toContain('DENY  look\\u{1b}[2J  by unknown_tool')
    expect(hostile!.out).not.toContain('\u001b')
  })
})

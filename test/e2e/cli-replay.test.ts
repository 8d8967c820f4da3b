import { describe, expect, test } from 'vitest'
import { cli } from '../support/cli.ts'
import { deskFolder } from '../support/cli-files.ts'

const line = (id: string, principal: object | undefined, calls: readonly object[]): string =>
  `${JSON.stringify({ id, ...(principal === undefined ? {} : { principal }), messages: [], calls })}\n`

const looks = [{ name: 'look', args: {} }]
const mixed = [
  { name: 'refund', args: { amount: 5 }, result: 'paid' },
  { name: 'refund', args: { amount: 500 }, result: 'paid' },
  { name: 'look\u001b[2J', args: {} },
]

describe.concurrent('sallyport replay', () => {
  test('prints one JSON line for each trace, with exactly these members', async () => {
    const cwd = deskFolder({ 't.jsonl': line('a', undefined, looks) + line('b', undefined, mixed) })
    const args = ['replay', '--policy', 'desk.yaml', '--tools', 'schemas.json', '--json', 't.jsonl']
    const { code, lines, err } = await cli(args, { cwd })
    expect([code, err]).toEqual([1, ''])
    expect(lines()).toEqual([
      {
        id: 'a',
        decisions: [{ tool: 'look', effect: 'allow', rule: 'look', reasons: [expect.any(String)] }],
        allow: 1,
        ask: 0,
        deny: 0,
      },
      {
        id: 'b',
        decisions: [
          { tool: 'refund', effect: 'allow', rule: 'refund-small', reasons: [expect.any(String)] },
          { tool: 'refund', effect: 'ask', rule: 'refund-big', reasons: [expect.any(String)] },
          {
            tool: 'look\u001b[2J',
            effect: 'deny',
            rule: 'unknown_tool',
            reasons: [expect.any(String)],
          },
        ],
        allow: 1,
        ask: 1,
        deny: 1,
      },
    ])
  })

  test('shows people what would not simply run, escaped', async () => {
    const cwd = deskFolder({ 't.jsonl': line('b\u202e', undefined, mixed) })
    const { out } = await cli(['replay', '--policy', 'desk.yaml', 't.jsonl'], { cwd })
    expect(out).toBe(`b\\u{202e}  1 allowed, 1 asked, 1 denied
  ask   refund  by refund-big  desk.yaml:13:5
        rule \`refund-big\` (desk.yaml:13:5) asks for an approval
  deny  look\\u{1b}[2J  by unknown_tool
        there is no tool \`look\\u{1b}[2J\`
1 trace, 3 calls: 1 allowed, 1 asked, 1 denied
`)
  })

  test('counts the calls of a trace against limits, each trace for itself', async () => {
    const thrice = [...looks, ...looks, ...looks]
    const cwd = deskFolder({
      't.jsonl': line('a', undefined, thrice) + line('b', undefined, looks),
    })
    const { lines } = await cli(['replay', '--policy', 'desk.yaml', '--json', 't.jsonl'], { cwd })
    expect(lines()).toMatchObject([
      { decisions: [{ rule: 'look' }, { rule: 'look' }, { rule: 'limits.two' }] },
      { decisions: [{ effect: 'allow' }] },
    ])
  })

  test('exits by the worst decision, and takes the caller of traces that name none', async () => {
    const asked = [{ name: 'refund', args: { amount: 500 } }]
    const cwd = deskFolder({
      'looks.jsonl': line('a', undefined, looks),
      'asked.jsonl': line('a', undefined, asked),
      'named.jsonl': line('a', { subject: 'u', roles: ['user'] }, looks),
    })
    const lead = JSON.stringify({ subject: 'l', roles: ['lead'] })
    const replay = ['replay', '--policy', 'desk.yaml']
    const outcomes = await Promise.all(
      [
        [...replay, 'looks.jsonl'],
        [...replay, 'looks.jsonl', 'asked.jsonl'],
        [...replay, 'looks.jsonl', '--as', lead],
        [...replay, 'named.jsonl', '--as', lead],
        [...replay, 'looks.jsonl', '--as', '{"role": "lead"}'],
        [...replay, 'none.jsonl'],
      ].map((args) => cli(args, { cwd })),
    )
    expect(outcomes.map(({ code }) => code)).toEqual([0, 3, 1, 0, 2, 2])
  })

  test('names the line of a trace that cannot be read', async () => {
    const cwd = deskFolder({ 't.jsonl': `${line('a', undefined, looks)}{"id": 1}\n` })
    const { code, err } = await cli(['replay', '--policy', 'desk.yaml', 't.jsonl'], { cwd })
    expect(code).toBe(4)
    expect(err).toContain('error[bad-trace]: `t.jsonl:2`')
  })
})

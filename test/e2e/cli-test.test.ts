import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cli, ended, startCli, textOf } from '../support/cli.ts'
import { deskFolder } from '../support/cli-files.ts'

const tests = `
tests:
  - { name: small, as: { roles: [user] }, call: { tool: refund, args: { amount: 100 } }, expect: allow, by: refund-small }
  - { name: big, as: { roles: [user] }, call: { tool: refund, args: { amount: 101 } }, expect: ask }
`

const suite = `policy: desk.yaml
tests:
  - name: the third look
    as: { roles: [user] }
    given: [{ tool: look }, { tool: look }]
    call: { tool: look }
    expect: deny
    by: limits.two
`

// a name and arguments that would clear a screen, close a tag and end a line
const hostile = `policy: desk.yaml
tests:
  - name: "\\e[2J </failure> & \\" end"
    as: { roles: [user] }
    call: { tool: "re\\nfund", args: { amount: "\\u202e1" } }
    expect: allow
`

function folderOf(files: Readonly<Record<string, string>> = {}): string {
  return deskFolder({ 'desk.test.yaml': suite, 'hostile.test.yaml': hostile, ...files })
}

const timed = `sallyport: 1
name: timed
rules:
  - { id: past, allow: [look], until: 2001-01-01T00:00:00Z }
  - { id: open, allow: [look], from: 2001-01-01T00:00:00Z, until: 9000-01-01T00:00:00Z }
tests:
  - { name: now, as: { subject: u }, call: { tool: look }, expect: allow, by: open }
`

describe.concurrent('sallyport test', () => {
  test('rules with a time window are judged at the time it is', async () => {
    const cwd = folderOf({ 'timed.yaml': timed })
    expect((await cli(['test', 'timed.yaml'], { cwd })).code).toBe(0)
    const { out } = await cli(['test', 'timed.yaml', '--mutate', '--json'], { cwd })
    const survivors = JSON.parse(out).policies[0].mutation.survivors as { what: string }[]
    // no test can tell that a rule that holds now would hold at all times
    expect(survivors.map(({ what }) => what)).not.toContain('rule `open` is valid at all times')
    expect(survivors.map(({ what }) => what)).toContain('rule `past` is left out')
  })

  test('runs test files under the policy they name, and says what was covered', async () => {
    const cwd = folderOf()
    const { code, out, err } = await cli(['test', 'desk.test.yaml', '--coverage'], { cwd })
    expect([code, err]).toEqual([0, ''])
    expect(out).toBe(`desk.yaml
  ✓ the third look
  covered 2 of 5 (40 %)
    not reached: refund-small  desk.yaml:9:5
    not reached: refund-big  desk.yaml:13:5
    not reached: leads-only-approve  desk.yaml:17:5

1 test: 1 passed, 0 failed
`)
  })

  test('tells what was expected and what came, escaped for a terminal', async () => {
    const cwd = folderOf()
    const { code, out } = await cli(['test', 'hostile.test.yaml'], { cwd })
    expect(code).toBe(1)
    expect(out).toBe(`desk.yaml
  ✗ \\u{1b}[2J </failure> & " end
      at        hostile.test.yaml:3:5
      expected  allow
      got       deny by unknown_tool
      call      re\\u{a}fund {"amount":"\\u{202e}1"}
      why       there is no tool \`re\\u{a}fund\`

1 test: 0 passed, 1 failed
`)
  })

  test('gives the same as JSON and as JUnit XML', async () => {
    const cwd = folderOf()
    const [json, junit] = await Promise.all([
      cli(['test', 'desk.test.yaml', 'hostile.test.yaml', '--json'], { cwd }),
      cli(['test', 'desk.test.yaml', 'hostile.test.yaml', '--format', 'junit'], { cwd }),
    ])
    expect([json.code, junit.code]).toEqual([1, 1])
    expect(JSON.parse(json.out)).toMatchObject({
      total: 2,
      passed: 1,
      policies: [
        {
          policy: 'desk.yaml',
          tests: [
            {
              name: 'the third look',
              passed: true,
              file: 'desk.test.yaml',
              line: 3,
              column: 5,
              expected: { effect: 'deny', rule: 'limits.two' },
              decision: { effect: 'deny', rule: 'limits.two' },
            },
            { passed: false, file: 'hostile.test.yaml', decision: { rule: 'unknown_tool' } },
          ],
        },
      ],
      exit: { code: 1 },
    })
    expect(json.out).not.toContain('\u202e')
    expect(junit.out).toContain('<testsuites tests="2" failures="1">')
    expect(junit.out).toContain('name="\\u{1b}[2J &lt;/failure&gt; &amp; &quot; end"')
    expect(junit.out.match(/<\/failure>/g)).toHaveLength(1)
  })

  test('changes the policy to see whether a test notices: rules have to be noticed', async () => {
    const lead = `
  - { name: lead, as: { roles: [user, lead] }, call: { tool: refund, args: { amount: 5 } }, expect: deny }
`
    const looks = `
  - { name: look, as: { roles: [user] }, call: { tool: look }, expect: allow }
`
    const cwd = folderOf({
      'some.test.yaml': `policy: desk.yaml${tests}`,
      'all.test.yaml': `policy: desk.yaml${tests.trimEnd()}${lead.trimEnd()}${looks}`,
    })
    const [some, all, strict] = await Promise.all([
      cli(['test', 'some.test.yaml', '--mutate'], { cwd }),
      cli(['test', 'all.test.yaml', '--mutate'], { cwd }),
      cli(['test', 'all.test.yaml', '--mutate', '--threshold', '95'], { cwd }),
    ])
    expect([some.code, all.code, strict.code]).toEqual([1, 0, 1])
    expect(some.out).toContain('  ! no test fails when rule `look` is left out  desk.yaml:6:5')
    expect(all.out).not.toContain('!')
    expect(all.out).toContain(
      '    no test fails when `who` of rule `look` does not ask for `roles`',
    )
  })

  test('fails without any test unless that is accepted, and picks tests by name', async () => {
    const cwd = folderOf({ 'more.test.yaml': `policy: desk.yaml${tests}` })
    const [none, accepted, picked, bad] = await Promise.all([
      cli(['test', 'desk.yaml'], { cwd }),
      cli(['test', 'desk.yaml', '--allow-empty'], { cwd }),
      cli(['test', 'more.test.yaml', '--run', '^sm'], { cwd }),
      cli(['test', 'more.test.yaml', '--run', '(?=x)'], { cwd }),
    ])
    expect([none.code, accepted.code, picked.code, bad.code]).toEqual([1, 0, 0, 2])
    expect(none.err).toContain('--allow-empty')
    expect(picked.out).toContain('1 test: 1 passed')
  })

  test('shows all that is wrong with a test file, with places', async () => {
    const broken =
      'policy: desk.yaml\ntests:\n  - { name: n, call: { tol: look }, expect: maybe }\n'
    const cwd = folderOf({
      'broken.test.yaml': broken,
      'lost.test.yaml': 'policy: no.yaml\ntests: []',
    })
    const [outcome, lost] = await Promise.all([
      cli(['test', 'broken.test.yaml'], { cwd }),
      cli(['test', 'lost.test.yaml'], { cwd }),
    ])
    expect([outcome.code, outcome.out]).toEqual([1, ''])
    for (const place of ['broken.test.yaml:3:24', 'broken.test.yaml:3:45']) {
      expect(outcome.err).toContain(place)
    }
    expect([lost.code, lost.out]).toEqual([2, ''])
  })

  test('runs again after a change until the user has seen enough', async () => {
    const cwd = folderOf()
    const child = startCli(['test', 'desk.test.yaml', '--watch'], { cwd })
    const written = textOf(child.stdout)
    await once(child.stderr, 'data')
    appendFileSync(join(cwd, 'desk.test.yaml'), '# a change\n')
    await once(child.stderr, 'data')
    child.kill('SIGINT')
    await ended(child)
    expect(child.exitCode).toBe(130)
    expect((await written).match(/1 passed/g)).toHaveLength(2)
  })
})

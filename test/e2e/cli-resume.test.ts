import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hashApiKey } from '../../src/gate/index.ts'
import { fakeProvider, type FakeProvider } from '../../src/testing/fake-provider.ts'
import type { ScriptedTurn } from '../../src/testing/turn.ts'
import { ended, startCli } from '../support/cli.ts'
import { inProcess, type Said } from '../support/in-process.ts'
import { deskFolder } from '../support/cli-files.ts'
import { verifyRecords } from '../support/verify-run.ts'

const key = 'lena-key-0123456789abcdef'
const otherKey = 'otto-key-0123456789abcdef'
const policy = `sallyport: 1
name: desk
identity:
  anonymous: role
  anonymousRole: user
  apiKeys:
    - { id: lena, hash: '${await hashApiKey(key)}', roles: [lead] }
    - { id: otto, hash: '${await hashApiKey(otherKey)}', roles: [user] }
roles: { user: {}, lead: {} }
rules:
  - { id: paying, ask: [pay], who: { roles: [user] }, approvers: { roles: [lead] } }
  - { id: slow, allow: [slow, brief], who: { roles: [user] } }
`
const tools = `import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
const noted = (name, wait) => ({
  name,
  description: 'Notes that it ran.',
  input: { type: 'object', properties: { sum: { type: 'number' } } },
  editable: ['/sum'],
  async execute({ sum }, { idempotencyKey }) {
    appendFileSync(join(import.meta.dirname, 'done.txt'), name + ' ' + sum + ' ' + idempotencyKey + '\\n')
    await new Promise((resolve) => setTimeout(resolve, wait))
    return 'done'
  },
})
export default [noted('pay', 0), noted('slow', 3_600_000), noted('brief', 1_000)]
`

const paying: readonly ScriptedTurn[] = [
  { calls: [{ id: 'a', tool: 'pay', args: { sum: 250 } }] },
  { text: 'paid' },
]

/** The turn that follows those in the request. */
function provider(turns: readonly ScriptedTurn[]): Promise<FakeProvider> {
  return fakeProvider({
    turns: ({ body }) => {
      const messages = body['messages'] as readonly { role: string }[]
      return turns[messages.filter(({ role }) => role === 'assistant').length]!
    },
  })
}

interface Desk {
  at(name: string): string
  /** With the journal of the desk. */
  call(...args: readonly string[]): Promise<Said>
  /** With everything that carries a run. */
  carry(...args: readonly string[]): Promise<Said>
  readonly carrying: readonly string[]
  done(): readonly string[]
}

function desk({ baseUrl }: FakeProvider): Desk {
  const folder = deskFolder({ 'desk.yaml': policy, 'tools.mjs': tools })
  const at = (name: string): string => join(folder, name)
  const journal = ['--journal', at('journal.db')]
  const files = ['--policy', at('desk.yaml'), '--tools', at('tools.mjs')]
  const carrying = [...files, ...journal, '--base-url', baseUrl, '--model', 'fake']
  return {
    at,
    call: (...args) => inProcess(args.includes('--journal') ? args : [...args, ...journal]),
    carry: (...args) => inProcess([...args, ...carrying]),
    carrying,
    done: () => textOf(at('done.txt')).split('\n').filter(Boolean),
  }
}

function linesOf({ out }: Said): readonly Record<string, unknown>[] {
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

describe('a run that waits for people', () => {
  test('is listed, answered by another process and carried on by a third', async () => {
    await using model = await provider(paying)
    const { at, call, carry, done } = desk(model)
    expect((await carry('run', 'pay')).code).toBe(3)
    const listed = await call('approvals', '--json')
    const [open] = linesOf(listed) as [{ id: string; runId: string; expiresAt: string }]
    expect(open).toMatchObject({ kind: 'approval', tool: 'pay', args: { sum: 250 } })
    expect((await call('approvals')).out).toContain('in the role lead')
    const nobody = await call('approve', open.id)
    expect([nobody.code, nobody.notes]).toEqual([1, expect.stringContaining('wants to know who')])
    const who = ['--policy', at('desk.yaml'), '--token', key]
    const approved = await call('approve', open.id, ...who, '--args', '{"sum":200}', '--json')
    expect(linesOf(approved)).toMatchObject([
      { id: open.id, runId: open.runId, action: 'edit', by: { subject: 'lena', roles: ['lead'] } },
    ])
    expect(approved.notes).toContain(`counts until ${open.expiresAt}`)
    expect((await call('approvals')).out).toContain(
      'left, and not taken up: edit from lena {"sum":200}',
    )
    expect(linesOf(await call('approvals', '--json'))).toMatchObject([
      { id: open.id, left: [{ action: 'edit', by: { subject: 'lena' }, args: { sum: 200 } }] },
    ])
    expect(done()).toEqual([])
    const resumed = await carry('resume', open.runId, '--report', at('report.json'))
    expect([resumed.code, resumed.out]).toEqual([0, 'paid\n'])
    expect(done()).toMatchObject([expect.stringMatching(/^pay 200 /)])
    const report = JSON.parse(readFileSync(at('report.json'), 'utf8'))
    expect(report.rows).toMatchObject([{ tool: 'pay', status: 'success' }])
    expect(await verifyRecords(at('journal.db'))).toBe(report.head)
    expect((await call('approvals')).notes).toContain('nothing waits')
    const again = await carry('resume', open.runId)
    expect([again.code, again.notes]).toEqual([1, expect.stringContaining('has ended: completed')])
    expect(done()).toHaveLength(1)
  })

  test.each<[string, readonly string[], number, string]>([
    ['nobody who is asked', ['--policy', 'POLICY'], 1, '[approval-own]: `anonymous` asked'],
    ['the wrong person', ['--token', otherKey], 1, 'it needs one person in the role lead'],
    ['nobody who is known', ['--token', 'stranger'], 1, '[api-key-unknown]'],
    ['a broken token', ['--token', 'a.b.c'], 1, '[token-malformed]'],
    ['an edit that is none', ['--token', key, '--args', '{"sum":'], 2, '`--args`: the text is not'],
    ['an edit elsewhere', ['--token', key, '--args', '{"sum":1,"to":2}'], 1, 'only /sum may be'],
    ['a memory nobody permits', ['--token', key, '--remember'], 1, 'lets a yes be remembered'],
  ])('takes no answer that cannot count: %s', async (_, given, code, message) => {
    await using model = await provider(paying)
    const { at, call, carry } = desk(model)
    await carry('run', 'pay')
    const [open] = linesOf(await call('approvals', '--json')) as [{ id: string }]
    const args = given.includes('--policy') ? given : ['--policy', 'POLICY', ...given]
    const said = await call(
      'approve',
      open.id,
      ...args.map((each) => (each === 'POLICY' ? at('desk.yaml') : each)),
    )
    expect([said.code, said.notes]).toEqual([code, expect.stringContaining(message)])
    expect(textOf(at('journal.db'))).not.toContain('"action"')
  })

  test('says why an answer does not count that was given while it goes on', async () => {
    await using model = await provider(paying)
    const { call, carry } = desk(model)
    await carry('run', 'pay')
    const [open] = linesOf(await call('approvals', '--json')) as [{ id: string; runId: string }]
    const { code, notes } = await carry('resume', open.runId, '--approve', open.id)
    expect(code).toBe(3)
    expect(notes).toContain(
      'an answer does not count: the answer names nobody in `by`, and somebody in the role',
    )
  })

  test('takes answers on its command line, and only from who may give them', async () => {
    await using model = await provider(paying)
    const { at, call, carry, done } = desk(model)
    await carry('run', 'pay')
    const [open] = linesOf(await call('approvals', '--json')) as [{ id: string; runId: string }]
    const anonymous = await carry('resume', open.runId, '--approve', open.id)
    expect([anonymous.code, done()]).toEqual([3, []])
    const denied = await carry('resume', open.runId, '--deny', open.id, '--token', key)
    expect([denied.code, done()]).toEqual([0, []])
    const reported = await inProcess(['report', at('journal.db'), '--format', 'json'])
    expect(JSON.parse(reported.out)).toMatchObject({ rows: [{ status: 'denied-by-human' }] })
  })

  test.each([
    [['approve', 'apr_0'], 2, 'no open request has the id `apr_0`'],
    [['resume', 'run_0'], 2, 'holds no run `run_0`'],
    [['approvals', '--run', 'run_0'], 2, 'holds no run `run_0`'],
    [['approvals', '--journal', 'no.db'], 2, 'there is no such file'],
    [['resume', 'RUN', '--resolve', 'x=maybe'], 2, 'does not say how a call ended'],
    [['resume', 'RUN', '--approve', 'apr_0', '--token', key], 1, 'is no open request of this run'],
  ])('says what is wrong with %j', async (args, code, message) => {
    await using model = await provider(paying)
    const { call, carry } = desk(model)
    await carry('run', 'pay')
    const [open] = linesOf(await call('approvals', '--json')) as [{ runId: string }]
    const given = args.map((each) => (each === 'RUN' ? open.runId : each))
    const found = await (args[0] === 'resume' ? carry(...given) : call(...given))
    expect([found.code, found.notes]).toEqual([code, expect.stringContaining(message)])
  })
})

test.each([['resume', 'run_0'], ['approvals'], ['approve', 'apr_0'], ['deny', 'apr_0']])(
  'a journal that is not there is not made by `%s`',
  async (...args) => {
    await using model = await provider(paying)
    const { at, carrying } = desk(model)
    const given = args[0] === 'resume' ? [...args, ...carrying] : args
    const before = readdirSync(at('.'))
    for (const name of ['journl.db', 'journl.jsonl', 'no/journal.db']) {
      const found = await inProcess([...given, '--journal', at(name), '--json'])
      expect([found.code, found.notes]).toEqual([
        2,
        expect.stringContaining('there is no such file'),
      ])
    }
    expect(readdirSync(at('.'))).toEqual(before)
  },
)

describe('a run whose process is to end', () => {
  test('lets its tools finish, begins no turn, and is carried on by another process', async () => {
    await using model = await provider([
      { calls: [{ id: 'a', tool: 'brief', args: { sum: 1 } }] },
      { text: 'over' },
    ])
    const { at, carry, carrying, done } = desk(model)
    const child = startCli(['run', 'go', '--events', ...carrying], { cwd: at('.') })
    let runId = ''
    for await (const [chunk] of on(child)) {
      runId ||= /"runId":"([^"]+)"/.exec(chunk)?.[1] ?? ''
      if (chunk.includes('"execution-start"')) break
    }
    child.kill('SIGTERM')
    await ended(child)
    expect(child.exitCode).toBe(130)
    const resumed = await carry('resume', runId)
    expect([resumed.code, resumed.out]).toEqual([0, 'over\n'])
    expect(done()).toHaveLength(1)
    expect(model.requests).toHaveLength(2)
  })
})

describe('a run whose process was killed', () => {
  test('leaves a call in doubt, which an operator resolves', async () => {
    await using model = await provider([
      { calls: [{ id: 'a', tool: 'slow', args: { sum: 1 } }] },
      { text: 'over' },
    ])
    const { at, call, carry, carrying, done } = desk(model)
    const child = startCli(['run', 'go', '--events', ...carrying], { cwd: at('.') })
    for await (const [chunk] of on(child)) if (chunk.includes('"execution-start"')) break
    while (done().length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill('SIGKILL')
    await ended(child)
    const [open] = linesOf(await call('approvals', '--json')) as [{ callId: string; runId: string }]
    expect(open).toMatchObject({ kind: 'in-doubt', tool: 'slow' })
    expect((await carry('resume', open.runId)).code).toBe(3)
    const resolved = await carry('resume', open.runId, '--resolve', `${open.callId}=success`)
    expect([resolved.code, resolved.out]).toEqual([0, 'over\n'])
    expect(done()).toHaveLength(1)
    const reported = await inProcess(['report', at('journal.db'), '--format', 'json'])
    expect(JSON.parse(reported.out)).toMatchObject({ rows: [{ status: 'success' }] })
  })
})

async function* on(child: ReturnType<typeof startCli>): AsyncGenerator<[string]> {
  child.stdout.setEncoding('utf8')
  for (;;) yield (await once(child.stdout, 'data')) as [string]
}

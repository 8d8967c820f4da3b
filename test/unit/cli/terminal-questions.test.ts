import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Io } from '../../../src/cli/io.ts'
import { main } from '../../../src/cli/program.ts'
import { hashApiKey } from '../../../src/gate/index.ts'
import { fakeProvider } from '../../../src/testing/fake-provider.ts'
import { temporaryFolder } from '../../support/folder.ts'

const key = 'lena-key-0123456789abcdef'
const hash = await hashApiKey(key)
const policy = (rule: string, keyEnds: string): string => `sallyport: 1
name: desk
identity:
  anonymous: role
  anonymousRole: user
  apiKeys: [{ id: lena, hash: '${hash}', roles: [user, lead]${keyEnds} }]
roles: { user: {}, lead: {} }
rules:
  - { id: paying, ask: [pay], who: { roles: [user] }, reason: over the limit${rule} }
approvals: { ttl: 30d, selfApproval: ${keyEnds !== ''} }
`
const tools = `export const done = []
export default [{
  name: 'pay',
  description: 'Pays.',
  input: { type: 'object', properties: { sum: { type: 'number' }, to: { type: 'string' } } },
  editable: ['/sum'],
  execute: ({ sum }) => 'paid ' + sum,
}]
`

interface Sat {
  readonly code: number
  readonly notes: string
  readonly results: readonly string[]
}

/** A run with somebody at the terminal who types these lines, each once something is asked. */
async function sit(
  typed: readonly string[],
  {
    rule = '',
    keyEnds = '',
    onTyping = () => undefined as unknown,
    args = [] as readonly string[],
    terminal = true,
    calls = [{ tool: 'pay', args: { sum: 5, to: 'Ann\u001b[2J' } }],
  } = {},
): Promise<Sat> {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'desk.yaml'), policy(rule, keyEnds))
  writeFileSync(join(folder, 'tools.mjs'), tools)
  const turns = calls.map((call, at) => ({ calls: [{ id: `c${at}`, ...call }] }))
  await using provider = await fakeProvider({ turns: [...turns, { text: 'over' }] })
  let notes = ''
  let prompted = Promise.withResolvers<void>()
  const input = (async function* () {
    for (const line of typed) {
      await prompted.promise
      onTyping()
      prompted = Promise.withResolvers()
      yield `${line}\n`
    }
  })()
  const io: Io = {
    out: () => undefined,
    note: (text) => {
      notes += text
      if (/[?:] $/.test(text)) prompted.resolve()
    },
    dropTyped: () => void (notes += '(forgotten)'),
    input: Object.assign(input, { isTTY: terminal }),
    environment: { SALLYPORT_API_KEY: 'k' },
    outIsClosed: false,
    drained: async () => undefined,
    outIsTerminal: false,
    errorIsTerminal: terminal,
    color: false,
    columns: 80,
    onInterrupt: () => () => undefined,
    onTerminate: () => () => undefined,
  }
  const given = ['--policy', join(folder, 'desk.yaml'), '--tools', join(folder, 'tools.mjs')]
  const where = ['--model', 'm', '--base-url', provider.baseUrl]
  const journal = ['--journal', join(folder, 'journal.db')]
  const code = await main(['run', 'pay', ...given, ...where, ...journal, ...args], io)
  const last = provider.requests.at(-1)!.body['messages'] as readonly Record<string, unknown>[]
  const results = last.filter(({ role }) => role === 'tool').map(({ content }) => String(content))
  return { code, notes, results }
}

describe('a question at the terminal', () => {
  test('shows what is bound, escaped, and a yes runs the call', async () => {
    const { code, notes, results } = await sit(['y'])
    expect([code, results]).toEqual([0, ['paid 5']])
    expect(notes).toContain('pay wants to run')
    expect(notes).toContain('  |   "sum": 5,')
    expect(notes).toMatch(/ {2}arguments sha256:[0-9a-f]{64}\n/)
    expect(notes).toMatch(/ {2}rule `paying` at \S*desk\.yaml:\d+:\d+\n/)
    expect(notes).toMatch(/ {2}because over the limit\n {2}needs one person, until 2\d{3}-/)
    expect(notes).not.toContain('\u001b[2J')
  })

  test('takes a no with its reason', async () => {
    const { code, results } = await sit(['no', 'too much'])
    expect([code, results]).toEqual([0, [expect.stringContaining('too much')]])
  })

  test('takes an edit at an editable place, and asks again for what is none', async () => {
    const edits = ['e', 'no json', 'e', '{"sum":1,"to":"Ann\\u001b[2J"}']
    expect((await sit(edits)).results).toEqual(['paid 1'])
    const elsewhere = ['e', '{"sum":1,"to":"Eve"}', 'e', '{"sum":2,"to":"Ann\\u001b[2J"}']
    const sat = await sit(elsewhere)
    expect([sat.results, sat.notes]).toEqual([
      ['paid 2'],
      expect.stringContaining('only /sum may be edited\n'),
    ])
  })

  test('explains, and passes over what is no answer', async () => {
    const { notes, results } = await sit(['', 'maybe', 'yep', 'w', 'y'])
    expect(results).toEqual(['paid 5'])
    expect(notes).toMatch(/request apr_\w+, call run_\S+ of run run_/)
    expect(notes).toMatch(/ {2}ask `paying` at /)
  })

  test('takes no answer that was typed before it was shown', async () => {
    const call = { tool: 'pay', args: { sum: 5, to: 'a' } }
    const { notes, results } = await sit(['y\ny', 'n', 'not again'], { calls: [call, call] })
    expect(results).toEqual(['paid 5', expect.stringContaining('not again')])
    expect(notes.match(/\(forgotten\)\npay wants to run/g)).toHaveLength(2)
  })

  test('leaves the request open when nobody types any more', async () => {
    const { code, results } = await sit([])
    expect([code, results]).toEqual([3, []])
  })

  test('offers to remember a yes only where the rule permits it', async () => {
    const call = { tool: 'pay', args: { sum: 5, to: 'a' } }
    const options = { calls: [call, call], rule: ', approvers: { remember: true }' }
    const { notes, results } = await sit(['a'], options)
    expect(results).toEqual(['paid 5', 'paid 5'])
    expect(notes.split('wants to run')).toHaveLength(2)
    const plain = await sit(['a', 'y'])
    expect(plain.notes).not.toContain('always')
  })

  test('is no way for a caller to agree to their own call', async () => {
    const { code, results } = await sit(['y'], { args: ['--token', key] })
    expect([code, results]).toEqual([3, []])
  })

  test('is never asked without a terminal', async () => {
    const { code, notes } = await sit(['y'], { terminal: false })
    expect(code).toBe(3)
    expect(notes).not.toContain('wants to run')
  })
})

describe('an answer by a token', () => {
  const day = 24 * 60 * 60_000
  const tomorrow = new Date(Date.now() + day).toISOString().slice(0, 10)
  const options = { args: ['--token', key], keyEnds: `, expires: ${tomorrow}` }
  afterEach(() => void vi.useRealTimers())

  test('counts as long as the token does', async () => {
    expect((await sit(['y'], options)).results).toEqual(['paid 5'])
  })

  test('does not count where the token has ended while the question waited', async () => {
    const { code, notes, results } = await sit(['y'], {
      ...options,
      onTyping: () => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * day }),
    })
    expect([code, results]).toEqual([3, []])
    expect(notes).toMatch(/an answer does not count: .*the API key has expired/)
  })
})

test('says why an answer of the caller itself does not count', async () => {
  const { code, notes, results } = await sit(['y'], { args: ['--token', key] })
  expect([code, results]).toEqual([3, []])
  expect(notes).toContain('an answer does not count: `lena` asked for this call')
})

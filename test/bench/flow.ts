import { compilePolicy } from '../../src/policy/compile.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { readPolicy } from '../../src/policy/read.ts'
import type { Decision } from '../../src/protocol/decision.ts'
import { FlowSession } from '../../src/gate/flow/session.ts'
import { median, quantile } from './statistics.ts'

export interface FlowRow {
  readonly what: string
  /** Milliseconds that data flow adds: medians over the rounds. */
  readonly p50: number
  readonly p99: number
  readonly bar?: number
}

const calls = 200
const charactersPerResult = 10_240
const rounds = 5

const policyText = JSON.stringify({
  sallyport: 1,
  name: 'flow',
  roles: { user: {} },
  flow: { untrustedSteering: 'ask', untrustedLinks: 'ask', secretsOut: 'ask' },
  tools: {
    read: { kind: 'read', output: { trust: 'untrusted', secrecy: 'private' } },
    lookup: { kind: 'read', output: { trust: 'trusted', secrecy: 'private' } },
    send: {
      kind: 'write',
      sink: 'external',
      args: { to: { steers: true, is: 'email' }, body: { carries: true } },
    },
  },
  rules: [{ id: 'all', allow: ['**'] }],
})

/** What labels cost a call at the begin and at the end of a run of 200 calls with 2 MB of results. */
export function measureFlow(decisions: number): FlowRow[] {
  const policy = compilePolicy(readPolicy(policyText, { file: 'flow.json' }))
  const short = new FlowSession(policy)
  const long = new FlowSession(policy)
  const text = new Text()
  const adding: number[] = []
  for (const session of [short, long]) {
    session.addMessage({ role: 'user', content: 'write to bob@corp.example about it' })
    session.addResult(resultOf(0, text))
  }
  for (let at = 1; at < calls; at++) {
    const result = resultOf(at, text)
    const start = performance.now()
    long.addResult(result)
    adding.push(performance.now() - start)
  }
  const body = text.of(500)
  const row = (what: string, session: FlowSession): FlowRow => {
    const figures = Array.from({ length: rounds }, () =>
      timeChecks(policy, session, body, decisions),
    )
    return {
      what,
      p50: median(figures.map((times) => quantile(times, 0.5))),
      p99: median(figures.map((times) => quantile(times, 0.99))),
    }
  }
  return [
    row('a call after 1 result', short),
    { ...row('a call after 200 results of 10 KiB', long), bar: 1 },
    {
      what: 'reading one result of 10 KiB',
      p50: quantile(adding, 0.5),
      p99: quantile(adding, 0.99),
    },
  ]
}

function resultOf(at: number, text: Text): Parameters<FlowSession['addResult']>[0] {
  const tool = at % 2 === 0 ? 'read' : 'lookup'
  return { tool, callId: `c${at}`, args: { at }, value: text.of(charactersPerResult) }
}

function timeChecks(policy: Policy, session: FlowSession, body: string, count: number): number[] {
  const args = { to: 'bob@corp.example', body }
  const principal = { subject: 'u1', roles: ['user'], scopes: [] }
  const request = { tool: 'send', args, principal, now: 0, at: '' }
  const decision: Decision = policy.decide(request)
  const milliseconds: number[] = []
  for (let at = 0; at < count; at++) {
    const start = performance.now()
    session.check({ tool: 'send', args, decision })
    milliseconds.push(performance.now() - start)
  }
  return milliseconds
}

/** Words without end, the same each time; now and then a number, an address, a link. */
class Text {
  #state = 1

  of(length: number): string {
    let text = ''
    while (text.length < length) text += `${this.#word()} `
    return text
  }

  #word(): string {
    const kind = this.#random(100)
    const letters = Array.from({ length: 3 + this.#random(6) }, () => this.#random(26) + 97)
    const word = String.fromCharCode(...letters)
    if (kind < 5) return `${word}${this.#random(100_000)}`
    if (kind < 6) return `${word}@corp.example`
    return kind < 7 ? `https://www.${word}.example/a` : word
  }

  #random(below: number): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) >>> 0
    return (this.#state >>> 8) % below
  }
}

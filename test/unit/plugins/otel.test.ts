import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGate } from '../../../src/gate/index.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { otel, type OtelOptions } from '../../../src/plugins/otel/otel.ts'
import type { RunResult, RuntimeOptions } from '../../../src/runtime-options.ts'
import { router } from '../../../src/model/router.ts'
import { fakeProvider } from '../../../src/testing/fake-provider.ts'
import { scripted, type ScriptedStep } from '../../../src/testing/scripted.ts'
import { agentTool } from '../../../src/sub-agent.ts'
import { openaiCompatible } from '../../../src/model/compatible.ts'
import { agentOf, allowing, policyOf, toolOf, user } from '../../support/agent.ts'
import { payPolicy, payTool } from '../../support/snapshots.ts'
import { telemetry, withContexts, type Telemetry } from '../../support/telemetry.ts'

let undo: () => void
beforeAll(() => {
  undo = withContexts()
})
afterAll(() => undo())

interface Traced extends Telemetry {
  readonly result: RunResult
}

async function traced(
  turns: readonly ScriptedStep[],
  options: Partial<RuntimeOptions> = {},
  own: OtelOptions = {},
): Promise<Traced> {
  const seen = telemetry()
  const plugins = [otel({ ...seen.providers, ...own })]
  const { start } = agentOf(turns, { plugins, ...options })
  return { ...seen, result: await start({ session: 's1' }).result() }
}

const looking = { tools: [toolOf('look')], policy: allowing('look') }
const lookTurns = [{ calls: [{ tool: 'look', args: { q: 'secret-1' } }] }, { text: 'found it' }]

function parentOf({ parentSpanContext }: ReadableSpan): string | undefined {
  return parentSpanContext?.spanId
}

/** Everything that leaves the process with the spans, as one text. */
function leaving({ spans }: Telemetry): string {
  return JSON.stringify(
    spans().map(({ attributes, events, name, status }) => ({ attributes, events, name, status })),
  )
}

describe('the spans of a run', () => {
  test('are those of the conventions, each under the run', async () => {
    const seen = await traced(lookTurns, looking, { agent: { name: 'desk', version: '2' } })
    const run = seen.span('invoke_agent desk')
    const call = seen.span('execute_tool look')
    const chats = seen.spans().filter(({ name }) => name === 'chat scripted')
    expect(chats).toHaveLength(2)
    for (const span of [call, ...chats]) expect(parentOf(span)).toBe(run.spanContext().spanId)
    expect([run.kind, call.kind, chats[0]!.kind]).toEqual([
      SpanKind.INTERNAL,
      SpanKind.INTERNAL,
      SpanKind.CLIENT,
    ])
    expect(run.attributes).toMatchObject({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'desk',
      'gen_ai.agent.version': '2',
      'gen_ai.conversation.id': 's1',
      'sallyport.run.id': seen.result.runId,
      'sallyport.run.status': 'completed',
      'sallyport.policy.name': 'desk',
      'sallyport.policy.hash': seen.result.report.header.policy.digest,
    })
    expect(chats[0]!.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'scripted',
      'gen_ai.response.finish_reasons': ['tool_calls'],
      'gen_ai.usage.input_tokens': expect.any(Number),
      'sallyport.attempts': 1,
    })
    expect(call.attributes).toMatchObject({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'look',
      'gen_ai.tool.type': 'function',
      'gen_ai.tool.call.id': seen.result.report.rows[0]!.providerId,
      'sallyport.call.id': seen.result.report.rows[0]!.callId,
      'sallyport.decision': 'allow',
      'sallyport.decision.class': 'rule',
      'sallyport.rule.id': 'allowed',
      'sallyport.rule.file': 'desk.yaml',
      'sallyport.call.status': 'success',
    })
    expect(seen.spans().map(({ status }) => status.code)).toEqual([0, 0, 0, 0])
    expect(run.instrumentationScope).toMatchObject({
      name: 'sallyport',
      schemaUrl: expect.stringMatching(/^https:\/\/opentelemetry\.io\/schemas\/1\.\d+\.0$/),
    })
  })

  test('name the record that proves them', async () => {
    const seen = await traced([{ text: 'hi' }], { journal: memoryJournal() })
    const head = seen.span('invoke_agent').attributes['sallyport.journal.head']
    expect(head).toMatch(/^sha256:[0-9a-f]{64}$/)
  })

  test('lie under the span that was active when the run was started', async () => {
    const seen = telemetry()
    const outer = seen.providers.tracerProvider.getTracer('host').startSpan('request')
    const { start } = agentOf([{ text: 'hi' }], { plugins: [otel(seen.providers)] })
    const active = trace.setSpan(context.active(), outer)
    await context.with(active, () => start().result())
    expect(parentOf(seen.span('invoke_agent'))).toBe(outer.spanContext().spanId)
  })

  test('hold nothing that was said', async () => {
    const failing = toolOf('look', {
      execute: () => {
        throw new Error('secret-2')
      },
    })
    const seen = await traced(
      [{ text: 'secret-3', ...lookTurns[0] }, { error: { message: 'secret-4' } }],
      { ...looking, tools: [failing] },
    )
    expect(seen.result.status).toBe('error')
    expect(leaving(seen)).toContain('tool-failed')
    expect(leaving(seen)).not.toContain('secret')
  })

  test('hold what was said where the host wants it, redacted by tool and host', async () => {
    const tool = toolOf('look', { sensitive: ['/card'], execute: () => ({ found: 'result-1' }) })
    const turns = [
      { calls: [{ tool: 'look', args: { q: 'query-1', card: 'card-1' } }] },
      { text: 'answer-1' },
    ]
    const options = { tools: [tool], policy: allowing('look') }
    const seen = await traced(turns, options, { content: true })
    const { attributes } = seen.span('execute_tool look')
    expect(attributes['gen_ai.tool.call.arguments']).toContain('query-1')
    expect(attributes['gen_ai.tool.call.result']).toBe('{"found":"result-1"}')
    expect(leaving(seen)).toContain('answer-1')
    expect(leaving(seen)).not.toContain('card-1')
    const own = await traced(turns, options, {
      content: (text, kind) => (kind === 'result' ? undefined : text.replaceAll('query', 'word')),
    })
    expect(leaving(own)).toContain('word-1')
    for (const said of ['query-1', 'result-1']) expect(leaving(own)).not.toContain(said)
  })

  test('bound what was said', async () => {
    const tool = toolOf('look', { execute: () => 'x'.repeat(50_000) })
    const seen = await traced(lookTurns, { ...looking, tools: [tool] }, { content: true })
    const told = seen.span('execute_tool look').attributes['gen_ai.tool.call.result']
    expect(String(told).length).toBeLessThan(16_500)
    expect(told).toMatch(/^"x{100}/)
  })
})

test('what the provider writes where a word belongs is cut and shown', async () => {
  const finish = `stop\u001b[31m${'x'.repeat(1_000)}`
  await using provider = await fakeProvider({ turns: [{ text: 'hi', finish }] })
  const model = openaiCompatible({ baseUrl: provider.baseUrl, model: 'm', apiKey: 'k' })
  const seen = await traced([], { model })
  const [reason] = seen.span('chat m').attributes['gen_ai.response.finish_reasons'] as string[]
  expect(reason).toContain(String.raw`\u{1b}[31m`)
  expect(reason!.length).toBeLessThan(200)
})

describe('a call that is refused', () => {
  const denied = { tools: [toolOf('look')], policy: policyOf() }

  test('is a decision and no fault', async () => {
    const seen = await traced(lookTurns, denied)
    const { attributes, status } = seen.span('execute_tool look')
    expect(status.code).toBe(SpanStatusCode.UNSET)
    expect(attributes).toMatchObject({
      'sallyport.decision': 'deny',
      'sallyport.decision.class': 'default',
      'sallyport.call.status': 'error-security',
    })
    expect(attributes).not.toHaveProperty('error.type')
  })

  test('is a fault where the host wants it so', async () => {
    const seen = await traced(lookTurns, denied, { refusalsAreErrors: true })
    const { attributes, status } = seen.span('execute_tool look')
    expect([status.code, attributes['error.type']]).toEqual([SpanStatusCode.ERROR, 'policy_denied'])
  })

  test('names no span and no metric by what the model made up', async () => {
    const turns = [{ calls: [{ tool: 'made_up_7', args: {} }] }, { text: 'no' }]
    const seen = await traced(turns, denied)
    const { attributes, status } = seen.span('execute_tool')
    expect(attributes).toMatchObject({
      'gen_ai.tool.name': 'made_up_7',
      'error.type': 'unknown-tool',
    })
    expect(status.code).toBe(SpanStatusCode.ERROR)
    const points = await seen.points('sallyport.decisions')
    expect(points.map((point) => point.attributes['gen_ai.tool.name'])).toEqual(['_OTHER'])
  })
})

describe('a question to a person', () => {
  const calls = [{ tool: 'pay', args: { order: 'O-7', amount: 5 } }]
  const asking = { tools: [payTool().tool], policy: payPolicy }

  test('is a span of its own, with the answer', async () => {
    const seen = await traced([{ text: '', calls }, { text: 'paid' }], {
      ...asking,
      approve: () => ({ action: 'approve', by: { subject: 'lena' } }),
    })
    const call = seen.span('execute_tool pay')
    const question = seen.span('sallyport.approval')
    expect(parentOf(question)).toBe(call.spanContext().spanId)
    for (const span of [call, question]) {
      expect(span.attributes['sallyport.approval.outcome']).toBe('approve')
    }
    expect(leaving(seen)).not.toContain('lena')
  })

  test('that waits leaves nothing open, and the run that goes on links to it', async () => {
    const seen = telemetry()
    const plugins = [otel(seen.providers)]
    const { runtime, start } = agentOf([{ text: '', calls }, { text: 'paid' }], {
      ...asking,
      plugins,
      journal: memoryJournal(),
    })
    const { approvals, runId } = await start().result()
    const first = seen.span('invoke_agent')
    expect(first.attributes['sallyport.run.status']).toBe('needs-approval')
    expect(seen.spans().map(({ name }) => name)).toContain('sallyport.approval')
    const answeredBy = { custom: { ...user, subject: 'lena' } }
    const decisions = [{ id: approvals[0]!.id, action: 'approve' as const }]
    await runtime.resume(runId, { answeredBy, decisions }).result()
    const second = seen.spans().find((span) => span.name === 'invoke_agent' && span !== first)!
    expect(second.links.map(({ context: { spanId } }) => spanId)).toEqual([
      first.spanContext().spanId,
    ])
    const call = seen.spans().findLast(({ name }) => name === 'execute_tool pay')!
    expect(parentOf(call)).toBe(second.spanContext().spanId)
    expect(call.attributes).toMatchObject({
      'sallyport.call.status': 'success',
      'sallyport.approval.outcome': 'approve',
    })
  })

  test('is linked to from another process by a store they share', async () => {
    const traceparents = new Map<string, string>()
    const journal = memoryJournal()
    const [one, two] = [telemetry(), telemetry()]
    const first = agentOf([{ text: '', calls }], {
      ...asking,
      journal,
      plugins: [otel({ ...one.providers, traceparents })],
    })
    const { approvals, runId } = await first.start().result()
    expect([...traceparents.keys()]).toEqual([runId])
    const other = agentOf([{ text: 'paid' }], {
      ...asking,
      journal,
      plugins: [otel({ ...two.providers, traceparents })],
    })
    const answeredBy = { custom: { ...user, subject: 'lena' } }
    const decisions = [{ id: approvals[0]!.id, action: 'deny' as const }]
    await other.runtime.resume(runId, { answeredBy, decisions }).result()
    const [link] = two.span('invoke_agent').links
    expect(link?.context.traceId).toBe(one.span('invoke_agent').spanContext().traceId)
  })
})

describe('what failed', () => {
  test('is marked with its code', async () => {
    const failing = toolOf('look', { execute: () => Promise.reject(new Error('down')) })
    const seen = await traced([lookTurns[0]!, { error: { message: 'busy' } }], {
      ...looking,
      tools: [failing],
    })
    const call = seen.span('execute_tool look')
    expect([call.status.code, call.attributes['error.type']]).toEqual([
      SpanStatusCode.ERROR,
      'tool-failed',
    ])
    const run = seen.span('invoke_agent')
    expect([run.status, run.attributes['error.type']]).toEqual([
      { code: SpanStatusCode.ERROR },
      seen.result.error!.code,
    ])
    const failed = seen.spans().filter(({ name }) => name === 'chat scripted')
    expect(failed.map(({ status }) => status.code)).toEqual([
      SpanStatusCode.UNSET,
      SpanStatusCode.ERROR,
    ])
    expect(failed[1]!.attributes['error.type']).toBe(seen.result.error!.code)
  })
})

describe('the span of a response', () => {
  const first = {
    ...scripted([{ error: { message: 'down', code: 503 } }]),
    provider: 'first',
    id: 'a',
  }
  const second = { ...scripted([{ text: 'hi' }]), provider: 'second', id: 'b/large' }
  const told = { 'gen_ai.provider.name': 'second', 'gen_ai.request.model': 'b/large' }

  test('names the model of a turn that has its own', async () => {
    const model = { ...scripted([{ text: 'hi' }]), provider: 'second', id: 'b/large' }
    const seen = await traced([], { prepareTurn: () => ({ model }) })
    expect(seen.span('chat b/large').attributes).toMatchObject(told)
  })

  test('is named by the model that was asked first, and counted as that which answers', async () => {
    const model = router({
      providers: [first, second],
      rules: [{ trigger: 'error', action: 'switch_provider', provider: 'second' }],
    })
    const seen = await traced([], { model })
    expect(seen.span('chat a').attributes).toMatchObject({ 'gen_ai.provider.name': 'first' })
    const [tokens] = await seen.points('gen_ai.client.token.usage')
    expect(tokens!.attributes).toMatchObject(told)
  })
})

describe('metrics', () => {
  test('are those of the conventions, and count decisions', async () => {
    const seen = await traced(lookTurns, looking)
    const tokens = await seen.points('gen_ai.client.token.usage')
    expect(tokens.map(({ attributes }) => attributes['gen_ai.token.type']).toSorted()).toEqual([
      'input',
      'output',
    ])
    const [durations] = await seen.points('gen_ai.client.operation.duration')
    expect(durations).toMatchObject({ value: { count: 2 } })
    const [tool] = await seen.points('gen_ai.execute_tool.duration')
    expect(tool).toMatchObject({
      attributes: { 'gen_ai.tool.name': 'look' },
      value: { count: 1 },
    })
    const [decisions] = await seen.points('sallyport.decisions')
    expect(decisions).toMatchObject({
      value: 1,
      attributes: { 'sallyport.decision': 'allow', 'sallyport.rule.id': 'allowed' },
    })
  })
})

describe('the trace', () => {
  test('goes along with requests to the model, as the span of the response', async () => {
    await using provider = await fakeProvider({ turns: [{ text: 'hi' }] })
    const model = openaiCompatible({ baseUrl: provider.baseUrl, model: 'm', apiKey: 'k' })
    const seen = await traced([], { model })
    const { spanId, traceId } = seen.span('chat m').spanContext()
    expect(provider.requests[0]!.headers).toMatchObject({
      traceparent: `00-${traceId}-${spanId}-01`,
      authorization: 'Bearer k',
    })
  })

  test('is that of the call in its tool, and told to whom the tool asks', async () => {
    let told: unknown
    let active: string | undefined
    const tool = toolOf('look', {
      async execute(_args, { trace: headers }) {
        await new Promise(setImmediate)
        told = headers
        active = trace.getActiveSpan()?.spanContext().spanId
        return 'done'
      },
    })
    const seen = await traced(lookTurns, { ...looking, tools: [tool] })
    const { spanId, traceId } = seen.span('execute_tool look').spanContext()
    expect(told).toEqual({ traceparent: `00-${traceId}-${spanId}-01` })
    expect(active).toBe(spanId)
  })

  test('stays at home where the host wants it so', async () => {
    await using provider = await fakeProvider({
      turns: [{ calls: [{ tool: 'look', args: {} }] }, { text: 'hi' }],
    })
    let told: unknown = 'nothing'
    const tool = toolOf('look', {
      execute: (_args, { trace: headers }) => {
        told = headers
        return 'done'
      },
    })
    const model = openaiCompatible({ baseUrl: provider.baseUrl, model: 'm', apiKey: 'k' })
    const seen = await traced([], { ...looking, tools: [tool], model }, { propagate: false })
    expect(provider.requests).toHaveLength(2)
    expect(provider.requests[0]!.headers).not.toHaveProperty('traceparent')
    expect(told).toBeUndefined()
    expect(seen.spans()).toHaveLength(4)
  })
})

test('an agent that is called as a tool has its spans under the call', async () => {
  const helper = agentTool({ name: 'helper', description: 'Helps.', tools: [toolOf('look')] })
  const turns = [
    { calls: [{ tool: 'helper', args: { prompt: 'look' } }] },
    { calls: [{ tool: 'look', args: {} }] },
    { text: 'seen' },
    { text: 'done' },
  ]
  const seen = await traced(turns, { tools: [helper], policy: allowing('helper', 'look') })
  const call = seen.span('execute_tool helper')
  const inner = seen.spans().find((span) => parentOf(span) === call.spanContext().spanId)!
  expect(inner.name).toBe('invoke_agent')
  expect(parentOf(seen.span('execute_tool look'))).toBe(inner.spanContext().spanId)
  expect(new Set(seen.spans().map((span) => span.spanContext().traceId)).size).toBe(1)
})

describe('a gate that stands alone', () => {
  test('tells its decisions too', async () => {
    const seen = telemetry()
    const gate = await createGate(allowing('look'), {
      tools: [{ name: 'look', inputSchema: { type: 'object' } }],
      plugins: [otel({ ...seen.providers, propagate: false })],
    })
    const judged = await gate.judge({ tool: 'look', args: {} }, user, 's1')
    expect(judged.outcome).toBe('run')
    await gate.settle(judged.callId, { result: 'done' })
    await gate.close()
    expect(seen.span('execute_tool look').attributes['sallyport.decision']).toBe('allow')
    expect(seen.span('invoke_agent').attributes['sallyport.run.status']).toBe('completed')
  })
})

test.each([
  [{ content: 'all' }, /`content`/],
  [{ tracerProvider: {} }, /a tracer provider/],
  [{ contents: true }, /did you mean `content`|`contents`/],
])('options that are none are refused: %j', (options, message) => {
  expect(() => otel(options as unknown as OtelOptions)).toThrow(message)
})

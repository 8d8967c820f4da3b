// Spans of a run go to OpenTelemetry: what was decided and how long it took, but nothing that was said.
import assert from 'node:assert/strict'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { createRuntime, defineTool, parsePolicy } from 'sallyport'
import { otel } from 'sallyport/otel'
import { scripted } from 'sallyport/testing'

// a program sets up the exporter of its collector here, such as that of OTLP
const exporter = new InMemorySpanExporter()
const tracerProvider = new TracerProvider({
  spanProcessors: [new SimpleSpanProcessor({ exporter })],
})

const find = defineTool({
  name: 'find_order',
  description: 'An order.',
  input: { type: 'object', properties: { order: { type: 'string' } } },
  execute: ({ order }: { order: string }) => `${order} was sent to ada@example.com`,
})
const policy = await parsePolicy(`
  sallyport: 1
  name: desk
  identity: { anonymous: role, anonymousRole: guest }
  roles: { guest: {} }
  rules: [{ id: orders, allow: [find_order], args: { order: { type: string, matches: 'O-[0-9]+' } } }]
`)
const model = scripted([
  { calls: [{ tool: 'find_order', args: { order: 'O-7' } }] },
  { calls: [{ tool: 'find_order', args: { order: '*' } }] },
  { text: 'It was sent.' },
])
const runtime = createRuntime({
  model,
  tools: [find],
  policy,
  plugins: [otel({ agent: { name: 'desk' }, tracerProvider })],
})
await runtime.run({ input: 'where is order O-7?' }).result()
await tracerProvider.forceFlush()

const spans = exporter.getFinishedSpans()
for (const { attributes, name } of spans) {
  const { 'sallyport.decision': decision, 'sallyport.rule.id': rule } = attributes
  console.log(decision === undefined ? name : `${name}: ${decision} by ${rule}`)
}
assert.equal(spans.filter(({ name }) => name === 'execute_tool find_order').length, 2)
assert.ok(!JSON.stringify(spans.map(({ attributes }) => attributes)).includes('ada@example.com'))

import { afterAll, beforeAll, expect, test } from 'vitest'
import { otel } from '../../../src/plugins/otel/otel.ts'
import { agentTool } from '../../../src/sub-agent.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import { agentOf, allowing } from '../../support/agent.ts'
import { telemetry, withContexts } from '../../support/telemetry.ts'

let undo: () => void
beforeAll(() => {
  undo = withContexts()
})
afterAll(() => undo())

test('the model of an agent that is called as a tool is told the trace of its own run', async () => {
  const seen = telemetry()
  const model = scripted([{ text: 'it is blue' }])
  const helper = agentTool({ name: 'helper', description: 'An agent.', model, tools: [] })
  const { start } = agentOf(
    [{ calls: [{ tool: 'helper', args: { prompt: 'look' } }] }, { text: 'blue' }],
    { tools: [helper], policy: allowing('helper'), plugins: [otel(seen.providers)] },
  )
  const { runId } = await start().result()
  const told = model.requests[0]!.trace!['traceparent']!.split('-')[2]
  const span = seen.spans().find((one) => one.spanContext().spanId === told)!
  const run = seen
    .spans()
    .find((one) => one.spanContext().spanId === span.parentSpanContext?.spanId)!
  expect(span.name).toBe('chat scripted')
  expect(run.attributes['sallyport.run.id']).toMatch(/^run_/)
  expect(run.attributes['sallyport.run.id']).not.toBe(runId)
})

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { describe, expect, test } from 'vitest'
import { otel } from '../../src/plugins/otel/index.ts'
import { agentOf, allowing, toolOf } from '../support/agent.ts'
import { loadedBy } from '../support/loaded.ts'

interface Exported {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string }
      readonly spans: readonly {
        readonly name: string
        readonly traceId: string
        readonly attributes: readonly { readonly key: string; readonly value: object }[]
      }[]
    }[]
  }[]
}

test('the spans of a run arrive at a collector over OTLP', async () => {
  const bodies: string[] = []
  const collector = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
    bodies.push(body)
    response.setHeader('content-type', 'application/json').end('{}')
  })
  await once(collector.listen(0, '127.0.0.1'), 'listening')
  const { port } = collector.address() as AddressInfo
  const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${port}/v1/traces` })
  const processor = new SimpleSpanProcessor({ exporter })
  const tracerProvider = new TracerProvider({ spanProcessors: [processor] })
  try {
    const turns = [{ calls: [{ tool: 'look', args: { q: 'secret-1' } }] }, { text: 'secret-2' }]
    const { start } = agentOf(turns, {
      tools: [toolOf('look')],
      policy: allowing('look'),
      plugins: [otel({ tracerProvider })],
    })
    const { runId } = await start().result()
    await tracerProvider.forceFlush()
    await tracerProvider.shutdown()
    const exported = bodies.map((body) => JSON.parse(body) as Exported)
    const scopes = exported.flatMap(({ resourceSpans }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans),
    )
    const spans = scopes.flatMap((scope) => scope.spans)
    expect(new Set(scopes.map(({ scope }) => scope.name))).toEqual(new Set(['sallyport']))
    expect(spans.map(({ name }) => name).toSorted()).toEqual([
      'chat scripted',
      'chat scripted',
      'execute_tool look',
      'invoke_agent',
    ])
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
    const run = spans.find(({ name }) => name === 'invoke_agent')!
    expect(run.attributes).toContainEqual({
      key: 'sallyport.run.id',
      value: { stringValue: runId },
    })
    expect(bodies.join('')).not.toContain('secret')
  } finally {
    collector.close()
    collector.closeAllConnections()
  }
})

describe('without OpenTelemetry', () => {
  const absent = `
    const { registerHooks } = await import('node:module')
    registerHooks({
      resolve(name, context, next) {
        if (name.startsWith('@opentelemetry/')) throw new Error('it is not installed')
        return next(name, context)
      },
    })
    const { createRuntime } = await import('sallyport')
    const { scripted } = await import('sallyport/testing')
    const model = scripted([{ text: 'hi' }])`

  test('everything else works, and nothing of it is loaded', () => {
    const { files } = loadedBy(`${absent}
      const { text } = await createRuntime({ model }).run({ input: 'go' }).result()
      if (text !== 'hi') throw new Error(text)`)
    expect(files).toContain('src/index.ts')
    expect(files.filter((file) => /otel|opentelemetry/.test(file))).toEqual([])
  })

  test('the plugin says what is missing', () => {
    const { files } = loadedBy(`${absent}
      const { otel } = await import('sallyport/otel')
      const { run } = createRuntime({ model, plugins: [otel()] })
      const error = await run({ input: 'go' }).result().catch((thrown) => thrown)
      if (error.code !== 'bad-plugin') throw error
      if (!error.help.includes('install') && !error.message.includes('@opentelemetry/api')) throw error`)
    expect(files).toContain('src/plugins/otel/index.ts')
  })
})

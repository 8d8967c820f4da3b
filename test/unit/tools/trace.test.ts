import { expect, test, vi } from 'vitest'
import type { FetchInit } from '../../../src/tools/access/fetch.ts'
import type { ToolContext } from '../../../src/tools/tool.ts'
import type { ToolWrapper } from '../../../src/tools/wrap.ts'
import { agentOf, allowing, toolOf } from '../../support/agent.ts'

const sent: (FetchInit | undefined)[] = []
// what is sent where is shown by its own tests
vi.mock('../../../src/tools/access/fetch.ts', () => ({
  fetchUrl: async (_access: unknown, _tool: unknown, _url: string, init?: FetchInit) => {
    sent.push(init)
    return new Response('')
  },
}))

async function fetchedBy(
  wrappers: readonly ToolWrapper[],
  init?: FetchInit,
): Promise<ToolContext['trace']> {
  let told: ToolContext['trace']
  const tool = toolOf('look', {
    async execute(_args, { fetch, trace }) {
      told = trace
      await fetch('https://api.example/', init)
      return 'done'
    },
  })
  const plugins = wrappers.map((wrapTool, at) => ({ name: `p${at}`, setup: () => ({ wrapTool }) }))
  const { start } = agentOf([{ calls: [{ tool: 'look' }] }, { text: 'done' }], {
    tools: [tool],
    policy: allowing('look'),
    plugins,
  })
  expect((await start().result()).status).toBe('completed')
  return told
}

test('what wrappers say of the trace of a call goes along with what its tool fetches', async () => {
  const told = await fetchedBy([
    (_call, next) => next({ trace: { traceparent: 'outer', baggage: 'b' } }),
    (call, next) => {
      expect(call.trace).toEqual({ traceparent: 'outer', baggage: 'b' })
      return next({ trace: { traceparent: 'inner' } })
    },
  ])
  expect(told).toEqual({ traceparent: 'inner', baggage: 'b' })
  expect(sent.pop()).toEqual({ headers: { traceparent: 'inner', baggage: 'b' } })
})

test('what the tool says itself wins', async () => {
  const init = { method: 'POST', headers: { traceparent: 'own', accept: 'text/plain' } }
  await fetchedBy([(_call, next) => next({ trace: { traceparent: 'given' } })], init)
  expect(sent.pop()).toEqual(init)
})

test('without a trace nothing is added', async () => {
  expect(await fetchedBy([(_call, next) => next()])).toBeUndefined()
  expect(sent.pop()).toBeUndefined()
})

import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RuntimeOptions } from '../../../src/runtime-options.ts'
import { agentOf, allowing, finish, toolOf } from '../../support/agent.ts'

const unheard: unknown[] = []
const hear = (error: unknown): void => void unheard.push(error)

beforeEach(() => void process.on('unhandledRejection', hear))
afterEach(() => void process.off('unhandledRejection', hear))

/** Functions whose type has no promise may be async ones all the same. */
const reject = (async () => {
  throw new Error('no')
}) as () => never

const functions: readonly [string, Partial<RuntimeOptions>, string][] = [
  ['log', { log: reject }, 'completed'],
  ['log of plugins', { log: reject, plugins: [{ name: 'p', setup: speaking }] }, 'completed'],
  ['stopWhen', { stopWhen: [reject] }, 'error'],
  [
    'wrapModel',
    { plugins: [{ name: 'p', setup: () => ({ wrapModel: reject }) }], log: () => {} },
    'error',
  ],
]

function speaking({ log }: { readonly log: (message: string) => void }): object {
  log('set up')
  return { onEvent: reject }
}

test.each(functions)('%s that rejects does not end the process', async (_, options, status) => {
  const tool = toolOf('t', {
    execute: (_args, { log }) => {
      log('at work')
      throw new Error('x')
    },
  })
  const steps = [{ calls: [{ tool: 't', args: {} }] }, { text: 'done' }]
  const { start } = agentOf(steps, { tools: [tool], policy: allowing('t'), ...options })
  const { result } = await finish(start())
  await new Promise((resolve) => void setTimeout(resolve, 5))
  expect(result.status).toBe(status)
  expect(unheard).toEqual([])
})

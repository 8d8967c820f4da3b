import { describe, expect, test } from 'vitest'
import type { RuntimeOptions } from '../../../src/runtime-options.ts'
import { agentOf, allowing, finish, noting, policyOf } from '../../support/agent.ts'

const hurts: readonly (readonly [string, (signal: AbortSignal) => void])[] = [
  ['takes its prototype away', (signal) => void Object.setPrototypeOf(signal, null)],
  [
    'says that it never aborts',
    (signal) => void Object.defineProperty(signal, 'aborted', { value: false }),
  ],
  ['makes it deaf', (signal) => void Object.assign(signal, { addEventListener: () => undefined })],
]

type Foreign = (signal: AbortSignal) => Promise<undefined>

/** Where code of the host is given a signal; the run is in its middle then. */
const places: readonly (readonly [string, (foreign: Foreign) => Partial<RuntimeOptions>])[] = [
  [
    'approve',
    (foreign) => ({
      policy: policyOf({ rules: [{ id: 'asked', ask: ['act'], who: { roles: ['user'] } }] }),
      approve: (_request, { signal }) => foreign(signal),
    }),
  ],
  ['prepareTurn', (foreign) => ({ prepareTurn: ({ signal }) => foreign(signal) })],
  [
    'a model',
    (foreign) => ({
      model: {
        id: 'm',
        provider: 'p',
        async *stream(_request, { signal }) {
          await foreign(signal)
          yield { type: 'end', finishReason: { unified: 'stop', raw: null } }
        },
      },
    }),
  ],
]

describe.each(places)('the signal that %s is given', (_name, optionsOf) => {
  function running(foreign: Foreign) {
    const { tool } = noting('act')
    const options = { tools: [tool], policy: allowing('act'), ...optionsOf(foreign) }
    return agentOf([{ calls: [{ tool: 'act' }] }, { text: 'done' }], options).start()
  }

  test.each(hurts)('is its own: the run can be cancelled whoever %s', async (_how, hurt) => {
    const hurtNow = Promise.withResolvers<void>()
    const run = running((signal) => {
      hurt(signal)
      hurtNow.resolve()
      return new Promise(() => undefined)
    })
    await hurtNow.promise
    run.cancel()
    expect((await finish(run)).result.status).toBe('cancelled')
  })

  test('aborts once nobody waits any more', async () => {
    let given: AbortSignal | undefined
    const run = running(async (signal) => {
      given = signal
      return undefined
    })
    await run.result()
    expect(given?.aborted).toBe(true)
  })
})

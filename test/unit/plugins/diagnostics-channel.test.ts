import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, test } from 'vitest'
import { diagnosticsChannel } from '../../../src/plugins/diagnostics-channel.ts'
import { agentOf } from '../../support/agent.ts'

type Seen = { readonly name: string | symbol; readonly message: unknown }

/** What subscribers of these channels see of a run. */
async function seenOn(
  names: readonly string[],
  options?: Parameters<typeof diagnosticsChannel>[0],
): Promise<readonly Seen[]> {
  const seen: Seen[] = []
  const note = (message: unknown, name: string | symbol): void => void seen.push({ name, message })
  for (const name of names) subscribe(name, note)
  try {
    const plugins = [diagnosticsChannel(options)]
    await agentOf([{ text: ['a', 'b'] }], { plugins })
      .start()
      .result()
  } finally {
    for (const name of names) unsubscribe(name, note)
  }
  return seen
}

describe('the diagnostics channel plugin', () => {
  test('S2-60: publishes each event on the channel of its type, frozen', async () => {
    const seen = await seenOn(['sallyport:run-start', 'sallyport:end', 'sallyport:text-delta'])
    expect(seen).toMatchObject([
      { name: 'sallyport:run-start', message: { type: 'run-start' } },
      { name: 'sallyport:end', message: { type: 'end', status: 'completed' } },
    ])
    expect(seen.every(({ message }) => Object.isFrozen(message))).toBe(true)
  })

  test('publishes deltas where they are wanted, under another prefix', async () => {
    const seen = await seenOn(['desk.text-delta'], { deltas: true, prefix: 'desk.' })
    expect(seen).toMatchObject([{ message: { text: 'a' } }, { message: { text: 'b' } }])
  })

  test('leaves no subscriber behind', async () => {
    await seenOn(['sallyport:end'])
    expect(channel('sallyport:end').hasSubscribers).toBe(false)
  })
})

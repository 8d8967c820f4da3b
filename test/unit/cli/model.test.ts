import { describe, expect, test } from 'vitest'
import type { Io } from '../../../src/cli/io.ts'
import { chooseModel, type ModelChoice } from '../../../src/cli/model.ts'

async function chosen(
  environment: Readonly<Record<string, string>>,
  choice: Partial<ModelChoice> = {},
): Promise<string> {
  const io = { environment } as unknown as Io
  const { id, provider } = await chooseModel({ model: 'm', wire: 'chat', ...choice }, io)
  return `${id} at ${provider}`
}

const all = { OPENROUTER_API_KEY: 'a', OPENAI_API_KEY: 'b', ANTHROPIC_API_KEY: 'c' }

describe('without a base URL', () => {
  test.each([
    ['chat', { OPENROUTER_API_KEY: 'k' }, 'openrouter'],
    ['chat', { OPENAI_API_KEY: 'k' }, 'api.openai.com'],
    ['chat', { SALLYPORT_API_KEY: 'k' }, 'openrouter'],
    ['chat', all, 'openrouter'],
    ['responses', { OPENAI_API_KEY: 'k', OPENROUTER_API_KEY: '' }, 'api.openai.com'],
    ['responses', all, 'openrouter'],
    ['anthropic', all, 'anthropic'],
    ['anthropic', { SALLYPORT_API_KEY: 'k' }, 'anthropic'],
    ['anthropic', { OPENROUTER_API_KEY: 'k', OPENAI_API_KEY: 'k' }, 'openrouter'],
  ] as const)('the keys choose who speaks %s: %o', async (wire, environment, provider) => {
    expect(await chosen(environment, { wire })).toBe(`m at ${provider}`)
  })

  test.each([
    ['chat', { ANTHROPIC_API_KEY: 'k' }, '`OPENROUTER_API_KEY`, `OPENAI_API_KEY`'],
    ['responses', {}, '`OPENROUTER_API_KEY`, `OPENAI_API_KEY`'],
    ['anthropic', { OPENAI_API_KEY: 'k' }, '`ANTHROPIC_API_KEY`, `OPENROUTER_API_KEY`'],
  ] as const)(
    'nobody who speaks %s is asked without a key: %o',
    async (wire, environment, help) => {
      const told = expect.objectContaining({ help: expect.stringContaining(help) })
      await expect(chosen(environment, { wire })).rejects.toThrow(told)
    },
  )
})

test('the model may come from the environment', async () => {
  const environment = { SALLYPORT_MODEL: 'named', OPENAI_API_KEY: 'k' }
  const io = { environment } as unknown as Io
  expect((await chooseModel({ wire: 'chat' }, io)).id).toBe('named')
  const none = { environment: {} } as unknown as Io
  await expect(chooseModel({ wire: 'chat' }, none)).rejects.toThrow('there is no model')
})

test('a host of OpenRouter gets no key of another', async () => {
  const keys = { OPENAI_API_KEY: 'k', ANTHROPIC_API_KEY: 'k' }
  for (const [wire, baseUrl] of [
    ['chat', 'https://openrouter.ai/api/v1'],
    ['responses', 'https://openrouter.ai/api/v1'],
    ['anthropic', 'https://openrouter.ai/api'],
  ] as const) {
    await expect(chosen(keys, { wire, baseUrl })).rejects.toThrow('there is no key')
  }
})

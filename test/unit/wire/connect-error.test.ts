import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openaiCompatible } from '../../../src/model/compatible.ts'
import type { ModelErrorData } from '../../../src/protocol/event.ts'
import { connectError } from '../../../src/wire/connect-error.ts'

async function errorAt(baseUrl: string): Promise<ModelErrorData | undefined> {
  const model = openaiCompatible({
    baseUrl,
    model: 'm',
    apiKey: 'sk-secret',
    retry: { attempts: 1 },
  })
  const { signal } = new AbortController()
  let found: ModelErrorData | undefined
  for await (const event of model.stream({ messages: [], tools: [] }, { signal })) {
    if (event.type === 'error') found = event.error
  }
  await model.close()
  return found
}

describe('an endpoint that cannot be reached', () => {
  /** Speaks neither HTTP nor TLS. */
  let other: Server
  let port: number

  beforeAll(async () => {
    other = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.end('SSH-2.0-other\r\n', () => socket.destroy())
    })
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    port = (other.address() as AddressInfo).port
  })

  afterAll(() => new Promise((resolve) => other.close(resolve)))

  test.each([
    ['nothing listens', () => 'http://127.0.0.1:1/v1', 'nothing listens there', true],
    ['no such name', () => 'http://nowhere.invalid/v1', '`nowhere.invalid`', true],
    ['TLS to a plain server', () => `https://127.0.0.1:${port}/v1`, 'does not speak TLS', false],
    ['not HTTP', () => `http://127.0.0.1:${port}/v1`, 'does not speak HTTP', true],
  ])('is named with what to check: %s', async (_, baseUrl, advice, retryable) => {
    const error = await errorAt(baseUrl())
    expect(error).toMatchObject({ code: 'model-connect', retryable })
    expect(error?.help).toContain(`\`${baseUrl()}/chat/completions\``)
    expect(error?.help).toContain(advice)
    expect(JSON.stringify(error)).not.toContain('sk-secret')
  })
})

test.each([
  ['CERT_HAS_EXPIRED', 'certificate', false],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate', false],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate', false],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate', false],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate', false],
  ['EAI_AGAIN', 'no address', true],
  ['UND_ERR_CONNECT_TIMEOUT', 'nothing answers', true],
  ['EHOSTUNREACH', 'nothing answers', true],
  ['UND_ERR_SOCKET', 'closed', true],
  ['ESOMETHING', 'check the base URL', true],
])('the code %s has its advice', (code, advice, retryable) => {
  const thrown = Object.assign(new Error('no'), { code })
  const error = connectError(thrown, new URL('https://api.example/v1/chat/completions'))
  expect(error).toMatchObject({ retryable, message: expect.stringContaining(code) })
  expect(error.help).toContain(advice)
  expect(error.help).toContain('https://api.example/v1')
})

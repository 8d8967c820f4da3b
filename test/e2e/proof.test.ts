import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createRuntime, watchPolicy } from '../../src/index.ts'
import { scripted } from '../../src/testing/scripted.ts'
import { cli } from '../support/cli.ts'
import { policyFolder, writePolicy } from '../support/policy-files.ts'
import {
  audience,
  issuerName,
  keyPair,
  keySetText,
  publicJwk,
} from '../unit/gate/authenticate-fixtures.ts'
import { boundToken, proofOf } from '../unit/gate/proof-fixtures.ts'

const now = Math.floor(Date.now() / 1000)
const bearer = await boundToken({ iat: now, exp: now + 600 })

/** A policy under which callers have to prove the keys of their tokens. */
function proving(more: object = {}): Readonly<Record<string, unknown>> {
  const issuer = {
    issuer: issuerName,
    audience: [audience],
    algorithms: ['ES256'],
    jwksFile: 'keys.json',
    proof: 'dpop',
    ...more,
  }
  return { identity: { jwt: [issuer] }, rules: [] }
}

function provingFolder(): string {
  const folder = policyFolder({ 'main.yaml': proving() })
  writeFileSync(join(folder, 'keys.json'), keySetText(publicJwk(keyPair, { kid: 'k1' })))
  return folder
}

describe('a host that takes tokens with proofs', () => {
  test('T31: runs for a request once, also when its policy says something new of callers', async () => {
    const path = join(provingFolder(), 'main.yaml')
    const policy = await watchPolicy(path)
    const model = scripted([{ text: 'done' }, { text: 'done' }])
    const runtime = createRuntime({ model, tools: [], policy })
    let url = ''
    const server = createServer(async ({ headers, method = '' }, response) => {
      const token = String(headers['dpop'])
      const auth = { bearer: headers.authorization!.slice('DPoP '.length) }
      const proof = { token, method, url }
      const result = await runtime.run({ input: 'go', auth: { ...auth, proof } }).result()
      response.end(result.error?.code ?? result.text)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/runs`
    const send = async (dpop: string): Promise<string> => {
      const headers = { authorization: `DPoP ${bearer}`, dpop }
      return (await fetch(url, { method: 'POST', headers })).text()
    }
    const made = (): Promise<string> => {
      return proofOf(bearer, { claims: { htu: url, iat: Math.floor(Date.now() / 1000) } })
    }
    try {
      const proof = await made()
      expect(await send(proof)).toBe('done')
      expect(await send(proof)).toBe('token-proof-replayed')
      writePolicy(path, proving({ clockSkew: '30s' }))
      expect(await policy.reload()).toMatchObject({ kind: 'changed' })
      expect(await send(proof)).toBe('token-proof-replayed')
      expect(await send(await made())).toBe('done')
      expect(await send(`${await made()}, ${await made()}`)).toBe('token-proof-invalid')
    } finally {
      policy.close()
      server.close()
      server.closeAllConnections()
    }
  })
})

describe('a command with `--token`', () => {
  test.each([
    ['run', 1, ['go', '--model', 'm', '--base-url', 'http://127.0.0.1:9/v1']],
    ['decide', 2, []],
  ])('%s cannot prove that the token is its own, and says so', async (name, code, more) => {
    const args = [name, '--policy', 'main.yaml', '--token', bearer, ...more]
    const outcome = await cli(args, { cwd: provingFolder(), input: '{"tool":"look"}\n' })
    expect([outcome.code, outcome.out]).toEqual([code, ''])
    expect(outcome.err).toContain('a proof of the key it is bound to')
    expect(outcome.err).toContain('a token alone, as with `--token`, is not enough')
    expect(outcome.err).not.toContain(bearer)
  })
})

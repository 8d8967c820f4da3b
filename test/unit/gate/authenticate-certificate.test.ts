import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import type { ClientCertificate } from '../../../src/gate/identity/certificate.ts'
import { certificate } from '../../support/certificate.ts'
import { claimsOf, signToken, tokenDesk } from './authenticate-fixtures.ts'
import { boundToken, codeOf, proofOf, request } from './proof-fixtures.ts'

const der = Buffer.from('3082010a0282010100', 'hex')
const digest = createHash('sha256').update(der).digest()
const tokenWith = (cnf: unknown): string => signToken({ claims: claimsOf({ cnf }) })
const bearer = tokenWith({ 'x5t#S256': digest.toString('base64url') })

async function outcomeOf(shown: unknown, token = bearer): Promise<string> {
  const auth = { bearer: token, certificate: shown as ClientCertificate }
  return codeOf(await tokenDesk({ proof: 'mtls' }).authenticate(auth))
}

describe('a token that is bound to a certificate', () => {
  it.each([der, new Uint8Array(der), `sha256:${digest.toString('hex')}`])(
    'is accepted with it, as %j',
    async (shown) => {
      expect(await outcomeOf(shown)).toBe('ok')
    },
  )

  it('is accepted from a connection that was made with it, and from no other', async () => {
    const { fingerprint256 } = new X509Certificate(certificate.cert)
    const bound = Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')
    const { authenticate } = tokenDesk({ proof: 'mtls' })
    const token = tokenWith({ 'x5t#S256': bound })
    const ca = certificate.cert
    const asked = { ...certificate, ca, requestCert: true, rejectUnauthorized: false }
    const server = createServer(asked, async (socket) => {
      const { raw } = socket.getPeerCertificate()
      const shown = socket.authorized ? { certificate: raw } : {}
      socket.end(codeOf(await authenticate({ bearer: token, ...shown })))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const answerTo = async (own: object): Promise<string> => {
      const socket: TLSSocket = connect({ port, ca, servername: 'allowed.example', ...own })
      return (await socket.setEncoding('utf8').toArray()).join('')
    }
    try {
      expect(await answerTo(certificate)).toBe('ok')
      expect(await answerTo({})).toBe('token-proof-missing')
    } finally {
      server.close()
    }
  })

  it('is refused without it, also when the token is known', async () => {
    const { authenticate } = tokenDesk({ proof: 'mtls' })
    expect(codeOf(await authenticate({ bearer }))).toBe('token-proof-missing')
    expect(codeOf(await authenticate({ bearer, certificate: der }))).toBe('ok')
    expect(codeOf(await authenticate({ bearer }))).toBe('token-proof-missing')
    expect(codeOf(await authenticate({ bearer, certificate: undefined }))).toBe(
      'token-proof-missing',
    )
    const other = Buffer.concat([der, Buffer.of(0)])
    expect(codeOf(await authenticate({ bearer, certificate: other }))).toBe('token-binding')
  })

  it.each([
    ['another certificate', Buffer.from('3081', 'hex'), 'token-binding'],
    ['another digest', `sha256:${'0'.repeat(64)}`, 'token-binding'],
    ['no bytes', new Uint8Array(), 'token-proof-invalid'],
    ['an empty text', '', 'token-proof-invalid'],
    [
      'a digest in capitals',
      `sha256:${digest.toString('hex').toUpperCase()}`,
      'token-proof-invalid',
    ],
    ['a digest in base64url', digest.toString('base64url'), 'token-proof-invalid'],
    ['two digests', `sha256:${digest.toString('hex').repeat(2)}`, 'token-proof-invalid'],
    ['null', null, 'unauthenticated'],
    ['true', true, 'unauthenticated'],
    ['a list of bytes', [...der], 'unauthenticated'],
  ])('is refused with %s', async (_what, shown, code) => {
    expect(await outcomeOf(shown)).toBe(code)
  })

  it.each([
    ['nothing', undefined],
    ['a key', { jkt: digest.toString('base64url') }],
    ['a certificate and a key', { 'x5t#S256': digest.toString('base64url'), jkt: 'x' }],
    ['a digest in hexadecimal', { 'x5t#S256': digest.toString('hex') }],
    ['a short digest', { 'x5t#S256': digest.subarray(1).toString('base64url') }],
  ])('is refused when it is bound to %s', async (_what, cnf) => {
    expect(await outcomeOf(der, tokenWith(cnf))).toBe('token-binding')
  })

  it('is not accepted with a proof of another kind', async () => {
    const token = await boundToken()
    const proof = { token: await proofOf(token), ...request }
    const { authenticate } = tokenDesk({ proof: 'mtls' })
    expect(codeOf(await authenticate({ bearer: token, proof }))).toBe('token-binding')
    expect(codeOf(await authenticate({ bearer, proof }))).toBe('token-proof-missing')
    const keyed = tokenDesk({ proof: 'dpop' })
    expect(codeOf(await keyed.authenticate({ bearer: token, certificate: der }))).toBe(
      'token-proof-missing',
    )
    expect(codeOf(await keyed.authenticate({ bearer: token, certificate: der, proof }))).toBe('ok')
  })
})

import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compactVerify, CompactSign, importJWK, type JWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../../src/base/digest.ts'
import { loadPolicy, type LoadOptions } from '../../../src/loading/file.ts'
import { signPolicy } from '../../../src/loading/sign.ts'
import type { PolicyKey } from '../../../src/loading/signature.ts'
import { policyFolder, policyText, writePolicy } from '../../support/policy-files.ts'
import { keyPair } from '../../support/policy-keys.ts'

const ours = keyPair('ours')
const theirs = keyPair('theirs')
const main = 'extends: [./base.yaml]\nrules: []\n'
const base = 'roles: { user: {} }\n'

interface Signed {
  readonly path: string
  readonly folder: string
  load(options?: LoadOptions): Promise<unknown>
}

async function signed(key: PolicyKey = ours.secret): Promise<Signed> {
  const folder = policyFolder({ 'main.yaml': main, 'base.yaml': base })
  const path = join(folder, 'main.yaml')
  writeFileSync(`${path}.sig`, `${await signPolicy(path, key)}\n`)
  return { folder, path, load: (options = { keys: [ours.open] }) => loadPolicy(path, options) }
}

const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) })

describe('a signature', () => {
  test.each(['Ed25519', 'P-256'] as const)('of %s lets a policy load', async (kind) => {
    const pair = keyPair('k', kind)
    const { load } = await signed(pair.secret)
    await expect(load({ keys: [theirs.open, pair.open] })).resolves.toBeDefined()
  })

  test('is a detached JWS over the canonical JSON of all files', async () => {
    const { path } = await signed()
    const [header, , signature] = (await signPolicy(path, ours.secret)).split('.')
    const payload = canonicalJson({
      parents: { 'base.yaml': { sallyport: 1, name: 'p', roles: { user: {} } } },
      policy: { sallyport: 1, name: 'p', extends: ['./base.yaml'], rules: [] },
    })
    const whole = `${header}.${Buffer.from(payload).toString('base64url')}.${signature}`
    const { protectedHeader } = await compactVerify(
      whole,
      await importJWK(ours.open as JWK, 'EdDSA'),
    )
    expect(protectedHeader).toEqual({ alg: 'EdDSA', kid: 'ours', typ: 'sallyport-policy' })
  })

  test('survives comments, layout, other folders and values of the host', async () => {
    const { folder, load, path } = await signed()
    writeFileSync(path, `# reviewed\n${policyText(main)}\n\n`)
    await expect(load({ keys: [ours.open], variables: { a: 'b' } })).resolves.toBeDefined()
    const moved = `${folder}-moved`
    renameSync(folder, moved)
    try {
      const there = loadPolicy(join(moved, 'main.yaml'), { keys: [ours.open] })
      await expect(there).resolves.toBeDefined()
    } finally {
      renameSync(moved, folder)
    }
  })

  test.each<[string, (folder: string) => void]>([
    ['the policy', (folder) => writePolicy(join(folder, 'main.yaml'), `${main}roles: { a: {} }\n`)],
    ['its tests', (folder) => writePolicy(join(folder, 'main.yaml'), `${main}tests: []\n`)],
    ['a parent', (folder) => writePolicy(join(folder, 'base.yaml'), 'roles: { a: {} }\n')],
    [
      'the parents it names',
      (folder) => {
        writePolicy(join(folder, 'other.yaml'), base)
        writePolicy(join(folder, 'main.yaml'), 'extends: [./other.yaml]\nrules: []\n')
      },
    ],
  ])('is wrong once %s was changed', async (_, change) => {
    const { folder, load } = await signed()
    change(folder)
    await expect(load()).rejects.toEqual(
      refused('policy-signature', /^the signature of policy `.*main\.yaml` is wrong$/),
    )
  })

  test('P18: that was removed is missed, whatever the file says', async () => {
    const { load, path } = await signed()
    rmSync(`${path}.sig`)
    await expect(load()).rejects.toEqual(refused('policy-unsigned', /is not signed$/))
    await expect(load({ keys: [ours.open], requireSigned: true })).rejects.toEqual(
      refused('policy-unsigned', /is not signed$/),
    )
    await expect(load({ keys: [ours.open], requireSigned: false })).resolves.toBeDefined()
  })

  test('that is there has to be right, also where none is required', async () => {
    const { load, path } = await signed()
    writePolicy(path, `${main}roles: { a: {} }\n`)
    await expect(load({ keys: [ours.open], requireSigned: false })).rejects.toMatchObject({
      code: 'policy-signature',
    })
  })

  test('by a key that is not trusted is told from a wrong one', async () => {
    const { load } = await signed(theirs.secret)
    await expect(load()).rejects.toEqual(
      refused('policy-key-unknown', /with the key `theirs`, which is not trusted$/),
    )
  })

  test('by a key that took over the id of a trusted one is wrong', async () => {
    const { load } = await signed({ ...theirs.secret, kid: 'ours' })
    await expect(load()).rejects.toMatchObject({ code: 'policy-signature' })
  })

  test.each<[string, string | ((whole: string) => string)]>([
    ['is empty', ''],
    ['is text', 'signed by me'],
    ['has lost its end', (whole) => whole.slice(0, -20)],
    ['carries a payload', (whole) => whole.replace('..', '.e30.')],
    ['is not base64url', (whole) => `${whole}=`],
    ['is too long', (whole) => `${whole}${'A'.repeat(5000)}`],
  ])('that %s is damaged', async (_, change) => {
    const { load, path } = await signed()
    const whole = await signPolicy(path, ours.secret)
    writeFileSync(`${path}.sig`, typeof change === 'string' ? change : change(whole))
    await expect(load()).rejects.toMatchObject({ code: 'policy-signature' })
  })

  test.each<[string, object]>([
    ['of another type', { typ: 'JWT' }],
    ['without a type', { typ: undefined }],
    ['with an extension', { crit: ['exp'], exp: 1 }],
    ['that brings a key', { jwk: theirs.open }],
  ])('%s is refused, though the key has made it', async (_, fields) => {
    const { load, path } = await signed()
    const payload = Buffer.from(
      canonicalJson({
        parents: { 'base.yaml': { sallyport: 1, name: 'p', roles: { user: {} } } },
        policy: { sallyport: 1, name: 'p', extends: ['./base.yaml'], rules: [] },
      }),
    )
    const header = { alg: 'EdDSA', kid: 'ours', typ: 'sallyport-policy', ...fields }
    const made = await new CompactSign(payload)
      .setProtectedHeader(JSON.parse(JSON.stringify(header)) as { alg: string })
      .sign(await importJWK(ours.secret as JWK, 'EdDSA'), { crit: { exp: true } })
    const [head, , signature] = made.split('.')
    writeFileSync(`${path}.sig`, `${head}..${signature}`)
    await expect(load()).rejects.toEqual(refused('policy-signature', /is damaged$/))
  })

  test('that cannot be read is no reason to do without', async () => {
    const { load, path } = await signed()
    rmSync(`${path}.sig`)
    writePolicy(`${path}.sig/inside`, base)
    await expect(load({ keys: [ours.open], requireSigned: false })).rejects.toMatchObject({
      code: 'bad-file',
    })
  })

  test('is not made for a policy that does not load', async () => {
    const folder = policyFolder({ 'main.yaml': 'rulez: []\n' })
    await expect(signPolicy(join(folder, 'main.yaml'), ours.secret)).rejects.toMatchObject({
      code: 'bad-policy',
    })
  })
})

describe('keys are refused', () => {
  const p256 = keyPair('p', 'P-256')
  test.each<[string, readonly PolicyKey[], RegExp]>([
    ['that are private', [ours.secret], /`keys\[0\]` is a private key/],
    ['without an id', [{ ...ours.open, kid: undefined }], /has no `kid`/],
    ['of another kind', [{ kty: 'RSA', n: 'x', e: 'AQAB', kid: 'r' }], /is not a key for/],
    ['of another curve', [{ ...p256.open, crv: 'P-384' }], /is not a key for/],
    ['that share an id', [ours.open, { ...theirs.open, kid: 'ours' }], /two keys have the id/],
  ])('%s', async (_, keys, message) => {
    const { load } = await signed()
    await expect(load({ keys })).rejects.toEqual(refused('bad-option', message))
  })

  test('when a signature is required and there are none', async () => {
    const { load } = await signed()
    await expect(load({ requireSigned: true })).rejects.toMatchObject({ code: 'bad-option' })
    await expect(load({ keys: [], requireSigned: true })).rejects.toMatchObject({
      code: 'bad-option',
    })
  })

  test('that cannot sign', async () => {
    const { path } = await signed()
    await expect(signPolicy(path, ours.open)).rejects.toEqual(refused('bad-option', /public key/))
    await expect(signPolicy(path, { ...ours.secret, d: 'AA' })).rejects.toMatchObject({
      code: 'bad-option',
    })
  })
})

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cli } from '../support/cli.ts'
import { deskFolder } from '../support/cli-files.ts'
import { keyPair } from '../support/policy-keys.ts'

const { open, secret } = keyPair('release')

function folderWithKeys(): string {
  const cwd = deskFolder()
  writeFileSync(join(cwd, 'secret.jwk'), JSON.stringify(secret))
  writeFileSync(join(cwd, 'keys.jwks'), JSON.stringify({ keys: [open] }))
  return cwd
}

describe.concurrent('sallyport sign', () => {
  test('makes the signature that other commands can demand', async () => {
    const cwd = folderWithKeys()
    const check = ['check', '--policy-keys', 'keys.jwks', 'desk.yaml']
    const before = await cli(check, { cwd })
    expect([before.code, before.err]).toEqual([1, expect.stringContaining('is not signed')])

    const sign = await cli(['sign', 'desk.yaml', '--key', 'secret.jwk', '--json'], { cwd })
    expect([sign.code, sign.err]).toEqual([0, ''])
    expect(sign.lines()).toEqual([
      { file: 'desk.yaml', signature: 'desk.yaml.sig', kid: 'release' },
    ])
    expect((await cli(check, { cwd })).code).toBe(0)
    const tests = ['test', '--policy-keys', 'keys.jwks', '--allow-empty', 'desk.yaml']
    expect((await cli(tests, { cwd })).code).toBe(0)

    const path = join(cwd, 'desk.yaml')
    writeFileSync(path, readFileSync(path, 'utf8').replace('maximum: 100', 'maximum: 1000'))
    const input = '{"tool":"look","principal":{"subject":"u","roles":["user"]}}\n'
    const environment = { SALLYPORT_POLICY_KEYS: 'keys.jwks' }
    const decide = ['decide', '--policy', 'desk.yaml']
    const after = await cli(decide, { cwd, input, environment })
    expect([after.code, after.out]).toEqual([1, ''])
    expect(after.err).toContain('policy-signature')
    const tested = await cli(tests, { cwd })
    expect([tested.code, tested.out]).toEqual([1, ''])
    expect(tested.err).toContain('policy-signature')
    expect((await cli(decide, { cwd, input })).code).toBe(0)
  })

  test('names a key without an id by its thumbprint, as signatures of records do', async () => {
    const cwd = folderWithKeys()
    const { kid: _kid, ...nameless } = secret
    const { kid: _id, ...trusted } = open
    writeFileSync(join(cwd, 'secret.jwk'), JSON.stringify(nameless))
    writeFileSync(join(cwd, 'keys.jwks'), JSON.stringify(trusted))
    const sign = await cli(['sign', 'desk.yaml', '--key', 'secret.jwk', '--json'], { cwd })
    expect(sign.lines()).toMatchObject([{ kid: expect.stringMatching(/^[\w-]{43}$/) }])
    const check = ['check', '--policy-keys', 'keys.jwks', 'desk.yaml']
    expect((await cli(check, { cwd })).code).toBe(0)
    writeFileSync(join(cwd, 'keys.jwks'), JSON.stringify({ ...trusted, x: undefined }))
    const broken = await cli(check, { cwd })
    expect([broken.code, broken.err]).toEqual([2, expect.stringContaining('has no `kid`')])
  })

  test('says nothing of a key that it cannot use', async () => {
    const cwd = folderWithKeys()
    const { d } = secret as { readonly d: string }
    writeFileSync(join(cwd, 'odd.jwk'), JSON.stringify({ ...secret, kty: d }).slice(0, -1))
    writeFileSync(join(cwd, 'two.jwks'), JSON.stringify({ keys: [secret, open] }))
    const [broken, open_, missing, two] = await Promise.all(
      ['odd.jwk', 'keys.jwks', 'gone.jwk', 'two.jwks'].map((key) =>
        cli(['sign', 'desk.yaml', '--key', key], { cwd }),
      ),
    )
    for (const { code, err, out } of [broken!, open_!, missing!, two!]) {
      expect([code, out]).toEqual([2, ''])
      expect(err).not.toContain(d)
    }
    expect(open_!.err).toContain('public key')
    expect(two!.err).toMatch(/`two.jwks` holds more than one key\n {2}help: name a file with/)
  })

  test('cannot be avoided by an empty variable or a missing key file', async () => {
    const cwd = folderWithKeys()
    rmSync(join(cwd, 'keys.jwks'))
    for (const file of ['', 'keys.jwks']) {
      const environment = { SALLYPORT_POLICY_KEYS: file }
      const { code } = await cli(['check', 'desk.yaml'], { cwd, environment })
      expect(code).toBe(2)
    }
  })
})

import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { scriptedAccount, type AccountScript } from '../../src/testing/account-script.ts'
import { fakeProvider } from '../../src/testing/fake-provider.ts'
import { cli, ended, startCli, textOf } from '../support/cli.ts'
import { deskFolder } from '../support/cli-files.ts'
import { temporaryFolder } from '../support/folder.ts'

const run = ['run', 'hi', '--policy', 'desk.yaml', '--tools', 'tools.mjs', '--model', 'm']
const loginKey = 'sk-or-v1-planted-0123456789abcdef'

async function accountServer(script: AccountScript = {}) {
  const account = scriptedAccount({ loginKey, ...script })
  return fakeProvider({ turns: (asked) => account.answer(asked) ?? { text: 'hello' } })
}

interface Login {
  /** The address of the login page. */
  readonly url: string
  readonly child: ReturnType<typeof startCli>
  /** What the command came to. */
  end(): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>
}

/** A login that waits for its browser. */
async function startLogin(
  cwd: string,
  baseUrl: string,
  more: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<Login> {
  const child = startCli(['login', '--base-url', baseUrl, '--json', ...more], { cwd, environment })
  const err = textOf(child.stderr)
  const seen = Promise.withResolvers<string>()
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part
    if (text.includes('\n')) seen.resolve(text.split('\n')[0]!)
  })
  const closed = ended(child)
  void closed.then(() => seen.reject(new Error('it ended without an address')))
  const { url } = JSON.parse(await seen.promise) as { readonly url: string }
  return {
    url,
    child,
    async end() {
      await closed
      return { code: child.exitCode, out: text, err: await err }
    },
  }
}

/** Where the login page sends the browser; what the callback server then answers. */
async function callbackFrom(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'manual' })
  return response.headers.get('location')!
}

function callbackIn(url: string): URL {
  return new URL(new URL(url).searchParams.get('callback_url')!)
}

/** A key file as a login leaves it. */
function storedKeys(path: string, keys: Readonly<Record<string, string>>): string {
  writeFileSync(path, JSON.stringify({ version: 1, keys }), { mode: 0o600 })
  return path
}

/** A raw request, since a browser would not send such ones. */
function ask(url: URL, method: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const { port, pathname, search } = url
    const headers = { host }
    request({ host: '127.0.0.1', port, method, path: pathname + search, headers }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .on('error', reject)
      .end()
  })
}

describe.concurrent('sallyport login', () => {
  test('S1-25 keeps the key of a login in a file that only its owner may read, for `run` to find', async () => {
    await using server = await accountServer()
    const cwd = deskFolder()
    const login = await startLogin(cwd, server.baseUrl)
    const page = await fetch(await callbackFrom(login.url))
    const { code, out, err } = await login.end()
    expect([code, page.status]).toEqual([0, 200])
    expect(await page.text()).toContain('You are logged in')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page.headers.get('referrer-policy')).toBe('no-referrer')

    const keyFile = join(cwd, '.config/sallyport/keys.json')
    const [, last] = out.trimEnd().split('\n')
    expect(JSON.parse(last!)).toEqual({ baseUrl: server.baseUrl, keyFile, key: 'sk-or-v1...cdef' })
    expect(out + err).not.toContain('planted')
    expect(statSync(keyFile).mode & 0o777).toBe(0o600)
    expect(statSync(join(cwd, '.config/sallyport')).mode & 0o777).toBe(0o700)
    expect(readdirSync(join(cwd, '.config/sallyport'))).toEqual(['keys.json'])

    const exchange = server.requests.find(({ path }) => path === '/v1/auth/keys')!
    const challenge = new URL(login.url).searchParams.get('code_challenge')
    expect(
      createHash('sha256').update(String(exchange.body['code_verifier'])).digest('base64url'),
    ).toBe(challenge)

    const arguments_ = [...run, '--base-url', server.baseUrl]
    const ran = await cli([...arguments_, '--json', '--report', 'report.json'], { cwd })
    expect([ran.code, server.requests.at(-1)!.headers['authorization']]).toEqual([
      0,
      `Bearer ${loginKey}`,
    ])
    const shown = ran.out + ran.err + readFileSync(join(cwd, 'report.json'), 'utf8')
    expect(shown).not.toContain('planted')
  })

  test('S1-26 is undone by `logout`, and stands behind the environment', async () => {
    await using server = await accountServer()
    const { baseUrl } = server
    const cwd = deskFolder()
    const keyFile = storedKeys(join(cwd, 'keys.json'), { [new URL(baseUrl).origin]: loginKey })
    const arguments_ = [...run, '--base-url', baseUrl, '--key-file', keyFile]
    const environment = { SALLYPORT_API_KEY: 'from-the-environment' }
    await cli(arguments_, { cwd, environment })
    expect(server.requests.at(-1)!.headers['authorization']).toBe('Bearer from-the-environment')

    const leave = ['logout', '--base-url', baseUrl, '--key-file', keyFile, '--json']
    const logout = await cli(leave, { cwd })
    expect([logout.code, logout.lines()]).toEqual([0, [{ baseUrl, keyFile, removed: true }]])
    expect([existsSync(keyFile), logout.err.includes('planted')]).toEqual([false, false])
    const after = await cli(arguments_, { cwd })
    expect([after.code, after.err]).toEqual([2, expect.stringContaining('does not exist')])
    const again = await cli(leave, { cwd })
    expect([again.code, again.lines()]).toMatchObject([0, [{ removed: false }]])
  })

  test('S1-T4 (no state) answers its own callback only, at its one path, on its own name, and once', async () => {
    await using server = await accountServer()
    const cwd = temporaryFolder()
    const login = await startLogin(cwd, server.baseUrl)
    const callback = new URL(await callbackFrom(login.url))
    expect([callback.hostname, callback.pathname]).toEqual(['localhost', '/callback'])
    const { host } = callback
    const forged = new URL(callback)
    forged.searchParams.set('state', 'x'.repeat(43))
    const stateless = new URL(callback)
    stateless.searchParams.delete('state')
    const twice = new URL(`${callback.href}&code=other`)
    const elsewhere = new URL(callback)
    elsewhere.pathname = '/callback/'
    expect(await ask(forged, 'GET', host)).toBe(400)
    expect(await ask(stateless, 'GET', host)).toBe(400)
    expect(await ask(twice, 'GET', host)).toBe(400)
    expect(await ask(elsewhere, 'GET', host)).toBe(404)
    expect(await ask(callback, 'POST', host)).toBe(405)
    expect(await ask(callback, 'GET', 'rebound.example')).toBe(421)
    expect(server.requests.filter(({ path }) => path === '/v1/auth/keys')).toEqual([])
    expect(await ask(callback, 'GET', host)).toBe(200)
    expect((await login.end()).code).toBe(0)
    await expect(ask(callback, 'GET', host)).rejects.toThrow('ECONNREFUSED')
  })

  test('S1-23 says no with exit code 1 when the person does not agree', async () => {
    await using server = await accountServer({ loginError: 'access_denied\u001b[2J' })
    const cwd = temporaryFolder()
    const login = await startLogin(cwd, server.baseUrl)
    expect((await fetch(await callbackFrom(login.url))).status).toBe(502)
    const { code, err } = await login.end()
    expect([code, err]).toEqual([1, expect.stringContaining('error[login-refused]') as string])
    expect(err).not.toContain('\u001b')
    expect(existsSync(join(cwd, '.config'))).toBe(false)
  })

  test('S1-22 fails with exit code 5 when the code is not accepted, and shows neither code nor verifier', async () => {
    await using server = await accountServer()
    const login = await startLogin(temporaryFolder(), server.baseUrl)
    const callback = callbackIn(login.url)
    callback.searchParams.set('code', 'planted-code')
    const page = await fetch(callback)
    const { code, out, err } = await login.end()
    expect([code, page.status]).toEqual([5, 502])
    expect(err).toContain('error[model-refused]')
    const { code_verifier: verifier } = server.requests.at(-1)!.body
    for (const secret of ['planted', String(verifier)]) {
      expect(out + err + (await page.clone().text())).not.toContain(secret)
    }
  })

  test.skipIf(process.platform !== 'linux')(
    'opens a browser only when it is asked to',
    async () => {
      await using server = await accountServer()
      const cwd = temporaryFolder()
      const script = '#!/bin/sh\nprintf "%s\\n" "$#" "$1" > "$HOME/opened"\n'
      writeFileSync(join(cwd, 'xdg-open'), script, { mode: 0o755 })
      for (const more of [['--open'], []]) {
        const login = await startLogin(cwd, server.baseUrl, more, { PATH: cwd })
        const opened = join(cwd, 'opened')
        if (more.length > 0) {
          await expect
            .poll(() => existsSync(opened) && readFileSync(opened, 'utf8'))
            .toBe(`1\n${login.url}\n`)
          rmSync(opened)
        }
        await fetch(await callbackFrom(login.url))
        expect([(await login.end()).code, existsSync(opened)]).toEqual([0, false])
      }
    },
  )

  test('ends with exit code 4 when nobody comes in time, and with 130 when it is interrupted', async () => {
    await using server = await accountServer()
    const late = await cli(['login', '--base-url', server.baseUrl, '--timeout', '50ms'], {
      cwd: temporaryFolder(),
    })
    expect([late.code, late.err]).toEqual([4, expect.stringContaining('error[login-expired]')])
    expect(late.err).toContain(`${new URL(server.baseUrl).origin}/auth?callback_url=`)
    const login = await startLogin(temporaryFolder(), server.baseUrl)
    login.child.kill('SIGINT')
    expect((await login.end()).code).toBe(130)
  })

  test('does not start a login whose key it could not keep or should not send', async () => {
    const cwd = temporaryFolder()
    mkdirSync(join(cwd, 'folder'))
    writeFileSync(join(cwd, 'open.json'), '{"version":1,"keys":{"https://a.example":"planted"}}', {
      mode: 0o644,
    })
    writeFileSync(join(cwd, 'odd.json'), '{"version":1,"keys":{"https://a.example":["planted"]}}', {
      mode: 0o600,
    })
    for (const [more, told] of [
      [['--key-file', 'folder'], 'is no file'],
      [['--key-file', 'open.json'], 'may be read by others'],
      [['--key-file', 'odd.json'], 'holds no keys'],
      [['--base-url', 'http://a.example/v1'], 'login can go over'],
      [['--base-url', 'nonsense'], 'base URL'],
      [['--timeout', '1h'], '10 minutes'],
    ] as const) {
      const { code, out, err } = await cli(['login', ...more], { cwd })
      expect([code, out]).toEqual([2, ''])
      expect(err).toContain(told)
      expect(err).not.toContain('planted')
    }
  })
})

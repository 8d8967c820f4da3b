import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import type { Io } from '../../../src/cli/io.ts'
import { findKey, needKeyFile, readKeys, writeKeys } from '../../../src/cli/key-file.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { makePipe } from '../../support/pipe.ts'

function io(environment: Readonly<Record<string, string>>): Io {
  return { environment } as Io
}

/** The key for an endpoint, with nothing in the environment but the home. */
function keyAt(baseUrl: string, home: string, option?: string): Promise<string | undefined> {
  return findKey({ wire: 'chat', baseUrl }, option, io({ HOME: home }))
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (error: unknown) => JSON.stringify(error) + String(error),
  )
}

test('keys lie in the folder for configuration, which has to be an absolute path', () => {
  expect(needKeyFile(undefined, io({ XDG_CONFIG_HOME: '/c', HOME: '/h' }))).toBe(
    '/c/sallyport/keys.json',
  )
  for (const config of ['', 'relative']) {
    expect(needKeyFile(undefined, io({ XDG_CONFIG_HOME: config, HOME: '/h' }))).toBe(
      '/h/.config/sallyport/keys.json',
    )
  }
  expect(needKeyFile('/own.json', io({ HOME: '/h' }))).toBe('/own.json')
  expect(() => needKeyFile(undefined, io({}))).toThrow(
    expect.objectContaining({ code: 'bad-option' }),
  )
})

test('a key goes to the very origin it was made for', async () => {
  const home = temporaryFolder()
  const keys = new Map([
    ['https://a.example', 'key-of-a'],
    ['https://a.example:8443', 'key-of-port'],
  ])
  await writeKeys(needKeyFile(undefined, io({ HOME: home })), keys)
  for (const [baseUrl, key] of [
    ['https://a.example/v1', 'key-of-a'],
    ['https://a.example:443/other/v2', 'key-of-a'],
    ['https://a.example:8443/v1', 'key-of-port'],
    ['http://a.example/v1', undefined],
    ['https://sub.a.example/v1', undefined],
    ['https://a.example.evil.example/v1', undefined],
    ['nonsense', undefined],
  ] as const) {
    expect(await keyAt(baseUrl, home)).toBe(key)
  }
})

test('the environment comes first, and then the file is not even looked at', async () => {
  const home = temporaryFolder()
  const environment = { HOME: home, SALLYPORT_API_KEY: 'from-the-environment' }
  const asked = { wire: 'chat', baseUrl: 'https://a.example/v1' } as const
  expect(await findKey(asked, join(home, 'gone.json'), io(environment))).toBe(
    'from-the-environment',
  )
})

test('without a login there is no key, but a file that was named has to be there', async () => {
  const home = temporaryFolder()
  expect(await keyAt('https://a.example/v1', home)).toBeUndefined()
  writeFileSync(join(home, '.config'), 'a file in its way')
  expect(await keyAt('https://a.example/v1', home)).toBeUndefined()
  expect(await failureOf(keyAt('https://a.example/v1', home, join(home, 'gone.json')))).toContain(
    'does not exist',
  )
})

test.skipIf(process.platform === 'win32')('a file that others may read is refused', async () => {
  const home = temporaryFolder()
  const path = needKeyFile(undefined, io({ HOME: home }))
  await writeKeys(path, new Map([['https://a.example', 'planted']]))
  for (const mode of [0o640, 0o604, 0o660, 0o601]) {
    chmodSync(path, mode)
    const failure = await failureOf(keyAt('https://a.example/v1', home))
    expect(failure).toContain('may be read by others')
    expect(failure).not.toContain('planted')
  }
  chmodSync(path, 0o600)
  expect(await keyAt('https://a.example/v1', home)).toBe('planted')
})

test('what holds no keys is refused without a word of it', async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'keys.json')
  for (const text of [
    '',
    'planted',
    '[]',
    '{"version":2,"keys":{"https://a.example":"planted"}}',
    '{"version":1,"keys":["planted"]}',
    '{"version":1,"keys":{"https://a.example":{"planted":1}}}',
    `{"version":1,"keys":{"https://a.example":"planted${'x'.repeat(70_000)}"}}`,
  ]) {
    writeFileSync(path, text, { mode: 0o600 })
    const failure = await failureOf(readKeys(path))
    expect(failure).toContain('holds no keys')
    expect(failure).not.toContain('planted')
  }
  mkdirSync(join(folder, 'folder'), { mode: 0o700 })
  expect(await failureOf(readKeys(join(folder, 'folder')))).toContain('is no file')
})

test.skipIf(process.platform === 'win32')('a named pipe is refused, not waited for', async () => {
  const path = join(temporaryFolder(), 'keys.json')
  makePipe(path)
  expect(await failureOf(readKeys(path))).toContain('is no file')
})

test.skipIf(process.platform === 'win32')(
  'a file is written for its owner only, whole, and over a link rather than through it',
  async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'deep/er/keys.json')
    const keys = new Map([['https://a.example', 'k']])
    await writeKeys(path, keys)
    expect([statSync(path).mode & 0o777, statSync(dirname(path)).mode & 0o777]).toEqual([
      0o600, 0o700,
    ])
    expect(readdirSync(dirname(path))).toEqual(['keys.json'])
    expect(await readKeys(path)).toEqual(keys)

    const target = join(folder, 'target')
    const link = join(folder, 'link.json')
    writeFileSync(target, 'untouched', { mode: 0o644 })
    symlinkSync(target, link)
    await writeKeys(link, keys)
    expect([readFileSync(target, 'utf8'), await readKeys(link)]).toEqual(['untouched', keys])
  },
)

test('no keys leave no file, and what cannot be written leaves no draft', async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'keys.json')
  const keys = new Map([['https://a.example', 'planted']])
  await writeKeys(path, keys)
  await writeKeys(path, new Map())
  expect(existsSync(path)).toBe(false)
  await writeKeys(path, new Map())
  mkdirSync(path)
  const failure = await failureOf(writeKeys(path, keys))
  expect(failure).toContain('bad-file')
  expect(failure).not.toContain('planted')
  expect(readdirSync(folder)).toEqual(['keys.json'])
})

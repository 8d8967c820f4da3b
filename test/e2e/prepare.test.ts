import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>
}

/** Runs the script that npm runs in a clone after installing, in a folder that has only what it needs. */
async function prepare(folder: string): Promise<{ stdout: string }> {
  const [command, ...args] = manifest.scripts['dependencies']!.split(' ')
  expect(command).toBe('node')
  const config = join(folder, 'test/config')
  mkdirSync(config, { recursive: true })
  cpSync(join(root, 'test/config/prepare.mjs'), join(config, 'prepare.mjs'))
  writeFileSync(join(config, 'build.ts'), `console.log('built' satisfies string)\n`)
  return promisify(execFile)(process.execPath, args, { cwd: folder })
}

test('an installation without development dependencies succeeds and says what is missing', async () => {
  const { stdout } = await prepare(temporaryFolder())
  expect(stdout).toMatch(/^sallyport: dist\/ is not built, .* run `npm ci`.*\n$/)
})

test('an installation with development dependencies builds', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'node_modules/typescript'), { recursive: true })
  writeFileSync(join(folder, 'node_modules/typescript/package.json'), '{}')
  expect((await prepare(folder)).stdout).toBe('built\n')
})

test('nothing of the package runs where it is installed', () => {
  // npm asks for consent to these, to `prepare` where the package comes from a file or from git
  const names = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare']
  expect(Object.keys(manifest.scripts).filter((name) => names.includes(name))).toEqual([])
})

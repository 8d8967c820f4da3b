import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
const lock = `${folder}package-lock.json`
/** The lock that the installed packages are from. */
const installed = `${folder}node_modules/.lock`

/** Installs the peers that `package.json` beside this file pins, unless they are there. No script of theirs runs. */
export function installPeers(): void {
  if (existsSync(installed) && readFileSync(installed).equals(readFileSync(lock))) return
  process.stderr.write('installing the peers, about 320 MB\n')
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  const { status, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(`the peers cannot be installed: ${stderr.slice(0, 2000)}`)
  copyFileSync(lock, installed)
}

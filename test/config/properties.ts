/** Tries all properties from other seeds: `npm run test:properties -- ROUNDS`, default 1. */
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')
const files = globSync('test/{unit,property,conformance,e2e}/**/*.test.ts', { cwd: root }).filter(
  (file) => readFileSync(join(root, file), 'utf8').includes("'fast-check'"),
)

const rounds = Number(process.argv[2] ?? 1)
for (let round = 1; round <= rounds; round++) {
  const seed = `${randomInt(2 ** 31)}`
  console.log(`round ${round} of ${rounds}: PROPERTY_SEED=${seed}`)
  const run = ['run', '--config', 'test/config/vitest.ts', ...files]
  const { status } = spawnSync('node_modules/.bin/vitest', run, {
    cwd: root,
    env: { ...process.env, PROPERTY_SEED: seed },
    stdio: 'inherit',
  })
  if (status !== 0) process.exitCode = 1
}

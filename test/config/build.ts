import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, globSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')
const [source, target] = [join(root, 'src'), join(root, 'dist')]

rmSync(target, { recursive: true, force: true })
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.json')], {
  stdio: 'inherit',
})
for (const schema of globSync('**/*.schema.json', { cwd: source })) {
  cpSync(join(source, schema), join(target, schema))
}
chmodSync(join(target, 'cli/main.js'), 0o755)

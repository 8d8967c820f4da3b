// Plain JavaScript: an installation without development dependencies runs it with whatever node there is.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url)

if (existsSync(new URL('node_modules/typescript/package.json', root))) {
  const build = fileURLToPath(new URL('test/config/build.ts', root))
  const { status } = spawnSync(process.execPath, [build], { stdio: 'inherit' })
  process.exitCode = status ?? 1
} else {
  console.log(
    'sallyport: dist/ is not built, since the development dependencies are not installed; run `npm ci` to have them, then `npm run build`',
  )
}

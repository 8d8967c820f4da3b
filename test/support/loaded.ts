import { execFileSync } from 'node:child_process'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Loaded {
  /** Files relative to the repository, `node_modules` included. */
  readonly files: readonly string[]
  /** Modules of Node that no empty program loads, without `node:`. */
  readonly builtins: readonly string[]
}

/** What a fresh process loads to run the statements of a module; `sallyport` is the source. */
export function loadedBy(statements: string): Loaded {
  const program = `
    import { registerHooks } from 'node:module'
    const files = []
    const before = new Set(process.moduleLoadList)
    registerHooks({ load: (url, context, next) => (files.push(url), next(url, context)) })
    await (async () => { ${statements} })()
    const builtins = process.moduleLoadList
      .filter((name) => !before.has(name) && /^NativeModule (?!internal)/.test(name))
      .map((name) => name.slice('NativeModule '.length))
    process.stdout.write(JSON.stringify({ files, builtins }))`
  const args = ['--conditions=sallyport-source', '--input-type=module', '--eval', program]
  const { files, builtins } = JSON.parse(
    execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }),
  ) as Loaded
  return {
    files: files
      .filter((url) => url.startsWith('file:'))
      .map((url) => relative(root, fileURLToPath(url))),
    builtins,
  }
}

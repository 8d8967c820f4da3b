import { readFileSync } from 'node:fs'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { compileFunction, constants } from 'node:vm'
import { moduleRunnerTransform } from 'vite'

type Exports = Record<string, unknown>
type Import = (specifier: string) => Promise<Exports>
type Evaluate = (
  load: Import,
  loadLater: Import,
  name: (name: string, value: () => unknown) => void,
  all: (exports: Exports) => void,
  meta: object,
) => Promise<void>

/** Told of each reading of what a module exports, with the files of both. */
export type OnRead = (module: string, reader: string) => void

const compiled = new Map<string, Promise<Evaluate>>()

/**
 * The modules of one run, all evaluated anew: what another run has left in them (caches, counters,
 * tables built when a module is loaded) is not seen. They are parsed only once in a process.
 * Vite, which comes with Vitest, makes them functions. There must be no cycles between them, and no
 * exported `let`.
 */
export class ModuleGraph {
  readonly #modules = new Map<string, Promise<Exports>>()
  readonly #vitest: () => Exports
  readonly #onRead: OnRead | undefined

  /** `vitest` gives what the file that is being loaded gets for its tests. */
  constructor(vitest: () => Exports, onRead?: OnRead) {
    this.#vitest = vitest
    this.#onRead = onRead
  }

  /** The exports of a TypeScript file, given with its absolute path. */
  load(file: string): Promise<Exports> {
    let exports = this.#modules.get(file)
    if (exports === undefined) {
      exports = this.#evaluate(file)
      this.#modules.set(file, exports)
    }
    return exports
  }

  async #evaluate(file: string): Promise<Exports> {
    const exports: Exports = {}
    const named: Array<[string, () => unknown]> = []
    const load: Import = (specifier) => this.#import(specifier, file)
    const evaluate = await compile(file)
    await evaluate(
      load,
      load,
      (name, value) => named.push([name, value]),
      (others) => Object.assign(exports, others),
      { url: pathToFileURL(file).href, filename: file, dirname: dirname(file) },
    )
    for (const [name, value] of named) exports[name] = value()
    return exports
  }

  async #import(specifier: string, importer: string): Promise<Exports> {
    if (specifier === 'vitest') return this.#vitest()
    const file = fileOf(specifier, importer)
    if (file === undefined) return importForeign(specifier)
    if (file.endsWith('.json')) return { default: JSON.parse(readFileSync(file, 'utf8')) }
    if (!file.endsWith('.ts')) return importForeign(pathToFileURL(file).href)
    return this.#watched(await this.load(file), file, importer)
  }

  #watched(exports: Exports, file: string, reader: string): Exports {
    const onRead = this.#onRead
    if (onRead === undefined) return exports
    return new Proxy(exports, {
      get(_, name: string) {
        // a promise asks what it is given for `then`
        if (Object.hasOwn(exports, name)) onRead(file, reader)
        return exports[name]
      },
    })
  }
}

/** The file that is meant; undefined for a package or a module of Node. */
function fileOf(specifier: string, importer: string): string | undefined {
  if (specifier.startsWith('.')) return resolve(dirname(importer), specifier)
  if (specifier.startsWith('file:')) return fileURLToPath(specifier)
  if (specifier.startsWith('sallyport')) return createRequire(importer).resolve(specifier)
  return undefined
}

async function compile(file: string): Promise<Evaluate> {
  const known = compiled.get(file)
  if (known !== undefined) return known
  const made = compileAnew(file)
  compiled.set(file, made)
  return made
}

async function compileAnew(file: string): Promise<Evaluate> {
  const source = stripTypeScriptTypes(readFileSync(file, 'utf8'))
  const transformed = await moduleRunnerTransform(source, null, file, source)
  if (transformed === null) throw new Error(`\`${file}\` cannot be transformed`)
  const parameters = ['import', 'dynamic_import', 'exportName', 'exportAll', 'import_meta']
  return compileFunction(
    `'use strict'; return (async () => {${transformed.code}\n})()`,
    parameters.map((name) => `__vite_ssr_${name}__`),
    { filename: pathToFileURL(file).href },
  ) as Evaluate
}

/** Imports packages as the files of the repository do, not as this folder with its own packages. */
const importForeign = compileFunction('return import(specifier)', ['specifier'], {
  filename: pathToFileURL('package.json').href,
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
}) as Import

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** Packs the package, lets two linters look at it, and uses it from an empty folder. */

const root = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'sallyport-package-'))

function run(command: string, args: readonly string[], cwd: string): string {
  console.log(`$ ${command} ${args.join(' ')}`)
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

function expect(found: string, wanted: string): void {
  if (!found.includes(wanted)) throw new Error(`expected ${wanted} in:\n${found}`)
}

try {
  run('npm', ['pack', '--silent', '--pack-destination', folder], root)
  const tarball = join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.tgz'))!,
  )
  console.log(run('publint', ['run', tarball, '--strict'], root))
  console.log(run('attw', [tarball, '--profile', 'esm-only', '--no-emoji'], root))

  const user = join(folder, 'user')
  mkdirSync(user)
  writeFileSync(join(user, 'package.json'), '{"name":"user","private":true,"type":"module"}')
  run('npm', ['install', '--silent', '--ignore-scripts', '--omit=optional', tarball], user)
  const names = 'import("sallyport").then((module) => console.log(Object.keys(module).join()))'
  expect(run('node', ['-e', names], user), 'createRuntime')
  const entries = [
    'models',
    'policy',
    'gate',
    'isolate',
    'report',
    'history',
    'plugins',
    'otel',
    'postgres',
    'testing',
  ]
  for (const entry of entries) {
    run('node', ['-e', `import("sallyport/${entry}")`], user)
  }
  const bin = join(user, 'node_modules/.bin/sallyport')
  expect(run(bin, ['--help'], user), 'Exit codes')
  expect(run(bin, ['schema', 'policy'], user), '"$schema"')
  expect(run(bin, ['check', 'node_modules/sallyport/policies/locked.yaml'], user), '0 errors')
  writeFileSync(
    join(user, 'tools.mjs'),
    `import { defineTool } from 'sallyport'
     export default [defineTool({ name: 'one', description: '', input: {}, execute: () => 1 })]`,
  )
  // what a library makes of runs has to have names, or it cannot declare it
  writeFileSync(
    join(user, 'library.ts'),
    `import { createRuntime, type Decision, type Message, type RunEvent, type RunOptions, type RunResult, type Tool, type ToolContext } from 'sallyport'
     export const runOf = (options: RunOptions) => createRuntime({ model: options as never }).run(options)
     export const eventsOf = (event: RunEvent) => event.type === 'tool-call' ? [event, event.args] as const : event.type === 'error' ? event : undefined
     export const reportOf = ({ error, report }: RunResult) => [error, report.header, report.rows[0], report.modelCalls[0], report.totals] as const
     export const labelsOf = ({ labels, obligations }: Decision) => [labels, obligations] as const
     export const partsOf = ({ content }: Message) => content
     export const factsOf = ({ facts, requires }: Tool) => [facts.args, requires] as const
     export const filesOf = ({ fetch, log, open }: ToolContext) => [fetch, log, open] as const`,
  )
  const declaring = ['--declaration', '--emitDeclarationOnly', '--outDir', 'types', '--strict']
  const modules = ['--module', 'nodenext', '--target', 'es2024', '--skipLibCheck']
  const typeRoots = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node']
  run('tsc', [...declaring, ...modules, ...typeRoots, 'library.ts'], user)
  const inside = `import('sallyport/isolate')
    .then(({ isolate }) => isolate('${join(user, 'tools.mjs')}'))
    .then(([tool]) => console.log(tool.name), ({ code }) => console.log(code))`
  const isolated = run('node', ['-e', inside], user)
  if (!isolated.includes('isolation-unavailable')) expect(isolated, 'one')

  const agent = join(folder, 'agent')
  cpSync(join(root, 'examples/agent'), agent, { recursive: true })
  run('npm', ['install', '--silent', '--ignore-scripts', '--omit=optional', tarball], agent)
  expect(run('npm', ['test'], agent), 'fail 0')
  console.log('the package can be installed and used')
} finally {
  rmSync(folder, { recursive: true, force: true })
}

import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const source = resolve(import.meta.dirname, '../../src')

/** Rank of each room; a file imports from its own room and from lower ranks only. */
const ranks: Readonly<Record<string, number>> = {
  base: 0,
  protocol: 1,
  wire: 2,
  tools: 2,
  policy: 2,
  journal: 2,
  cost: 2,
  history: 2,
  model: 3,
  gate: 3,
  run: 4,
  report: 5,
  analysis: 6,
  loading: 7,
  '.': 8,
  engine: 8,
  gateway: 8,
  adapters: 8,
  server: 8,
  plugins: 8,
  cli: 9,
  testing: 9,
  index: 10,
}

const talkWing = ['wire', 'model']
const actWing = ['tools', 'policy', 'gate']

/** Rooms and files that may touch files, sockets and processes, with what they need it for. */
const doors: readonly RegExp[] = [
  /^wire\/(http|dispatch|transport)\.ts$/,
  /^gate\/identity\/key-origin\.ts$/,
  /^gate\/guards\/probe\.ts$/,
  /^journal\/(lock|in-place|jsonl-erase|jsonl-checkpoints|jsonl-file|jsonl-index|jsonl-path|jsonl-tail|lines|open|sqlite-file|sqlite-open|sqlite-reader)\.ts$/,
  /^history\/(disk-files|disk-folder|sqlite-table)\.ts$/,
  /^analysis\/text-lines\.ts$/,
  /^loading\/(tree|folder-watch|key-files)\.ts$/,
  /^tools\/access\/(open|fetch|limit-body)\.ts$/,
  /^tools\/isolate\/(options|walls|process|descriptors|child)\.ts$/,
  // only the parser of addresses
  /^tools\/formats\.ts$/,
  /^cli\//,
  /^testing\//,
]

const inputOutput =
  /^(undici|node:(fs|fs\/promises|net|tls|http|https|child_process|dns|worker_threads))$/

interface SourceFile {
  readonly path: string
  readonly text: string
  readonly imports: readonly string[]
  /** Imports that are still there when types are stripped. */
  readonly linked: readonly string[]
}

const files: readonly SourceFile[] = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(source, path), 'utf8')
    const pattern =
      /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)|(?:^|\n)import\s+'([^']+)'/g
    const found = [...text.matchAll(pattern)]
    const linked = found.filter((match) => !/^\s*(import|export) type\s/.test(match[0]))
    return { path, text, imports: found.map(specifierOf), linked: linked.map(specifierOf) }
  })

function specifierOf(match: RegExpExecArray): string {
  return (match[1] ?? match[2] ?? match[3])!
}

/** The files that mention a name, sorted. */
function users(name: string): readonly string[] {
  const word = new RegExp(`\\b${name}\\b`)
  return files
    .filter(({ text }) => word.test(text))
    .map(({ path }) => path)
    .toSorted()
}

function roomOf(path: string): string {
  if (basename(path) === 'index.ts') return 'index'
  const folder = path.split('/')[0]!
  return folder === path ? '.' : folder
}

function localImports(file: SourceFile, imports = file.imports): readonly string[] {
  return imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => relative(source, resolve(source, dirname(file.path), specifier)))
}

function violations(check: (file: SourceFile) => readonly string[]): readonly string[] {
  return files.flatMap((file) => check(file).map((problem) => `${file.path}: ${problem}`))
}

describe('the house', () => {
  test('has only known rooms', () => {
    expect(violations(({ path }) => (roomOf(path) in ranks ? [] : ['unknown room']))).toEqual([])
  })

  test('lets a file import only from its room and from lower ranks', () => {
    const upward = violations((file) =>
      localImports(file).filter((target) => {
        const [from, to] = [roomOf(file.path), roomOf(target)]
        return from !== to && ranks[to]! >= ranks[from]!
      }),
    )
    expect(upward).toEqual([])
  })

  test('keeps the wing that talks and the wing that acts apart', () => {
    const meetings = violations((file) => {
      const room = roomOf(file.path)
      const strangers = talkWing.includes(room) ? actWing : actWing.includes(room) ? talkWing : []
      return localImports(file).filter((target) => strangers.includes(roomOf(target)))
    })
    expect(meetings).toEqual([])
  })

  test('lets a run see models only through their interface', () => {
    const seen = violations((file) =>
      roomOf(file.path) === 'run'
        ? localImports(file).filter((target) => talkWing.includes(roomOf(target)))
        : [],
    )
    expect(seen).toEqual([])
  })

  test('reaches files, sockets and processes only through known doors', () => {
    const outside = violations(({ path, imports }) =>
      doors.some((door) => door.test(path))
        ? []
        : imports.filter((specifier) => inputOutput.test(specifier)),
    )
    expect(outside).toEqual([])
  })

  test('makes permits in one file and redeems them in one file', () => {
    expect(users('mintPermit')).toEqual(['gate/gate.ts', 'tools/permit.ts'])
    expect(users('redeemPermit')).toEqual(['tools/execute.ts', 'tools/permit.ts'])
    expect(users('implementation')).toEqual([
      'tools/definition.ts',
      'tools/execute.ts',
      'tools/tool.ts',
    ])
    // the second one is in a process that only starts for a call that has been permitted
    expect(users('implementationOf')).toEqual([
      'tools/execute.ts',
      'tools/isolate/child.ts',
      'tools/tool.ts',
    ])
  })

  test('has no import cycles', () => {
    const graph = new Map(files.map((file) => [file.path, localImports(file, file.linked)]))
    const done = new Set<string>()
    const cycles: string[] = []
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' > '))
        return
      }
      if (done.has(path)) return
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
      done.add(path)
    }
    for (const path of graph.keys()) visit(path, [])
    expect(cycles).toEqual([])
  })

  test('has no class that makes itself while it is made, which does not load once it is compiled', () => {
    const found = violations(({ text }) =>
      [...text.matchAll(/^\s+static [^\n=(]*= new (\w+)\(/gm)]
        .filter(([, name]) => text.includes(`class ${name} `))
        .map(([line]) => line.trim()),
    )
    expect(found).toEqual([])
  })

  test('keeps files short', () => {
    const lines = files.map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    expect(lines.filter((file) => file.lines > 300)).toEqual([])
  })

  test('has no barrels but the entry points, and no default exports', () => {
    const found = violations(({ path, text }) => [
      ...(/export \* from/.test(text) ? ['export *'] : []),
      ...(/^export default/m.test(text) ? ['default export'] : []),
      ...(roomOf(path) !== 'index' && /^export (type )?\{[^}]*\} from/m.test(text)
        ? ['re-export']
        : []),
    ])
    expect(found).toEqual([])
  })
})

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/**
 * Makes the script of the report page out of its modules: `npm run page-script`. The product itself
 * neither compiles nor bundles, so the result is kept as a constant.
 */

const root = resolve(import.meta.dirname, '../..')
const target = join(root, 'src/report/html/script.ts')

interface Module {
  readonly name: string
  readonly text: string
}

/** The script: every module a function of its own, in the order of their imports. */
export function compilePageScript(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-page-'))
  try {
    const project = join(root, 'src/report/html/client/tsconfig.json')
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', project, '--outDir', folder], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    return assemble(join(folder, 'report/html/client/main.js'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function assemble(main: string): string {
  const modules = new Map<string, Module>()
  const visit = (path: string): string => {
    const known = modules.get(path)
    if (known !== undefined) return known.name
    const text = link(readFileSync(path, 'utf8'), (specifier) =>
      visit(resolve(dirname(path), specifier)),
    )
    const name = `module${modules.size}`
    modules.set(path, { name, text: `const ${name} = (() => {\n${text}})()\n` })
    return name
  }
  visit(main)
  const script = `'use strict'\n{\n${[...modules.values()].map(({ text }) => text).join('')}}\n`
  // what would end the element the script stands in, or start a comment in it
  if (/<\/script|<script|<!--/i.test(script)) throw new Error('the script would end its element')
  return script
}

/** A module as the body of a function: imports become constants, exports what it returns. */
function link(text: string, nameOf: (specifier: string) => string): string {
  const exported: string[] = []
  const body = text
    .replaceAll(
      /^import \{([^}]*)\} from '([^']+)';?$/gm,
      (_whole, names: string, from: string) => {
        return `const {${names.replaceAll(' as ', ': ')}} = ${nameOf(from)}`
      },
    )
    .replaceAll(/^export ((?:async )?(?:function|const|class) (\w+))/gm, (_whole, rest, name) => {
      exported.push(name as string)
      return rest as string
    })
    .replaceAll(/^export \{\};?\n?/gm, '')
  if (/^(import|export)\b/m.test(body)) throw new Error(`cannot link:\n${body}`)
  return `${body}return { ${exported.join(', ')} }\n`
}

if (process.argv[1] === import.meta.filename) {
  const script = JSON.stringify(compilePageScript())
  writeFileSync(
    target,
    `/** The modules of \`client/\`, compiled by \`npm run page-script\`; a test holds the two together. */\nexport const script =\n  ${script}\n`,
  )
  execFileSync(join(root, 'node_modules/.bin/oxfmt'), [
    '-c',
    join(root, 'test/config/oxfmt.json'),
    target,
  ])
}

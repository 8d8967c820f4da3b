import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cli } from '../support/cli.ts'
import { deskFolder } from '../support/cli-files.ts'

const look = `{ name: 'look', description: '', input: {}, execute: () => 1 }`

const cases: readonly (readonly [what: string, file: string, text: string, problem: RegExp])[] = [
  [
    'has a syntax error',
    'syntax.mjs',
    'export default [\n  { name: 1,, },\n]\n',
    /^error\[bad-file\]: `syntax\.mjs` has a syntax error at line 2, column 13: /,
  ],
  [
    'has a syntax error in TypeScript',
    'syntax.ts',
    'const a: string = "1"\nexport default [a,,]]\n',
    /^error\[bad-file\]: `syntax\.ts` has a syntax error at line 2, column 21: /,
  ],
  [
    'throws when it is imported',
    'throws.mjs',
    '\nthrow new Error("no \\u202e database")\n',
    /^error\[bad-file\]: `throws\.mjs` throws when it is imported: no \\u\{202e\} database \(at line 2, column 7\)$/m,
  ],
  [
    'throws what is no error',
    'object.mjs',
    'throw null\n',
    /^error\[bad-file\]: `object\.mjs` throws when it is imported: null$/m,
  ],
  [
    'imports what is not there',
    'import.mjs',
    'import "./nowhere.mjs"\nexport default []\n',
    /^error\[bad-file\]: `import\.mjs` imports what is not there: .*nowhere\.mjs/,
  ],
  [
    'is no module',
    'tools.txt',
    'look\n',
    /^error\[bad-file\]: `tools\.txt` is no module: .*\n {2}help: name it `\.mjs`/,
  ],
  [
    'has no default export',
    'named.mjs',
    `export const tools = [${look}]\n`,
    /^error\[bad-option\]: `named\.mjs` has no default export\n {2}help: write `export default \[/,
  ],
  [
    'exports something else',
    'single.mjs',
    `export default ${look}\n`,
    /^error\[bad-option\]: the default export of `single\.mjs` is an object, not a list of tools$/m,
  ],
  [
    'exports a promise',
    'promise.mjs',
    `export default Promise.resolve([${look}])\n`,
    /^error\[bad-option\]: the default export of `promise\.mjs` is a promise, not/,
  ],
  [
    'has an entry that is no tool',
    'entry.mjs',
    `export default [${look}, 'refund']\n`,
    /^error\[bad-tool\]: entry 1 of `entry\.mjs`: a tool is an object$/m,
  ],
  [
    'has an empty place',
    'hole.mjs',
    `export default [, ${look}]\n`,
    /^error\[bad-tool\]: entry 0 of `hole\.mjs`: a tool is an object$/m,
  ],
  [
    'has a tool that does nothing',
    'idle.mjs',
    `export default [{ name: 'look', description: '', input: {} }]\n`,
    /^error\[bad-tool\]: entry 0 of `idle\.mjs`: the tool `look` has no function `execute`$/m,
  ],
  [
    'has a schema that is none',
    'schema.mjs',
    `export default [{ name: 'a', description: '', input: { type: 'string' }, execute() {} }]\n`,
    /^error\[bad-schema\]: entry 0 of `schema\.mjs`: /,
  ],
  [
    'has two tools of one name',
    'twice.mjs',
    `export default [${look}, ${look}]\n`,
    /^error\[bad-tool\]: two tools have the name `look`$/m,
  ],
  [
    'lists schemas without a name',
    'nameless.json',
    '[{"name":"look"},{"inputSchema":{}}]',
    /^error\[bad-option\]: entry 1 of `nameless\.json` has no `name`$/m,
  ],
]

describe.concurrent('a tools module', () => {
  test.each(cases)('that %s is refused in one message', async (_, file, text, problem) => {
    const cwd = deskFolder({ [file]: text })
    const { code, out, err } = await cli(['check', 'desk.yaml', '--tools', file], { cwd })
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(problem)
    expect(err.match(/^error\[/gm)).toHaveLength(1)
  })

  test.each([
    ['is missing', 'none.mjs', '`none.mjs` does not exist'],
    ['is a folder', 'folder', '`folder` is not a file'],
  ])('that %s is refused in one message', async (_, file, problem) => {
    const cwd = deskFolder()
    mkdirSync(join(cwd, 'folder'))
    const { code, err } = await cli(['check', 'desk.yaml', '--tools', file], { cwd })
    expect(code).toBe(2)
    expect(err).toContain(`error[bad-file]: ${problem}\n  help: `)
  })
})

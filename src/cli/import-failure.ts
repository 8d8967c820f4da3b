import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { messageOf, SallyportError } from '../base/errors.ts'
import { shorten } from '../base/text.ts'

/** Why the module at `path` (absolute; `shown` as the user wrote it) could not be imported. */
export async function importFailure(
  shown: string,
  path: string,
  cause: unknown,
): Promise<SallyportError> {
  const failed = (problem: string, help?: string): SallyportError =>
    new SallyportError('bad-file', `\`${shown}\` ${problem}`, { help, cause })
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) {
    return failed('does not exist', 'give the path of a module, seen from the current folder')
  }
  if (!found.isFile()) return failed('is not a file', 'name the module inside it')
  const message = shorten(messageOf(cause), 500)
  if (cause instanceof SyntaxError) {
    const place = framePlace(cause.stack ?? '') ?? (await syntaxPlace(path))
    return failed(
      `has a syntax error${place === undefined ? '' : ` at ${shortPlace(place, path)}`}: ${message}`,
    )
  }
  const code = (cause as { readonly code?: unknown } | undefined)?.code
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') {
    return failed(`imports what is not there: ${message}`, 'install it, or mend the `import`')
  }
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return failed(
      `is no module: ${message}`,
      'name it `.mjs`, `.js` or `.ts`, or `.json` for schemas',
    )
  }
  const place = cause instanceof Error ? thrownPlace(cause.stack ?? '') : undefined
  return failed(
    `throws when it is imported: ${message}${place === undefined ? '' : ` (at ${shortPlace(place, path)})`}`,
  )
}

interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

function shortPlace({ file, line, column }: Place, path: string): string {
  const where = `line ${line}, column ${column}`
  return file === path ? where : `${where} of \`${shorten(file, 200)}\``
}

/** What node prints: file and line, some lines of the source, a mark under the column. */
const frame = /^(.+):(\d+)\n(?:.*\n){1,8}?( *)\^+$/m

function framePlace(text: string): Place | undefined {
  const [, file, line, indent] = frame.exec(text.slice(0, 20_000)) ?? []
  if (file === undefined || line === undefined || indent === undefined) return undefined
  return { file: pathOf(file), line: Number(line), column: indent.length + 1 }
}

/** The first place outside of node in the stack of what was thrown. */
function thrownPlace(stack: string): Place | undefined {
  const [, url, line, column] = /(?:\(|at )(file:[^\n]+?):(\d+):(\d+)\)?$/m.exec(stack) ?? []
  if (url === undefined) return undefined
  return { file: pathOf(url), line: Number(line), column: Number(column) }
}

function pathOf(file: string): string {
  return file.startsWith('file:') ? fileURLToPath(file) : file
}

/** Node keeps the place of a syntax error in JavaScript to itself unless asked to check the file. */
function syntaxPlace(path: string): Promise<Place | undefined> {
  // it takes TypeScript for JavaScript, but tells the place of its errors anyway
  if (/\.[cm]?ts$/.test(path)) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    execFile(process.execPath, ['--check', path], { timeout: 10_000 }, (_error, _out, told) =>
      resolve(framePlace(told)),
    )
  })
}

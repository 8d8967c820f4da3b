import { readFile } from 'node:fs/promises'
import { convertSecurityConfig } from '../../analysis/convert.ts'
import { writePolicy } from '../../analysis/write-policy.ts'
import { messageOf, SallyportError } from '../../base/errors.ts'
import { readPolicy } from '../../policy/read.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { printable, type Io } from '../io.ts'
import { writeNewFile } from '../new-file.ts'
import { loadTools } from '../tools-file.ts'

export interface ConvertOptions {
  readonly tools?: string
  readonly issuer?: string
  readonly audience?: string
  readonly output?: string
}

/**
 * Prints the policy that says what a SecurityConfig said. What it says otherwise stands in its
 * comments and on standard error.
 */
export async function convert(file: string, options: ConvertOptions, io: Io): Promise<ExitCode> {
  const { tools, output, ...rest } = options
  const given = tools === undefined ? {} : { tools: await loadTools(tools) }
  const { document, notes } = convertSecurityConfig(await readText(file), { ...rest, ...given })
  const text = writePolicy(document, {
    head: [
      '',
      ' Converted from a SecurityConfig. Read it before it is used. What it says otherwise:',
      ...notes.map((note) => ` - ${note}`),
    ],
  })
  readPolicy(text, { file: 'converted' })
  for (const note of notes) io.note(`note: ${printable(note)}\n`)
  if (output === undefined) io.out(text)
  else await writeNewFile(output, text)
  return exitCode.done
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new SallyportError('bad-file', `\`${file}\` cannot be read: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

import { convertSecurityConfig } from '../../analysis/convert.ts'
import { policyAsJson, writePolicy } from '../../analysis/write-policy.ts'
import { readPolicy } from '../../policy/read.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { readText, writeNewText } from '../files.ts'
import { printable, type Io } from '../io.ts'
import { loadToolbox } from '../tools-file.ts'

export interface ConvertOptions {
  readonly tools?: string
  readonly issuer?: string
  readonly audience?: string
  readonly output?: string
  readonly json?: boolean
}

/**
 * Prints the policy that says what a SecurityConfig said. What it says otherwise stands in its
 * comments and on standard error.
 */
export async function convert(file: string, options: ConvertOptions, io: Io): Promise<ExitCode> {
  const { tools, output, json, ...rest } = options
  const given = tools === undefined ? {} : { tools: await loadToolbox(tools) }
  const { document, notes } = convertSecurityConfig(await readText(file), { ...rest, ...given })
  const written = writePolicy(document, {
    head: [
      '',
      ' Converted from a SecurityConfig. Read it before it is used. What it says otherwise:',
      ...notes.map((note) => ` - ${note}`),
    ],
  })
  readPolicy(written, { file: 'converted' })
  const text = json === true ? policyAsJson(written) : written
  for (const note of notes) io.note(`note: ${printable(note)}\n`)
  if (output === undefined) io.out(text)
  else await writeNewText(output, text)
  return exitCode.done
}

import { signatureFile } from '../../loading/load.ts'
import { signPolicy } from '../../loading/sign.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { writeText } from '../files.ts'
import { outJson, printable, type Io } from '../io.ts'
import { readOnlyKey } from '../trusted-keys.ts'

export interface SignOptions {
  readonly key: string
  readonly output?: string
  readonly json?: boolean
}

/** Signs one policy file with everything it extends; the signature is a file beside it. */
export async function sign(file: string, options: SignOptions, io: Io): Promise<ExitCode> {
  const key = await readOnlyKey(options.key)
  const signature = await signPolicy(file, key)
  const output = options.output ?? signatureFile(file)
  await writeText(output, `${signature}\n`)
  const { kid } = key
  if (options.json === true) outJson(io, { file, signature: output, kid })
  else io.note(printable(`signed \`${file}\` with the key \`${String(kid)}\`: ${output}\n`))
  return exitCode.done
}

import { readFile } from 'node:fs/promises'
import { SallyportError } from '../../base/errors.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import type { Io } from '../io.ts'

const files: Readonly<Record<string, string>> = {
  policy: '../../policy/policy.schema.json',
  report: '../../report/report.schema.json',
  overview: '../../report/overview.schema.json',
  'found-call': '../../report/found-call.schema.json',
  event: '../../report/event.schema.json',
  record: '../../report/record.schema.json',
  snapshot: '../../snapshot.schema.json',
  approval: '../../gate/approval.schema.json',
  trace: '../../analysis/trace.schema.json',
}

const schemaNames: readonly string[] = Object.keys(files)

/** Prints a published JSON Schema (2020-12). */
export async function schema(name: string, io: Io): Promise<ExitCode> {
  const file = Object.hasOwn(files, name) ? files[name] : undefined
  if (file === undefined) {
    throw new SallyportError('bad-option', `there is no schema \`${name}\``, {
      help: `the schemas are ${schemaNames.join(', ')}`,
    })
  }
  io.out(await readFile(new URL(file, import.meta.url), 'utf8'))
  return exitCode.done
}

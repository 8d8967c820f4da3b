import { counted, visible } from '../base/text.ts'
import type { Verification } from '../report/verification.ts'

/** What was found about a run, for people: the verdict, then what is proved and what is not. */
export function verificationText(found: Verification & { readonly runId: string | null }): string {
  const { verdict, message, record, runId, records } = found
  const place = record === undefined ? '' : ` at record ${record}`
  const run = runId === null ? [] : [`run ${visible(runId)}`]
  return [
    [`${verdict}${place}`, ...run, counted(records, 'record')].join('  '),
    ...(verdict === 'CONSISTENT' ? [] : [`  ${visible(message)}`]),
    ...list('proved', found.proved),
    ...list('not proved', found.notProved),
    '',
  ].join('\n')
}

function list(title: string, statements: readonly string[]): readonly string[] {
  return statements.map((statement, index) => {
    return `  ${(index === 0 ? title : '').padEnd(10)}  ${visible(statement)}`
  })
}

import { isObject, type JsonObject } from '../base/json.ts'
import { counted, visible } from '../base/text.ts'
import type { ProofVerification } from '../report/proof.ts'
import type { Verification } from '../report/verification.ts'

/** Verdicts that say a record is not what was written, or tells of what must not be. */
export const broken: ReadonlySet<Verification['verdict']> = new Set([
  'MALFORMED',
  'TAMPERED',
  'UNPERMITTED',
  'COUNT_MISMATCH',
])

/** What was found about a run, for people: the verdict, then what is proved and what is not. */
export function verificationText(found: Verification & { readonly runId: string | null }): string {
  const { verdict, message, record, runId, records } = found
  const place = record === undefined ? '' : ` at record ${record}`
  const run = runId === null ? [] : [`run ${visible(runId)}`]
  return [
    [`${verdict}${place}`, ...run, counted(records, 'record'), ...signatureText(found)].join('  '),
    ...(verdict === 'CONSISTENT' ? [] : [`  ${visible(message)}`]),
    ...difference(found),
    ...list('proved', found.proved),
    ...list('not proved', found.notProved),
    '',
  ].join('\n')
}

function difference({ expected, found }: Verification): readonly string[] {
  if (expected === undefined || found === undefined) return []
  return [`  expected    ${visible(expected)}`, `  found       ${visible(found)}`]
}

function signatureText({ attestation }: Verification): readonly string[] {
  if (attestation === undefined) return []
  const { attested, checkpoints, signers, tail } = attestation
  return [
    counted(checkpoints, 'checkpoint'),
    `attested ${attested}, tail ${tail}`,
    ...(signers.length === 0 ? [] : [`signed by ${visible(signers.join(', '))}`]),
  ]
}

/** What the proof of a call shows, for people. */
export function proofText(found: ProofVerification): string {
  const { verdict, message, runId, callId, signer, signedAt, events } = found
  return [
    [
      verdict,
      ...(callId === null ? [] : [`call ${visible(callId)} of run ${visible(runId ?? '')}`]),
    ].join('  '),
    `  ${visible(message)}`,
    ...(signer === null ? [] : [`  signed by ${visible(signer)} at ${visible(signedAt ?? '')}`]),
    ...events.map((event) => `  ${visible(eventText(event))}`),
    ...list('proved', found.proved),
    ...list('not proved', found.notProved),
    '',
  ].join('\n')
}

/** The members of a record by which people know it. */
function eventText(event: JsonObject): string {
  const decision = isObject(event['decision']) ? event['decision'] : {}
  const words = [
    event['at'],
    event['type'],
    event['tool'],
    decision['effect'],
    decision['rule'],
    event['action'],
    event['status'],
  ]
  return words.filter((word) => typeof word === 'string').join(' ')
}

function list(title: string, statements: readonly string[]): readonly string[] {
  return statements.map((statement, index) => {
    return `  ${(index === 0 ? title : '').padEnd(10)}  ${visible(statement)}`
  })
}

import { canonicalJson, sha256 } from '../base/digest.ts'
import { shorten, visibleJson } from '../base/text.ts'
import type { RuleReference } from '../protocol/decision.ts'
import type { JsonValue } from '../base/json.ts'
import { prettyJson } from './json.ts'
import type { Report } from './report.ts'
import { callNumber, summarize, type CallSummary } from './summary.ts'
import { checkReport } from './given.ts'

/** Results that code scanning takes of one file. */
const mostResults = 5_000

/**
 * The decisions that did not simply allow a call as a SARIF 2.1.0 log for code scanning. A result
 * names the rule and points at its line in the policy file; its fingerprint is made of rule, tool
 * and the shape of the arguments, so that the same refusal is one finding over many runs. At most
 * 5,000 results, with a notification that tells how many are left out. The same report gives the
 * same bytes.
 */
export function renderSarif(report: Report): string {
  const results = new SarifResults()
  for (const call of summarize(checkReport(report)).calls) results.add(call)
  return sarifText(report, results)
}

/** The results of calls, one after another; of those that are left out nothing is kept. */
export class SarifResults {
  readonly rules = new Map<string, number>()
  readonly shown: ResultOfCall[] = []
  left = 0

  add(call: CallSummary): void {
    if (!isNotable(call)) return
    if (this.shown.length === mostResults) {
      this.left++
      return
    }
    const rule = ruleOf(call)
    if (!this.rules.has(rule)) this.rules.set(rule, this.rules.size)
    this.shown.push(resultOf(call, this.rules.get(rule)!))
  }
}

export function sarifText(
  { header, end }: Pick<Report, 'header' | 'end'>,
  { rules, shown, left }: SarifResults,
): string {
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'sallyport',
            version: header.versions.sallyport,
            rules: [...rules.keys()].map((id) => ({ id })),
          },
        },
        automationDetails: { id: `sallyport/${header.runId}` },
        invocations: [
          {
            executionSuccessful: end.status === 'completed',
            startTimeUtc: header.startedAt,
            ...(header.endedAt === null ? {} : { endTimeUtc: header.endedAt }),
            ...(left === 0 ? {} : { toolExecutionNotifications: [leftOut(left)] }),
          },
        ],
        columnKind: 'utf16CodeUnits',
        ...(header.redaction === undefined ? {} : { properties: { redaction: header.redaction } }),
        results: shown.map((result) => withLocation(result, header.policy.file)),
      },
    ],
  }
  return `${visibleJson(prettyJson(log))}\n`
}

/** What the gate held back or would have: failures of tools are no findings about a policy. */
function isNotable({ effect, outcome }: CallSummary): boolean {
  return effect === 'none' ? outcome === 'refused' : effect !== 'allow' || outcome === 'refused'
}

function leftOut(count: number): object {
  return { level: 'warning', message: { text: `${count} more results are left out` } }
}

/** Calls that no rule decided go by what was wrong with them. */
function ruleOf({ rule, effect, row }: CallSummary): string {
  return shorten(effect === 'none' ? (row.error?.code ?? row.status) : rule, 200)
}

interface ResultOfCall {
  readonly result: object
  readonly place: RuleReference | undefined
}

function resultOf(call: CallSummary, ruleIndex: number): ResultOfCall {
  const { row, reasons, place } = call
  const said = reasons.slice(0, 8).map((reason) => `: ${shorten(reason, 500)}`)
  const text = `${shorten(row.tool, 200)} (call ${callNumber(row)}) ${row.status}${said.join('')}`
  const result = {
    ruleId: ruleOf(call),
    ruleIndex,
    level: levelOf(call),
    message: { text: messageText(text) },
    partialFingerprints: { 'sallyport/v1': fingerprint(call) },
    properties: { callId: row.callId, argsDigest: row.argsDigest, effect: call.effect },
  }
  return { result, place }
}

function levelOf({ effect, outcome, shadowed }: CallSummary): 'error' | 'warning' | 'note' {
  if (shadowed || outcome === 'waiting') return 'warning'
  if (effect === 'deny' || outcome === 'refused') return 'error'
  return outcome === 'executed' ? 'note' : 'warning'
}

/** Where the deciding rule stands; for what no rule decided, the policy file. */
function withLocation({ result, place }: ResultOfCall, policyFile: string | undefined): object {
  const file = place?.file ?? policyFile
  if (file === undefined) return result
  const region =
    place === undefined
      ? { startLine: 1 }
      : { startLine: Math.max(1, place.line), startColumn: Math.max(1, place.column) }
  const physicalLocation = { artifactLocation: { uri: artifactUri(file) }, region }
  return { ...result, locations: [{ physicalLocation }] }
}

/**
 * A path as the relative reference (RFC 3986) that code scanning looks up in a repository. One that
 * began with two slashes would name a host.
 */
export function artifactUri(file: string): string {
  const path = file.toWellFormed().replace(/^\/+/, '/')
  return path.split('/').map(encodeURIComponent).join('/')
}

/** Brackets would make links and braces placeholders (SARIF 2.1.0, sections 3.11.5 and 3.11.6). */
function messageText(text: string): string {
  return text
    .replaceAll(/[\\[\]]/g, (character) => `\\${character}`)
    .replaceAll(/[{}]/g, (character) => character + character)
}

function fingerprint(call: CallSummary): string {
  const shape = call.row.args === undefined ? 'erased' : shapeOf(call.row.args, 0)
  return sha256(canonicalJson([ruleOf(call), call.row.tool.toWellFormed(), shape])).slice(7)
}

/** Names and types of arguments without their values; deep ones count as one. */
function shapeOf(value: JsonValue, depth: number): JsonValue {
  if (value === null || typeof value !== 'object') return typeof value
  if (Array.isArray(value) || depth === 4) return Array.isArray(value) ? 'array' : 'object'
  return Object.entries(value)
    .map(([key, member]): JsonValue => [key.toWellFormed(), shapeOf(member, depth + 1)])
    .toSorted((a, b) => (String((a as string[])[0]) < String((b as string[])[0]) ? -1 : 1))
}

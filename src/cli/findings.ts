import { visible } from '../base/text.ts'
import type { Diagnostic } from '../policy/diagnostic.ts'
import { placeText } from '../protocol/place.ts'
import { artifactUri } from '../report/sarif.ts'

export type FindingFormat = 'human' | 'compact' | 'json' | 'github' | 'sarif'

/** One line an editor can jump from. */
export function compactFinding(finding: Diagnostic): string {
  const { file, range, severity, code, message, help } = finding
  const more = help === undefined ? '' : `; ${help}`
  return `${placeText({ file, ...range.start })}: ${severity}[${code}] ${message}${more}`
}

/** A workflow command by which GitHub marks the line in a pull request. */
export function githubFinding(finding: Diagnostic): string {
  const { file, range, severity, code, message, help } = finding
  const properties = {
    file,
    line: range.start.line,
    col: range.start.column,
    endLine: range.end.line,
    endColumn: range.end.column,
    title: code,
  }
  const shown = Object.entries(properties).map(
    ([key, value]) => `${key}=${property(String(value))}`,
  )
  const text = help === undefined ? message : `${message}. ${help}`
  return `::${severity} ${shown.join(',')}::${escaped(text)}`
}

function escaped(text: string): string {
  return visible(text).replaceAll('%', '%25')
}

/** Commas and colons end a property. */
function property(text: string): string {
  return escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

/** Findings as a SARIF 2.1.0 log, for code scanning. */
export function sarifFindings(findings: readonly Diagnostic[], version: string): object {
  const codes = [...new Set(findings.map(({ code }) => code))]
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'sallyport', version, rules: codes.map((id) => ({ id })) } },
        columnKind: 'utf16CodeUnits',
        results: findings.map(sarifResult),
      },
    ],
  }
}

function sarifResult({ code, severity, message, help, file, range }: Diagnostic): object {
  return {
    ruleId: code,
    level: severity,
    message: { text: help === undefined ? message : `${message}. ${help}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: artifactUri(file) },
          region: {
            startLine: range.start.line,
            startColumn: range.start.column,
            endLine: range.end.line,
            endColumn: range.end.column,
          },
        },
      },
    ],
  }
}

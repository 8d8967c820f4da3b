import { csvHead, csvLine, type CsvOptions } from './csv.ts'
import { visibleJson } from '../base/text.ts'
import { prettyJson } from './json.ts'
import { junitCase, junitFoot, junitHead } from './junit.ts'
import type { LongReport } from './long.ts'
import { MarkdownCalls, markdownText, type MarkdownOptions } from './markdown.ts'
import { SarifResults, sarifText } from './sarif.ts'
import { TerminalCalls, terminalText, type TerminalOptions } from './terminal.ts'

// The same bytes as of a report that is held whole, in pieces.

export async function* longCsv(report: LongReport, options: CsvOptions): AsyncGenerator<string> {
  const { report: outline } = await report.outline()
  yield csvHead(options)
  for await (const call of report.calls()) yield csvLine(outline.header.runId, call)
}

export async function* longJunit(report: LongReport): AsyncGenerator<string> {
  const { report: outline, summary } = await report.outline()
  yield junitHead(outline, summary)
  for await (const call of report.calls()) yield junitCase(call)
  yield junitFoot
}

export async function* longSarif(report: LongReport): AsyncGenerator<string> {
  const results = new SarifResults()
  const { report: outline } = await report.outline({ call: (call) => results.add(call) })
  yield sarifText(outline, results)
}

export async function* longMarkdown(
  report: LongReport,
  options: MarkdownOptions,
): AsyncGenerator<string> {
  const rows = new MarkdownCalls(options)
  const { report: outline, summary } = await report.outline({ call: (call) => rows.add(call) })
  yield markdownText(outline, summary, rows, options)
}

export async function* longTerminal(
  report: LongReport,
  options: TerminalOptions,
): AsyncGenerator<string> {
  const lists = new TerminalCalls(options)
  const { report: outline, summary } = await report.outline({
    call: (call) => lists.add(call),
    modelCall: (call) => lists.addModelCall(call),
  })
  yield terminalText(outline, summary, lists, options)
}

export async function* longJson(report: LongReport): AsyncGenerator<string> {
  const { report: outline } = await report.outline()
  yield '{'
  let between = '\n'
  for (const [name, value] of Object.entries(outline).toSorted(byName)) {
    yield `${between}  ${JSON.stringify(name)}: `
    if (name === 'modelCalls') yield* jsonList(report.modelCalls())
    else if (name === 'rows') yield* jsonList(rowsOf(report))
    else yield jsonOf(value, '  ')
    between = ',\n'
  }
  yield '\n}\n'
}

async function* rowsOf(report: LongReport): AsyncGenerator<unknown> {
  for await (const { row } of report.calls()) yield row
}

async function* jsonList(items: AsyncIterable<unknown>): AsyncGenerator<string> {
  let before = '['
  for await (const item of items) {
    yield `${before}\n    ${jsonOf(item, '    ')}`
    before = ','
  }
  yield before === '[' ? '[]' : '\n  ]'
}

/** A member of something that is indented by `margin`; line ends in texts are escaped. */
function jsonOf(value: unknown, margin: string): string {
  return visibleJson(prettyJson(value)).replaceAll('\n', `\n${margin}`)
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}

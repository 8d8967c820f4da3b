import { shorten } from '../base/text.ts'
import { placeText } from '../protocol/place.ts'
import { compactJson } from './json.ts'
import type { Report } from './report.ts'
import {
  callNumber,
  redactionText,
  summarize,
  type CallSummary,
  type Outcome,
  type Summary,
} from './summary.ts'
import { xmlText } from './xml.ts'
import { checkReport } from './given.ts'

/**
 * The report as JUnit XML, in the form that build servers read: a `testsuite` for the run, a
 * `testcase` for each call. Refused calls are failures, failed ones errors, and those that wait or
 * were stopped are skipped. Times are seconds. The same report gives the same bytes.
 */
export function renderJunit(report: Report): string {
  const { calls, ...summary } = summarize(checkReport(report))
  return [junitHead(report, summary), ...calls.map(junitCase), junitFoot].join('')
}

/** Everything before the first `testcase`. */
export function junitHead(
  report: Report,
  { counts, headline }: Pick<Summary, 'counts' | 'headline'>,
): string {
  const { header, totals: sums } = report
  const skipped = counts.waiting + counts.stopped
  const totals = `tests="${sums.calls}" failures="${counts.refused}" errors="${counts.failed}"`
  const time = `time="${seconds(header.durationMs)}"`
  const suite = `name="${attribute(header.policy.name)}" ${totals} skipped="${skipped}" ${time}`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="sallyport" ${totals} ${time}>`,
    `  <testsuite ${suite} timestamp="${attribute(header.startedAt)}">`,
    '    <properties>',
    property('run', header.runId),
    property('result', headline),
    property('policy', header.policy.digest),
    property('head', report.head ?? 'none'),
    ...(header.redaction === undefined
      ? []
      : [property('redaction', redactionText(header.redaction))]),
    '    </properties>',
    '',
  ].join('\n')
}

/** Everything after the last `testcase`. */
export const junitFoot = '  </testsuite>\n</testsuites>\n'

function property(name: string, value: string): string {
  return `      <property name="${name}" value="${attribute(value)}"/>`
}

const elements: Readonly<Record<Outcome, 'failure' | 'error' | 'skipped' | undefined>> = {
  executed: undefined,
  refused: 'failure',
  failed: 'error',
  waiting: 'skipped',
  stopped: 'skipped',
}

/** The `testcase` of a call, with its line end. */
export function junitCase(call: CallSummary): string {
  const { row, outcome } = call
  const name = attribute(`${callNumber(row)} ${row.tool}`)
  const time = seconds(row.executionMs)
  const opened = `    <testcase name="${name}" classname="${attribute(call.rule)}" time="${time}"`
  const element = elements[outcome]
  if (element === undefined) return `${opened}/>\n`
  const message = `${row.status} by ${call.rule}`
  const inner = `<${element} message="${attribute(message)}"`
  // readers of `skipped` know a message only
  const whole =
    element === 'skipped'
      ? `${inner}/>`
      : `${inner} type="${row.status}">${xmlText(detail(call))}</${element}>`
  return `${opened}>\n      ${whole}\n    </testcase>\n`
}

function detail({ row, place, reasons, help }: CallSummary): string {
  return [
    ...(place === undefined ? [] : [placeText(place)]),
    ...reasons.map((reason) => shorten(reason, 2000)),
    ...(row.args === undefined ? [] : [`arguments: ${shorten(compactJson(row.args), 4000)}`]),
    ...(help === undefined ? [] : [`fix: ${shorten(help, 2000)}`]),
  ].join('\n')
}

function attribute(text: string): string {
  return xmlText(shorten(text, 500))
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3)
}

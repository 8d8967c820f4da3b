import type { VNode } from 'preact'
import { delegatedText } from '../agents.ts'
import { formatCost, formatNumber, plural } from '../format.ts'
import type { Report } from '../report.ts'
import type { Property, Verification } from '../verification.ts'
import { code, element, fact, section, table, type Section } from './element.ts'

/** Limits of a run that are told. */
const mostLimits = 100

/** Limits the run came up against, and the error that ended it. */
export function problemsSection(report: Report): Section | undefined {
  const { limits, end } = report
  if (limits.length === 0 && end.error === undefined) return undefined
  return section(
    'problems',
    'Limits and errors of the run',
    element(
      'dl',
      null,
      limits
        .slice(0, mostLimits)
        .map((limit) =>
          fact(limit.limit, `${limit.message} (at most ${limit.max}, turn ${limit.turn})`),
        ),
      end.error !== undefined && fact(end.error.code, end.error.message),
      end.error?.help !== undefined && fact('How to fix', end.error.help),
    ),
  )
}

/** Tokens, money, and the statuses of all calls. */
export function totalsSection(report: Report): Section {
  const { totals } = report
  const { usage, cost, unpriced } = totals
  const delegated = delegatedText(totals)
  return section(
    'totals',
    'Totals',
    element(
      'dl',
      null,
      fact('Calls', statusText(report)),
      fact('Turns', formatNumber(totals.turns)),
      delegated !== undefined && fact('In runs of agents', delegated),
      fact(
        'Input tokens',
        `${formatNumber(usage.inputTokens)}, of them ${formatNumber(usage.cacheReadTokens)} from cache`,
      ),
      fact(
        'Output tokens',
        `${formatNumber(usage.outputTokens)}, of them ${formatNumber(usage.reasoningTokens)} for reasoning`,
      ),
      fact(
        'Cost',
        cost === undefined ? 'unknown' : formatCost(cost),
        cost !== undefined &&
          unpriced > 0 &&
          `, and ${plural(unpriced, 'response')} of unknown cost`,
      ),
    ),
  )
}

function statusText(report: Report): string {
  const counts = Object.entries(report.totals.byStatus).map(
    ([status, count]) => `${count} ${status}`,
  )
  return [formatNumber(report.totals.calls), ...counts].join(' · ')
}

/** What the report rests on, and what nobody should read into it. */
export function integritySection(report: Report, verification: Verification | undefined): Section {
  return section(
    'integrity',
    'Integrity',
    element(
      'dl',
      null,
      fact('Chain head', report.head === null ? 'no journal' : code(report.head)),
      fact('Policy digest', code(report.header.policy.digest)),
      fact('Tool set digest', code(report.header.toolSet.digest)),
      verification !== undefined &&
        fact('Verdict', `${verification.verdict}: ${verification.message}`),
    ),
    verification === undefined
      ? element(
          'p',
          null,
          'This page was not compared with its journal. It proves nothing by itself: check the journal with ',
          code('sallyport verify'),
          ' and compare the head.',
        )
      : claimsTable(verification.properties),
  )
}

/** What people want to know of a journal, each with what proves it, or that nothing does. */
function claimsTable(properties: readonly Property[]): VNode {
  const proved = properties.toSorted((a, b) => Number(b.proved) - Number(a.proved))
  return table(
    'Claims',
    [{ title: 'About' }, { title: 'Proved' }, { title: 'Statement' }],
    proved.map(({ name, proved: isProved, statement }) => [
      element('span', { class: 'word' }, name),
      element('span', { class: isProved ? 'good' : 'attention' }, isProved ? 'yes' : 'no'),
      statement,
    ]),
  )
}

import type { VNode } from 'preact'
import { formatCost, formatDuration, formatNumber } from '../format.ts'
import type { Report } from '../report.ts'
import { redactionText, type Summary } from '../summary.ts'
import type { Verification } from '../verification.ts'
import { code, element, fact, type Content } from './element.ts'

/** The verdict and what the run was: what a reader sees first. */
export function headerContent(
  report: Report,
  summary: Omit<Summary, 'calls'>,
  verification: Verification | undefined,
): Content[] {
  const { header, totals } = report
  const { policy, principal } = header
  return [
    element('p', { class: 'muted' }, 'Execution report · ', code(header.runId)),
    element('h1', { class: summary.tone }, summary.headline),
    element(
      'dl',
      { class: 'facts' },
      fact('Caller', principal === null ? 'not authenticated' : callerText(principal)),
      fact('Agent', header.actor ?? 'none'),
      fact(
        'Policy',
        `${policy.name} (${policy.mode})`,
        policy.file !== undefined && ` · ${policy.file}`,
      ),
      fact('Session', header.session ?? 'none'),
      header.parent !== undefined &&
        fact('For', `call ${header.parent.callId} of ${header.parent.runId}`),
      header.scope !== undefined &&
        fact('Task scope', header.scope.map((part) => part.tools.join(', ')).join('; ')),
      fact('Model', `${header.models.join(', ')} at ${header.provider}`),
      fact('Tokens', formatNumber(totals.usage.inputTokens + totals.usage.outputTokens)),
      fact('Started', header.startedAt),
      fact('Cost', totals.cost === undefined ? 'unknown' : formatCost(totals.cost)),
      fact('Ended', header.endedAt ?? 'no end recorded'),
      fact('Duration', formatDuration(header.durationMs)),
      header.redaction !== undefined && fact('Redacted', redactionText(header.redaction)),
    ),
    counts(summary, totals.calls),
    proof(verification),
  ]
}

/** What is known of the journal behind the page; each claim stands under `#integrity`. */
function proof(verification: Verification | undefined): VNode {
  const link = element('a', { href: '#integrity' }, 'what that proves, and what not')
  if (verification === undefined) {
    return element('p', { class: 'muted' }, 'Not compared with its journal: ', link)
  }
  const { verdict, message } = verification
  const tone = verdict === 'CONSISTENT' ? 'good' : 'bad'
  return element(
    'p',
    null,
    'Journal ',
    element('strong', { class: tone }, verdict),
    `, ${message}: `,
    link,
  )
}

function callerText(principal: NonNullable<Report['header']['principal']>): string {
  const { subject, roles, tenant, issuer } = principal
  return [
    subject,
    ...(roles.length === 0 ? [] : [`roles ${roles.join(', ')}`]),
    ...(tenant === undefined ? [] : [`tenant ${tenant}`]),
    ...(issuer === undefined ? [] : [issuer]),
  ].join(' · ')
}

function counts(summary: Omit<Summary, 'calls'>, proposed: number): VNode {
  const entries = [
    ['proposed', proposed, ''],
    ['executed', summary.counts.executed, 'good'],
    ['refused', summary.counts.refused, 'bad'],
    ['failed', summary.counts.failed, 'bad'],
    ['waiting', summary.counts.waiting, 'attention'],
    ['stopped', summary.counts.stopped, ''],
  ] as const
  return element(
    'ul',
    { class: 'counts', 'aria-label': 'Calls' },
    entries.map(([word, count, tone]) =>
      element(
        'li',
        { class: count > 0 ? tone : '' },
        element('strong', null, formatNumber(count)),
        word,
      ),
    ),
  )
}

import type { VNode } from 'preact'
import { childText } from '../agents.ts'
import { formatBytes, formatDuration, plural } from '../format.ts'
import { placeText } from '../../protocol/place.ts'
import { callNumber, changesText, type CallSummary } from '../summary.ts'
import type { ApprovalRow, CallRow } from '../report.ts'
import { describeLabel } from '../labels.ts'
import { explainCommand, type Whereabouts } from './command.ts'
import type { CallDetails } from './packed.ts'
import { code, element, fact, jsonBlock, textBlock, type Content } from './element.ts'
import { anchorOf, lookOf } from './look.ts'
import { snippetBlock, type Snippet } from './policy.ts'

/** What is shown of a call beside its row. */
export interface CallExtras {
  readonly details: CallDetails | undefined
  readonly snippets: readonly Snippet[]
  readonly whereabouts: Whereabouts
}

/** A call as one line that opens to everything known about it. */
export function callItem(call: CallSummary, extras: CallExtras): VNode {
  const { row, place } = call
  return element(
    'li',
    null,
    element(
      'details',
      { id: anchorOf(row) },
      element(
        'summary',
        null,
        effectWord(call),
        element('span', { class: 'order muted' }, callNumber(row)),
        element('span', { class: 'code' }, row.tool),
        element('span', { class: 'status' }, row.status),
        element(
          'span',
          { class: 'rule' },
          call.rule,
          place !== undefined && element('small', null, placeText(place)),
        ),
        element(
          'span',
          { class: 'time' },
          row.attempts > 0 ? formatDuration(row.executionMs) : '–',
        ),
      ),
      element('div', { class: 'body' }, ...callBody(call, extras)),
    ),
  )
}

function effectWord(call: CallSummary): VNode {
  const { symbol, tone } = lookOf(call)
  return element('span', { class: `effect ${tone}` }, `${symbol} ${call.effect}`)
}

/** The symbol of an outcome, with its word for those who do not see it. */
export function outcomeMark(call: CallSummary): VNode {
  const { symbol, word, tone } = lookOf(call)
  return element(
    'span',
    { class: `effect ${tone}` },
    element('span', { 'aria-hidden': 'true' }, `${symbol} `),
    element('span', { class: 'hidden' }, `${word}: `),
  )
}

function callBody(call: CallSummary, extras: CallExtras): Content[] {
  const { row } = call
  const { error } = row
  return [
    call.reasons.length > 0 && reasonList(call.reasons),
    element(
      'dl',
      null,
      fact('Outcome', `${lookOf(call).word} (${row.status})`),
      error !== undefined && fact('Error', `${error.code}: ${error.message}`),
      call.help !== undefined && fact('How to fix', call.help),
      fact('Decided by', call.rule),
      row.labels.length > 0 && fact('Labels', row.labels.map(describeLabel).join('; ')),
      fact('Times', times(row)),
      fact('Started', plural(row.attempts, 'time')),
      row.child !== undefined && fact('Run of the agent', childText(row.child)),
      row.resultBytes !== undefined && fact('Result', formatBytes(row.resultBytes)),
      row.foreign === true && fact('Changed', 'by a wrapper, so that it is untrusted'),
      row.changes !== undefined && fact('Taken out of the result', changesText(row.changes)),
      fact('Call id', code(row.callId)),
      fact('Provider id', code(row.providerId)),
      fact('Arguments digest', code(row.argsDigest)),
      row.resultDigest !== undefined && fact('Result digest', code(row.resultDigest)),
    ),
    element('h3', null, 'Arguments'),
    ...argumentBlocks(row, extras.details),
    ...decisionBlocks(row),
    ...snippetBlock(call.rule, extras.snippets),
    ...row.approvals.map(approvalBlock),
    ...resultBlocks(extras.details),
    element('h3', null, 'Explain it'),
    textBlock(explainCommand(row.callId, extras.whereabouts)),
  ]
}

/** The first reasons; a policy that gives more has them in `report.json`. */
function reasonList(reasons: readonly string[]): VNode {
  return element(
    'ul',
    null,
    reasons.slice(0, 20).map((reason) => element('li', null, reason)),
  )
}

function times(row: CallRow): string {
  return [
    `ran ${formatDuration(row.executionMs)}`,
    `waited for a person ${formatDuration(row.approvalMs)}`,
    `waited in line ${formatDuration(row.queueMs)}`,
    `proposed ${row.proposedAt}`,
  ].join(' · ')
}

function argumentBlocks(row: CallRow, details: CallDetails | undefined): Content[] {
  if (row.args === undefined) return [element('p', { class: 'muted' }, 'Erased.')]
  if (row.args !== null) return [jsonBlock(row.args)]
  const note = element('p', { class: 'muted' }, 'The text did not parse.')
  // pointers cannot redact what does not parse
  const showable = details?.rawArgs !== undefined && row.sensitive === undefined
  return showable ? [note, textBlock(details.rawArgs)] : [note]
}

function decisionBlocks(row: CallRow): Content[] {
  const decisions = [
    ...(row.earlierDecisions ?? []),
    ...(row.decision === null ? [] : [row.decision]),
  ]
  return decisions.map((decision, index) => [
    element(
      'h3',
      null,
      index === decisions.length - 1 ? 'Decision' : `Earlier decision ${index + 1}`,
    ),
    element(
      'dl',
      null,
      fact('Effect', decision.shadow === true ? `${decision.effect} (shadow)` : decision.effect),
      fact('Rule', decision.rule),
      decision.rules.length > 0 &&
        fact(
          'Rules that applied',
          element(
            'ul',
            null,
            decision.rules
              .slice(0, 50)
              .map((rule) =>
                element('li', null, `${rule.effect} ${rule.id} `, code(placeText(rule))),
              ),
          ),
        ),
      decision.reasons.length > 0 && fact('Reasons', reasonList(decision.reasons)),
      fact('Policy', `${decision.policy.name} `, code(decision.policy.digest)),
      fact('At', decision.at),
    ),
  ])
}

function approvalBlock(approval: ApprovalRow): Content {
  return [
    element('h3', null, 'Approval'),
    element(
      'dl',
      null,
      fact('Request', code(approval.approvalId)),
      fact('Asked', `${approval.requestedAt}, until ${approval.expiresAt}`),
      fact(
        'Needed from',
        approval.approvers
          .map(
            ({ count, roles }) =>
              `${plural(count, 'person')} of ${roles?.join(', ') ?? 'any role'}`,
          )
          .join(' and '),
      ),
      fact('For arguments', code(approval.argsDigest)),
      approval.answers.length === 0 && fact('Answer', 'none yet'),
      approval.answers.map((answer) =>
        fact(
          'Answer',
          `${answer.action} by ${answer.by === null ? 'nobody' : answer.by.subject} at ${answer.at}`,
          answer.reason !== undefined && element('p', null, answer.reason),
          answer.args !== undefined && jsonBlock(answer.args),
        ),
      ),
    ),
  ]
}

function resultBlocks(details: CallDetails | undefined): Content[] {
  if (details?.result === undefined) return []
  return [element('h3', null, 'Result'), jsonBlock(details.result)]
}

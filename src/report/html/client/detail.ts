import { childText } from '../../agents.ts'
import { placeText } from '../../../protocol/place.ts'
import { formatBytes, formatDuration, plural } from '../../format.ts'
import { prettyJson } from '../../json.ts'
import { describeLabel } from '../../labels.ts'
import type { ApprovalRow } from '../../report.ts'
import { callNumber, changesText, type CallSummary } from '../../summary.ts'
import { explainCommand } from '../command.ts'
import type { CallDetails, PackedOutline } from '../packed.ts'
import { lookOf } from '../look.ts'
import { block, button, code, create, type Part } from './dom.ts'

/** Everything known about a call. */
export class Detail {
  readonly element: HTMLElement
  readonly #outline: PackedOutline
  readonly #details: ReadonlyMap<string, CallDetails>
  readonly #close: () => void

  /** `details` by the ids of calls. */
  constructor(
    outline: PackedOutline,
    details: ReadonlyMap<string, CallDetails>,
    close: () => void,
  ) {
    this.#outline = outline
    this.#details = details
    this.#close = close
    this.element = create('section', { class: 'detail', 'aria-label': 'Call', tabindex: -1 })
    this.element.hidden = true
  }

  show(call: CallSummary): void {
    const { row } = call
    const look = lookOf(call)
    this.element.setAttribute('aria-label', `Call ${callNumber(row)}`)
    this.element.hidden = false
    this.element.scrollTop = 0
    const body = create(
      'div',
      {},
      button({ class: 'close', 'aria-label': 'Close the call' }, '×', this.#close),
      create(
        'h3',
        {},
        create('span', { class: `effect ${look.tone}` }, `${look.symbol} ${look.word} `),
        create('span', { class: 'code' }, row.tool),
        create('span', { class: 'muted' }, ` call ${callNumber(row)}`),
      ),
      ...call.reasons.slice(0, 20).map((reason) => create('p', { class: 'why' }, reason)),
      this.#facts(call),
      ...this.#arguments(call),
      ...this.#decision(call),
      ...labels(call),
      ...row.approvals.flatMap(approval),
      ...this.#result(call),
      ...this.#command(call),
      raw(call),
    )
    this.element.replaceChildren(body)
  }

  hide(): void {
    this.element.hidden = true
    this.element.replaceChildren()
  }

  #facts(call: CallSummary): HTMLElement {
    const { row } = call
    return list([
      ['Status', row.status],
      row.error !== undefined && ['Error', `${row.error.code}: ${row.error.message}`],
      call.help !== undefined && ['How to fix', call.help],
      ['Ran', `${formatDuration(row.executionMs)}, started ${plural(row.attempts, 'time')}`],
      row.approvalMs > 0 && ['Waited for a person', formatDuration(row.approvalMs)],
      row.queueMs > 0 && ['Waited in line', formatDuration(row.queueMs)],
      ['Proposed', row.proposedAt],
      row.endedAt !== undefined && ['Ended', row.endedAt],
      row.child !== undefined && ['Run of the agent', childText(row.child)],
      row.resultBytes !== undefined && ['Result', formatBytes(row.resultBytes)],
      row.foreign === true && ['Changed', 'by a wrapper, so that it is untrusted'],
      row.changes !== undefined && ['Taken out of the result', changesText(row.changes)],
      ['Call id', code(row.callId)],
      ['Provider id', code(row.providerId)],
      ['Arguments digest', code(row.argsDigest)],
      row.resultDigest !== undefined && ['Result digest', code(row.resultDigest)],
    ])
  }

  #arguments({ row }: CallSummary): Part[] {
    const title = heading('Arguments')
    const { rawArgs } = this.#detailsOf(row.callId)
    if (row.args === undefined) return [title, note('Erased.')]
    if (row.args !== null) return [title, block(prettyJson(row.args))]
    return [title, note('The text did not parse.'), rawArgs !== undefined && block(rawArgs)]
  }

  #decision({ row, rule, place }: CallSummary): Part[] {
    const decisions = [...(row.earlierDecisions ?? []), row.decision].filter(
      (decision) => decision !== null,
    )
    const snippets = this.#outline.snippets.filter((snippet) => snippet.rule === rule)
    return [
      heading('Decision'),
      create(
        'p',
        {},
        rule,
        place !== undefined && ' · ',
        place !== undefined && code(placeText(place)),
      ),
      ...snippets.map((snippet) => block(snippet.text)),
      ...decisions.map((decision) =>
        list([
          ['Effect', decision.shadow === true ? `${decision.effect} (shadow)` : decision.effect],
          ['At', decision.at],
          ...decision.reasons.slice(0, 20).map((reason) => ['Reason', reason] as const),
          ...decision.rules
            .slice(0, 50)
            .map((one) => ['Applied', `${one.effect} ${one.id} ${placeText(one)}`] as const),
          ['Policy', `${decision.policy.name} ${decision.policy.digest}`],
        ]),
      ),
    ]
  }

  #result({ row }: CallSummary): Part[] {
    const { result } = this.#detailsOf(row.callId)
    return result === undefined ? [] : [heading('Result'), block(prettyJson(result))]
  }

  #command({ row }: CallSummary): Part[] {
    const command = explainCommand(row.callId, this.#outline.whereabouts)
    const shown = block(command)
    const copy = button({}, 'Copy', () => {
      void copyText(command, shown).then((isCopied) => {
        copy.textContent = isCopied ? 'Copied' : 'Selected'
      })
    })
    return [heading('Explain it'), shown, copy]
  }

  #detailsOf(callId: string): CallDetails {
    return this.#details.get(callId) ?? {}
  }
}

function labels({ row }: CallSummary): Part[] {
  if (row.labels.length === 0) return []
  const items = row.labels.map((label) => create('li', {}, describeLabel(label)))
  return [heading('Where the arguments came from'), create('ul', {}, ...items)]
}

function approval(asked: ApprovalRow): Part[] {
  const needed = asked.approvers.map(
    ({ count, roles }) => `${plural(count, 'person')} of ${roles?.join(', ') ?? 'any role'}`,
  )
  return [
    heading('Approval'),
    list([
      ['Request', code(asked.approvalId)],
      ['Asked', `${asked.requestedAt}, until ${asked.expiresAt}`],
      ['Needed from', needed.join(' and ')],
      ...asked.reasons.slice(0, 20).map((reason) => ['Because', reason] as const),
      ['For arguments', code(asked.argsDigest)],
      asked.answers.length === 0 && ['Answer', 'none yet'],
      ...asked.answers.map(({ action, by, at, reason }) => {
        const who = by === null ? 'nobody' : by.subject
        return [
          'Answer',
          `${action} by ${who} at ${at}${reason === undefined ? '' : `: ${reason}`}`,
        ] as const
      }),
    ]),
    ...asked.answers.flatMap(({ args }) => (args === undefined ? [] : [block(prettyJson(args))])),
  ]
}

function raw({ row }: CallSummary): HTMLElement {
  const made = create('details', {}, create('summary', {}, 'Raw record'))
  // long, and rarely wanted
  made.addEventListener('toggle', () => made.append(block(prettyJson(row))), { once: true })
  return made
}

function heading(text: string): HTMLElement {
  return create('h4', {}, text)
}

function note(text: string): HTMLElement {
  return create('p', { class: 'muted' }, text)
}

type Fact = readonly [term: string, value: Node | string]

function list(facts: readonly (Fact | false)[]): HTMLElement {
  const parts = facts.flatMap((fact) =>
    fact === false ? [] : [create('dt', {}, fact[0]), create('dd', {}, fact[1])],
  )
  return create('dl', {}, ...parts)
}

/** Copies, or where the browser does not let it, selects; true when copied. */
async function copyText(text: string, shown: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    getSelection()?.selectAllChildren(shown)
    return false
  }
}

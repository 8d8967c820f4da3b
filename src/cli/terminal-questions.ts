import { setImmediate } from 'node:timers/promises'
import { isObject, parseJson, type JsonObject } from '../base/json.ts'
import { visible, visibleJson } from '../base/text.ts'
import type { ApprovalAnswer, ApprovalRequest, Approver } from '../gate/verdict.ts'
import type { ArgumentLabel, Approvers } from '../protocol/decision.ts'
import type { RunEvent } from '../protocol/run-event.ts'
import type { Approve } from '../run/environment.ts'
import type { Io } from './io.ts'
import { checkShownEdit } from './shown-edit.ts'
import { TypedLines } from './typed-lines.ts'

/** Characters of the arguments that are shown before somebody asks for all of them. */
const shownLength = 4_000

/**
 * Puts requests to the person at the terminal, one after the other, showing exactly what an answer
 * is bound to. What they type counts only after the question was shown; the end of their input
 * leaves the request open.
 */
export class TerminalQuestions {
  readonly #io: Io
  readonly #identify: (() => Promise<Approver>) | undefined
  readonly #labels = new Map<string, readonly ArgumentLabel[]>()
  readonly #typed: TypedLines
  #last: Promise<unknown> = Promise.resolve()

  /** `identify` tells who answers, at each answer: a token may end while a question waits. */
  constructor(io: Io, identify: (() => Promise<Approver>) | undefined) {
    this.#io = io
    this.#identify = identify
    this.#typed = new TypedLines(io)
  }

  /** Keeps where the arguments of a call come from, for when people are asked about it. */
  take(event: RunEvent): void {
    if (event.type === 'decision') this.#labels.set(event.callId, event.decision.labels)
  }

  readonly approve: Approve = (request, { signal }) => {
    const answer = this.#last.then(async () => {
      // the decision is shown to followers before people are asked
      await setImmediate()
      return signal.aborted ? undefined : this.#ask(request)
    })
    this.#last = answer.catch(() => undefined)
    return answer
  }

  async #ask(request: ApprovalRequest): Promise<ApprovalAnswer | undefined> {
    this.#typed.forget()
    this.#io.note(this.#question(request, shownLength))
    const mayEdit = request.editable.length > 0
    const mayRemember = request.approvers.every(({ remember }) => remember === true)
    const choices = `y(es)${mayRemember ? ', a(lways in this run)' : ''}, n(o)${mayEdit ? ', e(dit)' : ''}, w(hy)`
    for (;;) {
      const line = await this.#read(`${choices}? `)
      if (line === undefined) return undefined
      const word = line.trim().toLowerCase()
      if (word === 'y' || word === 'yes') return this.#answer({ action: 'approve' })
      if ((word === 'a' || word === 'always') && mayRemember) {
        return this.#answer({ action: 'approve', remember: true })
      }
      if (word === 'n' || word === 'no') return this.#refuse()
      if ((word === 'w' || word === 'why') && this.#explain(request)) continue
      if ((word === 'e' || word === 'edit') && mayEdit) {
        const args = await this.#edited(request)
        if (args !== undefined) return this.#answer({ action: 'edit', args })
      }
    }
  }

  async #answer(answer: Omit<ApprovalAnswer, 'by'>): Promise<ApprovalAnswer> {
    return this.#identify === undefined ? answer : { ...answer, by: await this.#identify() }
  }

  async #refuse(): Promise<ApprovalAnswer> {
    const reason =
      (await this.#read('why not, for the model and the record (may be empty)? ')) ?? ''
    const said = reason.trim() === '' ? {} : { reason: reason.trim() }
    return this.#answer({ action: 'deny', ...said })
  }

  #explain(request: ApprovalRequest): true {
    this.#io.note(this.#question(request, Infinity))
    const { callId, id, rules, runId } = request
    const places = rules.map(
      ({ column, effect, file, id: rule, line }) =>
        `  ${effect} \`${visible(rule)}\` at ${visible(file)}:${line}:${column}`,
    )
    this.#io.note(
      [visible(`  request ${id}, call ${callId} of run ${runId}`), ...places, ''].join('\n'),
    )
    return true
  }

  /** The complete arguments; undefined for what is no object, or no edit that can count. */
  async #edited(request: ApprovalRequest): Promise<JsonObject | undefined> {
    const places = request.editable.map((pointer) => visible(pointer)).join(', ')
    const line = await this.#read(`all arguments as JSON, changed only at ${places}: `)
    const parsed = parseJson(line ?? '')
    const edited = parsed.ok && isObject(parsed.value) ? (parsed.value as JsonObject) : undefined
    const problem =
      edited === undefined ? 'that is no JSON object' : checkShownEdit(request, edited)?.message
    if (problem === undefined) return edited
    this.#io.note(`${visible(problem)}\n`)
    return undefined
  }

  async #read(prompt: string): Promise<string | undefined> {
    this.#io.note(prompt)
    return this.#typed.next()
  }

  #question(request: ApprovalRequest, length: number): string {
    const { args, argsDigest, askedBy, approvedBy, approvers, callId } = request
    const { expiresAt, reasons, rules, tool } = request
    const place = rules[0]
    const at = place === undefined ? '' : ` at ${visible(place.file)}:${place.line}:${place.column}`
    const labels = this.#labels.get(callId) ?? []
    return [
      '',
      `${visible(tool)} wants to run, asked by ${visible(askedBy?.subject ?? 'somebody unknown')}`,
      argumentText(args, length),
      `  arguments ${argsDigest}`,
      ...labels.map(labelText),
      ...(place === undefined ? [] : [`  rule \`${visible(place.id)}\`${at}`]),
      ...reasons.map((reason) => `  because ${visible(reason)}`),
      `  needs ${approvers.map(neededText).join(' and ')}, until ${visible(expiresAt)}`,
      ...(approvedBy.length === 0 ? [] : [`  yes from ${approvedBy.map(visible).join(', ')}`]),
      '',
    ].join('\n')
  }
}

/** Indented, so that no line of a value can pass for one of the question. */
function argumentText(args: ApprovalRequest['args'], length: number): string {
  const text = visibleJson(JSON.stringify(args, undefined, 2))
  const left = text.length - length
  const shown = left > 0 ? `${text.slice(0, length)}…\n(${left} characters more: w)` : text
  return shown
    .split('\n')
    .map((line) => `  | ${line}`)
    .join('\n')
}

function labelText({ argument, from, secrecy, trust }: ArgumentLabel): string {
  const sources = from.map(({ kind, tool }) => (tool === undefined ? kind : `${kind} ${tool}`))
  const whence = sources.length === 0 ? 'the model' : [...new Set(sources)].join(', ')
  const secret = secrecy === undefined ? '' : `, ${secrecy}`
  return `  \`${visible(argument)}\` is ${trust}${secret}, from ${visible(whence)}`
}

export function neededText({ count, roles }: Approvers): string {
  const people = count === 1 ? 'one person' : `${count} people`
  return roles === undefined ? people : `${people} in the role ${visible(roles.join(' or '))}`
}

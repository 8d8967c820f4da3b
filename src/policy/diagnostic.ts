import { SallyportError } from '../base/errors.ts'
import type { JsonValue } from '../base/json.ts'
import { visible } from '../base/text.ts'
import { placeText } from '../protocol/place.ts'
import type { Range, Source, Span } from './source.ts'

/** The one table of findings about a policy file; a code is never renamed. */
export const diagnosticCodes = {
  syntax: 'the text is neither YAML 1.2 nor JSON',
  'too-large': 'the file, or a pattern in it, is larger than what is read',
  'too-deep': 'the file is nested too deeply',
  invisible: 'an invisible, control or direction character, or a byte order mark',
  directive: 'a YAML directive or a second document',
  tag: 'an explicit YAML tag',
  'merge-key': 'a YAML merge key',
  alias: 'an alias outside of `tests`, too many of them, or one of nothing or of another alias',
  'duplicate-key': 'a key occurs twice in one mapping',
  'forbidden-key': 'a key that reaches a prototype',
  'unknown-key': 'a key that means nothing here',
  'not-evaluated': 'a key where nothing would evaluate it',
  'missing-key': 'a required key is absent',
  'wrong-type': 'a value of another type is needed',
  'bad-value': 'a value of the right type that is not acceptable',
  'bad-pattern': 'a pattern that is not RE2 syntax',
  'duplicate-id': 'two things with the same id',
  'unknown-role': 'a role that `roles` does not define',
  'role-cycle': 'a role inherits itself',
  'unknown-rule': 'a rule that does not exist, or not with the effect that is needed',
  'unknown-tool': 'a tool that is not in the catalogue',
  'no-match': 'a glob that matches no tool of the catalogue',
  'unknown-variable': 'a variable without a value',
  'unknown-argument': 'an argument that the tool does not have, or does not list',
  'never-true': 'conditions that contradict each other',
  'bad-parent': 'a file that cannot be extended',
  contradiction: 'two files say about a tool what cannot both hold',
  'failed-test': 'a test that does not come out as expected',
  shadow: 'something that is recorded and not enforced',
  expired: 'something whose time is over',
  'expires-soon': 'something whose time is over within 14 days',
  'schema-mismatch': 'a rule that fits no call the schema of the tool lets through',
  shadowed: 'a rule that other rules always overrule',
  'always-asked': 'an allow rule whose every call an ask rule puts to a person',
  'never-asked': 'an ask rule whose exceptions always apply',
  'duplicate-rule': 'a rule that says what another one says',
  'allow-all': 'a rule that allows every tool to everybody',
  'unruled-tool': 'a tool that no rule is about',
  'domain-pattern': 'a pattern that means a domain and matches others too',
  'unstated-steering': 'a tool that changes things and does not state what steers it',
  'unstated-carrying': 'a tool that sends things out and does not state what it carries',
  'flow-unset': 'facts about data flow that nothing in `flow` makes use of',
  'secret-value': 'a value that looks like a secret',
  'unused-role': 'a role that nothing in the policy uses',
  'unused-scope': 'a scope in a ceiling that no rule asks for',
  'unmet-scope': 'a scope that no ceiling leaves to the callers of the rule',
} as const satisfies Record<string, string>

export type DiagnosticCode = keyof typeof diagnosticCodes

/** One finding about a policy file; plain data. */
export interface Diagnostic {
  readonly code: DiagnosticCode
  readonly severity: 'error' | 'warning'
  readonly message: string
  /** One sentence that names the repair. */
  readonly help?: string
  readonly file: string
  readonly range: Range
  /** The text that would mend it when put in place of `range`. */
  readonly suggestion?: string
  /** True when the text in `range` may be a secret and must not be shown. */
  readonly secret?: boolean
}

interface Extra {
  readonly help?: string | undefined
  readonly suggestion?: string | undefined
  readonly secret?: boolean | undefined
}

/** What costs a search is given as a function, which is not called for a finding that is not kept. */
type Given = Extra | (() => Extra)

/** More findings than this are counted, not kept. */
const maxDiagnostics = 1000

/** Collects findings about one source. */
export class Diagnostics {
  readonly source: Source
  readonly #found: Diagnostic[] = []
  #errors = 0

  constructor(source: Source) {
    this.source = source
  }

  error(span: Span, code: DiagnosticCode, message: string, extra: Given = {}): undefined {
    this.#errors++
    this.#add('error', span, code, message, extra)
    return undefined
  }

  warning(span: Span, code: DiagnosticCode, message: string, extra: Given = {}): void {
    this.#add('warning', span, code, message, extra)
  }

  get errors(): number {
    return this.#errors
  }

  get hasErrors(): boolean {
    return this.#errors > 0
  }

  /** Everything found, in the order of the file. */
  all(): readonly Diagnostic[] {
    return this.#found.toSorted(byPosition)
  }

  /** Throws `bad-policy` when there is an error; the details are all findings. */
  throwErrors(): void {
    throwAll([this])
  }

  #add(
    severity: Diagnostic['severity'],
    span: Span,
    code: DiagnosticCode,
    message: string,
    extra: Given,
  ): void {
    if (this.#found.length === maxDiagnostics) return
    const { help, suggestion, secret } = typeof extra === 'function' ? extra() : extra
    this.#found.push({
      code,
      severity,
      message,
      ...(help === undefined ? {} : { help }),
      file: this.source.file,
      range: this.source.range(span),
      ...(suggestion === undefined ? {} : { suggestion }),
      ...(secret === true ? { secret } : {}),
    })
  }
}

/** Throws `bad-policy` for what was found about several files, those with errors first. */
export function throwAll(list: readonly Diagnostics[]): void {
  const errors = list.reduce((sum, diagnostics) => sum + diagnostics.errors, 0)
  const ordered = list.toSorted((a, b) => Number(b.hasErrors) - Number(a.hasErrors))
  throwFindings(
    ordered.flatMap((diagnostics) => diagnostics.all()),
    errors,
  )
}

/** Throws `bad-policy` when there are errors among the findings. */
export function throwFindings(
  all: readonly Diagnostic[],
  errors = all.filter(({ severity }) => severity === 'error').length,
): void {
  if (errors === 0) return
  const first = all.find((diagnostic) => diagnostic.severity === 'error')!
  const more = errors > 1 ? ` and ${errors - 1} more` : ''
  throw new SallyportError(
    'bad-policy',
    `${placeText({ file: first.file, ...first.range.start })}: ${first.message}${more}`,
    { help: first.help, details: all as unknown as JsonValue },
  )
}

function byPosition(a: Diagnostic, b: Diagnostic): number {
  const { start: from } = a.range
  const { start: to } = b.range
  return from.line - to.line || from.column - to.column
}

/**
 * A finding as people read it: what, where, the line itself with the place underlined, and the
 * repair. `text` is the text of the file; without it, or for a secret, the line is left out.
 *
 * @example
 * ```ts
 * const { warnings } = readPolicy(text, { file: 'desk.yaml' })
 * for (const finding of warnings) console.warn(formatDiagnostic(finding, text))
 * ```
 */
export function formatDiagnostic(diagnostic: Diagnostic, text?: string): string {
  const { severity, code, message, file, range, help, suggestion } = diagnostic
  const parts = [`${severity}[${code}]: ${message}`, `  --> ${placeText({ file, ...range.start })}`]
  if (text !== undefined && diagnostic.secret !== true) parts.push(frame(text, range))
  if (help !== undefined) parts.push(`   = help: ${help}`)
  if (suggestion !== undefined) parts.push(`   = try: \`${visible(suggestion)}\``)
  return parts.join('\n')
}

/** Longest part of a line that is shown. */
const frameWidth = 160

function frame(text: string, { start, end }: Range): string {
  const line = text.split('\n', start.line)[start.line - 1] ?? ''
  const whole = line.replace(/\r$/, '')
  const from = Math.max(0, start.column - 1 - frameWidth / 2)
  const until = end.line === start.line ? end.column - 1 : whole.length
  const before = visible(whole.slice(from, start.column - 1))
  const marked = visible(whole.slice(start.column - 1, Math.min(until, from + frameWidth)))
  const after = visible(whole.slice(Math.max(start.column - 1, until), from + frameWidth))
  const gutter = ' '.repeat(String(start.line).length)
  return [
    `${gutter} |`,
    `${start.line} | ${before}${marked}${after}`,
    `${gutter} | ${' '.repeat([...before].length)}${'^'.repeat(Math.max(1, [...marked].length))}`,
    `${gutter} |`,
  ].join('\n')
}

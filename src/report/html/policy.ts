import { formatNumber } from '../format.ts'
import { placeText } from '../../protocol/place.ts'
import type { Position } from '../../protocol/decision.ts'
import type { CallRow, Report } from '../report.ts'
import { code, element, section, table, textBlock, type Content, type Section } from './element.ts'

/** The policy as it stands in its files, for what a reader wants to see of it. */
export interface PolicyText {
  /** Has to be that of the run; else nothing of the policy is shown. */
  readonly digest: string
  /** Everything a decision can be made by. */
  readonly parts: readonly PolicyPart[]
  /** The text of each file the parts stand in, by its name. */
  readonly files: ReadonlyMap<string, string>
}

export interface PolicyPart extends Position {
  /** As `Decision.rule` names it. */
  readonly rule: string
}

/** The lines of a rule, under the id that decisions name it by. */
export interface Snippet extends Position {
  readonly rule: string
  readonly text: string
}

/** Lines of a rule beyond this number are left out. */
const mostLines = 12

/** Longest line of a snippet, in UTF-16 code units. */
const longestLine = 300

/** Rows of a table beyond this number are left out. */
const mostRows = 100

/** Whether the policy is the one that decided the run, to the byte of its meaning. */
function isOfRun(policy: PolicyText, report: Report): boolean {
  return policy.digest === report.header.policy.digest
}

/** The lines of every rule that had a say in the run; none of a policy that is not of the run. */
export function snippetsOf(
  report: Report,
  policy: PolicyText | undefined,
  seen: ReadonlySet<string>,
): readonly Snippet[] {
  if (policy === undefined || !isOfRun(policy, report)) return []
  return policy.parts.flatMap((part) => {
    const text = policy.files.get(part.file)
    if (text === undefined || !seen.has(part.rule)) return []
    const { rule, file, line, column } = part
    return [{ rule, file, line, column, text: linesOf(text, part) }]
  })
}

/** Adds the ids of everything that applied to a call, decided it or not. */
export function noteRules(
  { decision: last, earlierDecisions = [] }: CallRow,
  seen: Set<string>,
): void {
  for (const decision of [...earlierDecisions, last]) {
    if (decision === null) continue
    seen.add(decision.rule)
    for (const { id } of decision.rules) seen.add(id)
  }
}

/** From the line of a part to the next one that is not indented further. */
function linesOf(text: string, { line }: Position): string {
  const lines = text.split(/\r?\n/).slice(line - 1)
  const first = lines[0] ?? ''
  const margin = indentation(first)
  const next = lines.findIndex((entry, at) => {
    if (at === 0 || entry.trim() === '') return false
    const depth = indentation(entry)
    // the first part of a list item stands behind its dash, and so does what belongs to it
    return depth <= margin
  })
  const block = lines.slice(0, next < 0 ? undefined : next)
  const own = block.slice(0, block.findLastIndex((entry) => entry.trim() !== '') + 1)
  const shown = own.slice(0, mostLines).map((entry) => entry.slice(0, longestLine))
  const numbered = shown.map((entry, at) => `${String(line + at).padStart(5)}  ${entry}`)
  return [...numbered, ...(own.length > mostLines ? ['    …'] : [])].join('\n')
}

function indentation(line: string): number {
  return line.length - line.trimStart().length
}

/** The lines of a rule with their numbers, under the place they stand at. */
export function snippetBlock(rule: string, snippets: readonly Snippet[]): Content[] {
  return snippets
    .filter((snippet) => snippet.rule === rule)
    .map((snippet) => [
      element('p', { class: 'muted' }, code(placeText(snippet))),
      textBlock(snippet.text),
    ])
}

/** Rules, checks, limits and guards of the policy that had no say in the run. */
export function unmatchedSection(
  report: Report,
  policy: PolicyText | undefined,
  seen: ReadonlySet<string>,
): Section | undefined {
  if (policy === undefined) return undefined
  const title = 'Rules that never applied'
  if (!isOfRun(policy, report)) {
    const said =
      'The policy that was given is not the one that decided this run: its digest differs. Nothing of it is shown.'
    return section('unmatched', title, element('p', { class: 'attention' }, said))
  }
  const parts = policy.parts.filter(({ rule }) => !seen.has(rule))
  if (parts.length === 0) {
    return section('unmatched', title, element('p', null, 'Every rule had a say.'))
  }
  const rest = parts.length - mostRows
  return section(
    'unmatched',
    `${title} (${formatNumber(parts.length)})`,
    table(
      title,
      [{ title: 'Rule' }, { title: 'Place' }],
      parts.slice(0, mostRows).map((part) => [part.rule, code(placeText(part))]),
    ),
    rest > 0 && element('p', { class: 'muted' }, `And ${formatNumber(rest)} more.`),
  )
}

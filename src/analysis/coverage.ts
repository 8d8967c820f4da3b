import type { Position } from '../protocol/decision.ts'
import type { PolicyFile } from '../policy/document.ts'
import type { Span } from '../policy/source.ts'
import { flowChecks, guardKinds } from './language.ts'
import type { TestResult } from './suite.ts'
import { isTestableLimit } from './testable.ts'

/** Something in a policy that a decision can be made by. */
export interface Coverable extends Position {
  /** As `Decision.rule` names it. */
  readonly rule: string
}

export interface Coverage {
  readonly total: number
  readonly reached: number
  /** What no test reaches, in the order of the file. */
  readonly missing: readonly Coverable[]
}

/**
 * Which rules, flow checks, sequences, guards and limits of a file had a say in the decision of
 * some test. A part that was overruled counts as reached: it applied.
 */
export function coverageOf(file: PolicyFile, results: readonly TestResult[]): Coverage {
  const seen = new Set<string>()
  for (const { decision } of results) {
    for (const reference of decision.rules) {
      // another layer of the policy may have a rule of the same name
      if (reference.file !== file.source.file) continue
      seen.add(reference.id)
      seen.add(placed(reference.id, reference))
    }
  }
  const all = coverables(file)
  const names = Map.groupBy(all, ({ rule }) => rule)
  const missing = all.filter((part) => {
    // entries that share a name are told apart by their places
    const shared = names.get(part.rule)!.length > 1
    return !seen.has(shared ? placed(part.rule, part) : part.rule)
  })
  return { total: all.length, reached: all.length - missing.length, missing }
}

function placed(rule: string, { line, column }: Omit<Position, 'file'>): string {
  return `${rule} ${line}:${column}`
}

/** Everything in a file that a decision can be made by, in its order. */
export function coverables(file: PolicyFile): readonly Coverable[] {
  const found: Coverable[] = []
  const add = (rule: string, at: Span): void => {
    found.push({ rule, file: file.source.file, ...file.source.point(at.start) })
  }
  for (const { id, at } of file.rules) add(id, at)
  const { flow, guards } = file
  if (flow !== undefined) {
    for (const check of flowChecks) if (flow[check] !== undefined) add(`flow.${check}`, flow.at)
    for (const { at } of flow.afterUntrusted) add('flow.afterUntrusted', at)
  }
  for (const { id, at } of file.sequences) add(`sequences.${id}`, at)
  for (const kind of guardKinds) {
    for (const { at } of guards[kind]) add(`guards.${kind}`, at)
  }
  for (const limit of file.limits) {
    if (isTestableLimit(limit)) add(`limits.${limit.id}`, limit.at)
  }
  return found.toSorted((a, b) => a.line - b.line || a.column - b.column)
}

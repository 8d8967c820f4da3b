import { Diagnostics, type Diagnostic } from '../policy/diagnostic.ts'
import type { PolicyFile } from '../policy/document.ts'
import { layersOf } from '../policy/inherited.ts'
import type { Tool } from '../tools/tool.ts'
import { createContext } from './lint-context.ts'
import {
  lintAllowAll,
  lintFacts,
  lintPatterns,
  lintOnlyArguments,
  lintPointers,
  lintRoles,
  lintScopes,
  lintSecrets,
  lintTools,
} from './lint-file.ts'
import { lintFlow } from './lint-flow.ts'
import { lintRules } from './lint-rules.ts'

export interface LintOptions {
  /** The tools of the host, to hold arguments and their types against. */
  readonly tools?: readonly Tool[]
}

const lints = [
  lintRules,
  lintAllowAll,
  lintTools,
  lintOnlyArguments,
  lintPointers,
  lintPatterns,
  lintRoles,
  lintScopes,
  lintSecrets,
  lintFacts,
]

/**
 * What is suspicious about a policy that loads, beside the warnings of loading: file by file, each
 * in its own order. Nothing is run, and no finding is a guess: what is said to be impossible is
 * impossible.
 */
export function lintPolicy(file: PolicyFile, { tools }: LintOptions = {}): readonly Diagnostic[] {
  return layersOf(file).flatMap((layer) => {
    const diagnostics = new Diagnostics(layer.source)
    const context = createContext(layer, tools, diagnostics)
    for (const lint of lints) lint(context)
    if (layer === file) lintFlow(context)
    return diagnostics.all()
  })
}

import { isSallyportError } from '../base/errors.ts'
import type { PolicyFile } from '../policy/document.ts'
import type { Policy } from '../policy/policy.ts'
import type { Position } from '../protocol/decision.ts'
import { isHidden } from './hidden.ts'
import { mutants, type Mutant } from './mutants.ts'
import { passes, type SuiteOptions } from './suite.ts'

/** A change of the policy that no test notices. */
export interface Survivor extends Position, Pick<Mutant, 'kind' | 'what'> {
  /** Whether tests that miss it miss too much. */
  readonly essential: boolean
}

export interface Mutation {
  /** Changes that were tried; those that make the file invalid or change nothing do not count. */
  readonly total: number
  readonly killed: number
  /** Essential ones first, each in the order of the file. */
  readonly survivors: readonly Survivor[]
}

/**
 * Changes a policy in one place at a time and runs its tests on the result: a change that makes
 * none of them fail survives. A bound that was moved to where another rule decides anyway changes
 * nothing and is not counted, nor is a time window that now makes no difference. `compile` makes a
 * policy of a changed file.
 */
export async function mutationOf(
  file: PolicyFile,
  compile: (file: PolicyFile) => Policy,
  options: SuiteOptions,
): Promise<Mutation> {
  let total = 0
  const survivors: Survivor[] = []
  for (const mutant of mutants(file)) {
    const policy = compiled(mutant.file, compile)
    if (policy === undefined) continue
    const isNoticed = !(await passes(policy, options))
    if (!isNoticed && mutant.kind === 'bound' && isHidden(mutant.file, file, compile, options))
      continue
    if (!isNoticed && mutant.timed === true) continue
    total++
    if (!isNoticed) survivors.push(survivorOf(mutant))
  }
  const sorted = survivors.toSorted((a, b) => Number(b.essential) - Number(a.essential))
  return { total, killed: total - survivors.length, survivors: sorted }
}

function compiled(file: PolicyFile, compile: (file: PolicyFile) => Policy): Policy | undefined {
  try {
    return compile(file)
  } catch (error) {
    if (isSallyportError(error) && error.code === 'bad-policy') return undefined
    throw error
  }
}

function survivorOf({ kind, essential, what, at, file }: Mutant): Survivor {
  return {
    kind,
    essential: essential === true,
    what,
    file: file.source.file,
    ...file.source.point(at.start),
  }
}

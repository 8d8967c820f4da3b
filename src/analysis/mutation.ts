import { isSallyportError } from '../base/errors.ts'
import type { PolicyFile } from '../policy/document.ts'
import type { Policy } from '../policy/policy.ts'
import type { Position } from '../protocol/decision.ts'
import { mutants, type Mutant } from './mutants.ts'
import { passes, type SuiteOptions } from './suite.ts'

/** A change of the policy that no test notices. */
export interface Survivor extends Position {
  readonly kind: Mutant['kind']
  readonly what: string
}

export interface Mutation {
  /** Changes that were tried; those that make the file invalid are not counted. */
  readonly total: number
  readonly killed: number
  readonly survivors: readonly Survivor[]
}

/** Where one run stands, for those who wait. */
export type Progress = (done: number) => void

/**
 * Changes a policy in one place at a time and runs its tests on the result: each change has to
 * make one of them fail. `compile` makes a policy of a changed file.
 */
export async function mutationOf(
  file: PolicyFile,
  compile: (file: PolicyFile) => Policy,
  options: SuiteOptions,
  progress: Progress = () => undefined,
): Promise<Mutation> {
  let total = 0
  const survivors: Survivor[] = []
  for (const mutant of mutants(file)) {
    const policy = compiled(mutant.file, compile)
    if (policy === undefined) continue
    total++
    if (await passes(policy, options)) survivors.push(survivorOf(mutant))
    progress(total)
  }
  return { total, killed: total - survivors.length, survivors }
}

function compiled(file: PolicyFile, compile: (file: PolicyFile) => Policy): Policy | undefined {
  try {
    return compile(file)
  } catch (error) {
    if (isSallyportError(error) && error.code === 'bad-policy') return undefined
    throw error
  }
}

function survivorOf({ kind, what, at, file }: Mutant): Survivor {
  return { kind, what, file: file.source.file, ...file.source.point(at.start) }
}

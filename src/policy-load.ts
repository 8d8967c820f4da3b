import { systemClock } from './base/clock.ts'
import type { LoadedPolicy, LoadOptions } from './policy-file.ts'
import { loaded } from './policy-text.ts'
import { completeTree, openTree } from './policy-tree.ts'

/** What `loadPolicy` does once its options have been checked. */
export async function loadTree(
  path: string,
  { clock = systemClock, variables = {} }: LoadOptions,
  onFolder?: (folder: string) => void,
): Promise<LoadedPolicy> {
  const tree = await openTree(path, onFolder)
  return loaded(completeTree(tree, { variables, now: clock.now() }), path)
}

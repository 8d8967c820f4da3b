import type { ToolSet } from '../protocol/tool-set.ts'

/**
 * The tools that a run was offered in all: who carries it on may bring others, and another policy.
 * A tool counts as changed where it ever was, and as pinned where it always was; `digest` is of
 * those the run began with.
 */
export function joinedTools(earlier: ToolSet | undefined, later: ToolSet): ToolSet {
  const sets = earlier === undefined ? [later] : [earlier, later]
  const names = [...new Set(sets.flatMap((set) => set.names))]
  const changed = new Set(sets.flatMap((set) => set.changed ?? []))
  const loose = new Set(sets.flatMap(looseIn))
  return {
    digest: (earlier ?? later).digest,
    names,
    ...listed(
      'pinned',
      names.filter((name) => !loose.has(name)),
    ),
    ...listed('changed', [...changed]),
  }
}

/** Those of which a set does not say that they are as pinned. */
function looseIn({ names, pinned }: ToolSet): readonly string[] {
  const kept = new Set(pinned)
  return names.filter((name) => !kept.has(name))
}

function listed(
  member: 'changed' | 'pinned',
  names: readonly string[],
): Pick<ToolSet, 'changed' | 'pinned'> {
  return names.length === 0 ? {} : { [member]: names }
}

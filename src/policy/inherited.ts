import type { IdentityConfiguration } from '../protocol/identity.ts'
import type { Approvals, AuditArguments, PolicyFile, Role, ToolEntry } from './document.ts'
import { mergeEntries } from './merge-entries.ts'

/** The files and everything they extend, each once, a file before its parents. */
export function filesOf(files: readonly PolicyFile[]): readonly PolicyFile[] {
  const found = new Set<PolicyFile>()
  const visit = (file: PolicyFile): void => {
    if (found.has(file)) return
    found.add(file)
    for (const parent of file.parents) visit(parent)
  }
  for (const file of files) visit(file)
  return [...found]
}

/** The files that decide: the file itself, then every parent with rules. */
export function layersOf(file: PolicyFile): readonly PolicyFile[] {
  return filesOf([file]).filter((other) => other === file || other.hasRules)
}

/** What a file sees of a kind of definition: its own, and those of everything it extends. */
export function rolesOf(file: PolicyFile): readonly Role[] {
  return filesOf([file]).flatMap(({ roles }) => roles)
}

/** Undefined when no file has `tools`: then there is no catalogue. */
export function entriesOf(file: PolicyFile): readonly ToolEntry[] | undefined {
  const lists = filesOf([file]).flatMap(({ tools }) => (tools === undefined ? [] : [tools]))
  if (lists.length <= 1) return lists[0]
  const merged = new Map<string, ToolEntry>()
  for (const entry of lists.flat()) {
    const other = merged.get(entry.name.text)
    merged.set(entry.name.text, other === undefined ? entry : mergeEntries(other, entry))
  }
  return [...merged.values()]
}

/** Who may call is said by one file at most. Key files are named relative to `file`. */
export function identityOf(file: PolicyFile): IdentityConfiguration {
  const stating = filesOf([file]).find(({ identityAt }) => identityAt !== undefined)
  if (stating === undefined) return file.identity
  const folder = folderBetween(file.source.file, stating.source.file)
  const { jwt } = stating.identity
  return {
    ...stating.identity,
    jwt: jwt.map(({ jwksFile, ...issuer }) =>
      jwksFile === undefined || jwksFile.startsWith('/')
        ? { ...issuer, ...(jwksFile === undefined ? {} : { jwksFile }) }
        : { ...issuer, jwksFile: `${folder}${jwksFile}` },
    ),
  }
}

/** Parents lie in the folder of a file or below it, and their names begin with its folder. */
function folderBetween(file: string, parent: string): string {
  const own = file.lastIndexOf('/') + 1
  return parent.slice(own, Math.max(own, parent.lastIndexOf('/') + 1))
}

const defaultTtlMs = 15 * 60_000

/** The strictest of what is said, by everything a file sees. */
function approvalsSeenBy(file: PolicyFile): Approvals {
  const stated = filesOf([file]).map(({ approvals }) => approvals)
  const ttls = stated.flatMap(({ ttlMs }) => ttlMs ?? [])
  const self = stated.flatMap(({ selfApproval }) => selfApproval ?? [])
  const pending = stated.flatMap(({ maxPending }) => maxPending ?? [])
  return {
    ttlMs: ttls.length === 0 ? defaultTtlMs : Math.min(...ttls),
    selfApproval: self.length > 0 && self.every(Boolean),
    ...(pending.length === 0 ? {} : { maxPending: Math.min(...pending) }),
  }
}

/** How approvals work under a file: a parent with rules has a say with its defaults too. */
export function approvalsOf(file: PolicyFile): Approvals {
  const layers = layersOf(file).map(approvalsSeenBy)
  return {
    // the file sees what all others say
    ...layers[0]!,
    ttlMs: Math.min(...layers.map(({ ttlMs }) => ttlMs)),
    selfApproval: layers.every(({ selfApproval }) => selfApproval),
  }
}

const fromClosed = ['hash', 'redacted', 'full'] as const

/** The most closed of what is said; `full` when nothing is, since a run goes on from its journal. */
export function auditArgumentsOf(file: PolicyFile): AuditArguments {
  const stated = new Set(filesOf([file]).map(({ auditArguments }) => auditArguments))
  return fromClosed.find((word) => stated.has(word)) ?? 'full'
}

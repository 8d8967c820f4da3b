import type { Diagnostics } from './diagnostic.ts'
import type { PolicyFile, ToolEntry } from './document.ts'
import { filesOf } from './inherited.ts'
import { contradictions, mergeEntries } from './merge-entries.ts'
import { placeText } from '../protocol/place.ts'
import type { Source, Span } from './source.ts'

type Whole = Omit<PolicyFile, 'digest' | 'warnings'>

/** Where something was defined first. */
interface Origin {
  readonly source: Source
  readonly at: Span
}

/** A file against those it extends: a second definition and a contradiction are errors. */
export function checkParents(file: Whole, diagnostics: Diagnostics): void {
  if (file.extends.length !== file.parents.length) {
    if (!diagnostics.hasErrors) {
      diagnostics.error(file.extends[0]!, 'bad-parent', 'the parent files are not at hand', {
        help: 'load the policy from its file: a text alone has no parents',
      })
    }
    return
  }
  if (file.parents.length === 0) return
  checkOrigins(file, diagnostics)
  checkEntries(file, diagnostics)
  checkMode(file, diagnostics)
}

function checkOrigins(file: Whole, diagnostics: Diagnostics): void {
  const origins = new Map<string, Origin>()
  for (const { other, at } of inherited(file)) {
    for (const { what, span } of definitions(other)) {
      const first = origins.get(what)
      if (first === undefined) origins.set(what, { source: other.source, at: span })
      else reportTwice(at, `${placed({ source: other.source, at: span })}: ${what}`, first)
    }
  }
  for (const { what, span } of definitions(file)) {
    const first = origins.get(what)
    if (first !== undefined) reportTwice(span, what, first)
  }

  function reportTwice(at: Span, what: string, first: Origin): void {
    diagnostics.error(at, 'duplicate-id', `${what} is defined at ${placed(first)} too`, {
      help: 'a policy and the files it extends define each thing once: use the other one, or choose another name',
    })
  }
}

/** The files a policy extends, and where it names the one that leads to each. */
function inherited(file: Whole): readonly { readonly other: PolicyFile; readonly at: Span }[] {
  const leads = new Map<PolicyFile, Span>()
  file.parents.forEach((parent, index) => {
    for (const other of filesOf([parent])) {
      if (!leads.has(other)) leads.set(other, file.extends[index]!)
    }
  })
  return [...leads].map(([other, at]) => ({ other, at }))
}

interface Definition {
  readonly what: string
  readonly span: Span
}

/** Everything a file gives a name to that no other file of a policy may give. */
function definitions(file: Whole): readonly Definition[] {
  return [
    ...file.roles.map(({ name }) => definition('role', name.text, name)),
    ...file.variables.map(({ name }) => definition('variable', name.text, name)),
    ...file.rules.map(({ id, at }) => definition('rule', id, at)),
    ...file.limits.map(({ id, at }) => definition('limit', id, at)),
    ...file.sequences.map(({ id, at }) => definition('sequence', id, at)),
    ...(file.identityAt === undefined ? [] : [{ what: '`identity`', span: file.identityAt }]),
  ]
}

function definition(noun: string, name: string, span: Span): Definition {
  return { what: `the ${noun} \`${name}\``, span }
}

function checkEntries(file: Whole, diagnostics: Diagnostics): void {
  const known = new Map<string, { readonly entry: ToolEntry; readonly origin: Origin }>()
  const add = (entry: ToolEntry, source: Source, at: Span): void => {
    const first = known.get(entry.name.text)
    const wrong = first === undefined ? [] : contradictions(first.entry, entry)
    if (first === undefined) {
      known.set(entry.name.text, { entry, origin: { source, at: entry.name } })
    } else if (wrong.length > 0) {
      const keys = wrong.map((key) => `\`${key}\``).join(', ')
      const message = `the tool \`${entry.name.text}\` contradicts ${placed(first.origin)}: ${keys}`
      diagnostics.error(at, 'contradiction', message, {
        help: 'facts of several files are merged and the stricter wins; these have to agree',
      })
    } else known.set(entry.name.text, { ...first, entry: mergeEntries(first.entry, entry) })
  }
  for (const { other, at } of inherited(file)) {
    for (const entry of other.tools ?? []) add(entry, other.source, at)
  }
  for (const entry of file.tools ?? []) add(entry, file.source, entry.name)
}

/** A policy that only records cannot relax one that is enforced. */
function checkMode({ mode, parents, extends: names }: Whole, diagnostics: Diagnostics): void {
  if (mode !== 'shadow') return
  const enforcing = filesOf(parents).find((other) => other.hasRules && other.mode === 'enforce')
  if (enforcing === undefined) return
  const message = `\`${enforcing.source.file}\` is enforced, so this file is as well`
  diagnostics.warning(names[0]!, 'shadow', message, {
    help: 'mark single rules with `shadow: true`, or put the parent into shadow mode too',
  })
}

function placed({ source, at }: Origin): string {
  return placeText({ file: source.file, ...source.point(at.start) })
}

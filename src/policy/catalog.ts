import { SallyportError } from '../base/errors.ts'
import { shorten } from '../base/text.ts'
import type { Diagnostics } from './diagnostic.ts'
import type { PolicyFile, Rule, Sequence, ToolEntry } from './document.ts'
import { mergeFacts } from './facts.ts'
import { compileGlob, isGlob } from './glob.ts'
import { entriesOf } from './inherited.ts'
import type { PinnedTool, PolicyTool, ToolFloor } from './policy.ts'
import { factsOfEntry } from './read-facts.ts'
import type { Name } from './shape.ts'
import { suggestionFor } from './suggest.ts'

/** All tools a policy can be about, by canonical name; undefined when nobody has named any. */
export type Catalog = ReadonlyMap<string, PolicyTool>

/** The tools of the files and those of the host; the host's entry knows more about a tool. */
export function buildCatalog(
  entries: readonly ToolEntry[] | undefined,
  tools: readonly PolicyTool[] | undefined,
): Catalog | undefined {
  if (entries === undefined && tools === undefined) return undefined
  const catalog = new Map<string, PolicyTool>()
  for (const entry of entries ?? []) {
    catalog.set(entry.name.text, { name: entry.name.text, facts: factsOfEntry(entry) })
  }
  const given = new Set<string>()
  for (const tool of tools ?? []) {
    if (given.has(tool.name)) {
      throw new SallyportError(
        'bad-option',
        `two tools have the name \`${shorten(tool.name, 128)}\``,
        { help: 'leave one of them out, or give it a name of its own' },
      )
    }
    given.add(tool.name)
    const stated = catalog.get(tool.name)?.facts ?? {}
    catalog.set(tool.name, { ...tool, facts: mergeFacts(tool.facts ?? {}, stated) })
  }
  return catalog
}

/** The tools that need something of the caller by themselves; usually few. */
export function floorsOf(catalog: Catalog | undefined): ReadonlyMap<string, ToolFloor> {
  const floors = new Map<string, ToolFloor>()
  for (const { name, requires } of catalog?.values() ?? []) {
    if (requires !== undefined) floors.set(name, requires)
  }
  return floors
}

/** The tools that the policy pins, by name; those that nobody offers cannot be told. */
export function pinnedTools(
  entries: readonly ToolEntry[] | undefined,
  tools: readonly PolicyTool[] | undefined,
): ReadonlyMap<string, PinnedTool> {
  const stated = new Map(entries?.map(({ name, pin }) => [name.text, pin]))
  const pinned = new Map<string, PinnedTool>()
  for (const { name, pin } of tools ?? []) {
    const expected = stated.get(name)
    if (expected === undefined || pin === undefined) continue
    pinned.set(name, { pin, isKept: pin === expected })
  }
  return pinned
}

/** The catalogue of a file with everything it sees, which the file is held against. */
export function checkCatalog(
  file: PolicyFile,
  tools: readonly PolicyTool[] | undefined,
  diagnostics: Diagnostics,
): Catalog | undefined {
  const catalog = buildCatalog(entriesOf(file), tools)
  if (catalog !== undefined) checkAgainst(catalog, file, diagnostics)
  return catalog
}

/** Names that the catalogue does not know are mistakes: the rule would silently do nothing. */
function checkAgainst(catalog: Catalog, file: PolicyFile, diagnostics: Diagnostics): void {
  const names = [...catalog.keys()]
  const matched = new Map<string, readonly PolicyTool[]>()
  const find: Find = (glob) => {
    const known = matched.get(glob)
    if (known !== undefined) return known
    const tools = findTools(glob, catalog)
    matched.set(glob, tools)
    return tools
  }
  for (const name of mentionedTools(file)) {
    // `**` means whatever tools there are, also none
    if (find(name.text).length === 0 && name.text !== '**') report(name, names, diagnostics)
  }
  for (const rule of file.rules) checkArguments(rule, find, diagnostics)
  for (const { name, args } of file.tools ?? []) {
    for (const arg of args) {
      checkArgument(arg.name, arg.name.text, { tools: [name] }, find, diagnostics)
    }
  }
  for (const limit of file.limits) {
    const top = limit.sum?.[0]
    // what a call does not have adds nothing: the limit would never be reached
    if (top !== undefined) checkArgument({ text: top, ...limit.at }, top, limit, find, diagnostics)
  }
  for (const sequence of file.sequences) checkSameArgument(sequence, find, diagnostics)
  const { paths, network, commands } = file.guards
  for (const guard of [...paths, ...network, ...commands]) {
    // `*` is any argument
    const [top] = guard.arg
    if (top === undefined || top === '*') continue
    checkArgument({ text: top, ...guard.at }, top, guard, find, diagnostics)
  }
}

/** Every name or glob of a tool outside of `tools` itself. */
function mentionedTools(file: PolicyFile): readonly Name[] {
  const { rules, limits, sequences, flow, guards, output } = file
  const lists = [
    ...rules,
    ...limits,
    ...sequences,
    ...(flow?.afterUntrusted ?? []),
    ...Object.values(guards).flat(),
    ...output,
  ]
  return [...lists.flatMap(({ tools }) => tools), ...sequences.flatMap(({ earlier }) => earlier)]
}

function findTools(glob: string, catalog: Catalog): readonly PolicyTool[] {
  if (!isGlob(glob)) {
    const tool = catalog.get(glob)
    return tool === undefined ? [] : [tool]
  }
  const matches = compileGlob(glob)
  return [...catalog.values()].filter((tool) => matches(tool.name))
}

const noTools =
  'there are no tools at all: pass those of the program (commands take `--tools`), or list them under `tools`'

function report(name: Name, names: readonly string[], diagnostics: Diagnostics): void {
  const repair = names.length === 0 ? { help: noTools } : () => suggestionFor(name.text, names)
  if (isGlob(name.text)) {
    diagnostics.error(name, 'no-match', `\`${name.text}\` matches no tool`, repair)
  } else {
    diagnostics.error(name, 'unknown-tool', `there is no tool \`${name.text}\``, repair)
  }
}

type Find = (glob: string) => readonly PolicyTool[]

function checkArguments(rule: Rule, find: Find, diagnostics: Diagnostics): void {
  for (const { name, path } of rule.args) checkArgument(name, path[0]!, rule, find, diagnostics)
  for (const name of rule.onlyArgs ?? []) checkArgument(name, name.text, rule, find, diagnostics)
}

type NamesOf = (tool: PolicyTool) => readonly string[] | undefined

const onlyNames: NamesOf = ({ argumentNames }) => argumentNames
const knownNames: NamesOf = ({ argumentNames, listedNames }) => argumentNames ?? listedNames

function areLacking(tools: readonly PolicyTool[], argument: string, namesOf: NamesOf): boolean {
  for (const tool of tools) {
    if (namesOf(tool)?.includes(argument) !== false) return false
  }
  return tools.length > 0
}

/** A call without the argument counts as one with every value; that is for some, not for all. */
function checkSameArgument(
  { at, earlier, sameArg, tools }: Sequence,
  find: Find,
  diagnostics: Diagnostics,
): void {
  if (sameArg === undefined) return
  for (const names of [earlier, tools]) {
    const all = names.flatMap(({ text }) => find(text))
    if (areLacking(all, sameArg, knownNames)) {
      checkArgument({ text: sameArg, ...at }, sameArg, { tools: names }, find, diagnostics)
    }
  }
}

/**
 * Every tool named exactly needs the argument `top`; of the tools of a glob at least one. One that
 * takes any, and lists others, may have it all the same.
 */
function checkArgument(
  name: Name,
  top: string,
  { tools: globs }: { readonly tools: readonly Name[] },
  find: Find,
  diagnostics: Diagnostics,
): void {
  for (const { text } of globs) {
    const lacking = find(text)
    if (!areLacking(lacking, top, knownNames)) continue
    const isCertain = areLacking(lacking, top, onlyNames)
    const known = [...new Set(lacking.flatMap((tool) => knownNames(tool) ?? []))]
    const verb = isCertain ? 'has' : 'lists'
    const message = isGlob(text)
      ? `no tool of \`${text}\` ${verb} an argument \`${top}\``
      : `\`${text}\` ${verb} no argument \`${top}\``
    const severity = isCertain ? 'error' : 'warning'
    diagnostics[severity](name, 'unknown-argument', message, () => suggestionFor(top, known))
  }
}

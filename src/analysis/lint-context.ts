import type { Diagnostics } from '../policy/diagnostic.ts'
import type { PolicyFile, Role, Rule } from '../policy/document.ts'
import { compileGlob, isGlob } from '../policy/glob.ts'
import { entriesOf, rolesOf } from '../policy/inherited.ts'
import type { Name } from '../policy/shape.ts'
import type { Tool } from '../tools/tool.ts'

/** What lints look at, and where they report. */
export interface LintContext {
  readonly file: PolicyFile
  /** Of the file and of those it extends. */
  readonly roles: readonly Role[]
  /** All tools the policy can be about; undefined when nobody has named any. */
  readonly catalog: readonly string[] | undefined
  /** Tools of the host by name; empty when there are none at hand. */
  readonly tools: ReadonlyMap<string, Tool>
  readonly diagnostics: Diagnostics
  /** The tools a name or glob stands for; itself where no catalogue is known. */
  targets(name: Name): readonly string[]
  /** Whether a rule is surely about all that a target stands for. */
  isAbout(rule: Rule, target: string): boolean
}

export function createContext(
  file: PolicyFile,
  tools: readonly Tool[] | undefined,
  diagnostics: Diagnostics,
): LintContext {
  const catalog = catalogNames(file, tools)
  const matchers = new Map<string, (name: string) => boolean>()
  const matcherOf = (glob: string): ((name: string) => boolean) => {
    const matches = matchers.get(glob) ?? coverOf(glob)
    matchers.set(glob, matches)
    return matches
  }
  return {
    file,
    roles: rolesOf(file),
    catalog,
    tools: new Map(tools?.map((tool) => [tool.name, tool])),
    diagnostics,
    targets: ({ text }) =>
      catalog === undefined ? [text] : catalog.filter((name) => matcherOf(text)(name)),
    isAbout: (rule, target) => rule.tools.some(({ text }) => matcherOf(text)(target)),
  }
}

function catalogNames(
  file: PolicyFile,
  tools: readonly Tool[] | undefined,
): readonly string[] | undefined {
  const entries = entriesOf(file)
  if (entries === undefined && tools === undefined) return undefined
  return [
    ...new Set([
      ...(entries ?? []).map(({ name }) => name.text),
      ...(tools ?? []).map(({ name }) => name),
    ]),
  ]
}

/** Whether a glob stands for at least what another name or glob stands for; in doubt not. */
function coverOf(glob: string): (name: string) => boolean {
  const matches = compileGlob(glob)
  const open = /^[^*]*\*\*$/.test(glob) ? glob.slice(0, -2) : undefined
  return (name) =>
    name === glob || (isGlob(name) ? open !== undefined && name.startsWith(open) : matches(name))
}

import { shorten } from '../base/text.ts'
import { mergeFacts } from '../policy/facts.ts'
import { compileGlobs } from '../policy/glob.ts'
import { entriesOf, layersOf } from '../policy/inherited.ts'
import { factsOfEntry } from '../policy/read-facts.ts'
import type { OutputLabel, ToolFacts } from '../protocol/facts.ts'
import { flowChecks } from './language.ts'
import type { LintContext } from './lint-context.ts'

interface Stated {
  readonly tool: string
  readonly facts: ToolFacts
}

/** A key of `flow` that facts are stated for. */
type Key = (typeof flowChecks)[number]

/**
 * Facts about data flow restrict nothing by themselves: `flow` says what follows from them. What
 * any of the files that decide says counts, so this is told once for a policy, in its main file.
 */
export function lintFlow(context: LintContext): void {
  const { file, tools } = context
  const stated = (entriesOf(file) ?? []).map((entry): Stated => {
    const tool = entry.name.text
    return { tool, facts: mergeFacts(tools.get(tool)?.facts ?? {}, factsOfEntry(entry)) }
  })
  const layers = layersOf(file)
  if (layers.every(({ flow }) => flow === undefined)) lintWithout(stated, context)
  else lintKeys(stated, context)
}

function lintWithout(stated: readonly Stated[], context: LintContext): void {
  const [first, ...others] = stated.filter(({ facts }) => isAboutFlow(facts, stated))
  if (first === undefined) return
  const wanted = flowChecks.filter((key) => stated.some((tool) => needs(tool, key, stated)))
  const written = (wanted.length === 0 ? flowChecks.slice(0, 1) : wanted).map(
    (key) => `${key}: ask`,
  )
  const more = others.length === 0 ? '' : ` and of ${others.length} more`
  report(
    first.tool,
    `facts of \`${shorten(first.tool, 128)}\`${more} are about data flow and do nothing: the policy has no \`flow\``,
    `write \`flow: { ${written.join(', ')} }\`, or leave out \`steers\`, \`carries\`, \`sink\` and \`output\``,
    context,
  )
}

function lintKeys(stated: readonly Stated[], context: LintContext): void {
  const flows = layersOf(context.file).flatMap(({ flow }) => flow ?? [])
  const isBarred = ({ tool }: Stated): boolean =>
    flows.some(({ afterUntrusted }) =>
      afterUntrusted.some(({ tools }) => compileGlobs(tools)(tool)),
    )
  for (const key of ['untrustedSteering', 'secretsOut'] as const) {
    if (flows.some((flow) => flow[key] !== undefined)) continue
    // where nothing runs after untrusted text, nothing can be steered by it
    const found = stated.find(
      (tool) => needs(tool, key, stated) && !(key === 'untrustedSteering' && isBarred(tool)),
    )
    if (found === undefined) continue
    const { word, meaning } = words[key]
    report(
      found.tool,
      `\`${word}\` of \`${shorten(found.tool, 128)}\` does nothing: \`flow\` does not say what happens when ${meaning}`,
      `add \`${key}: ask\` or \`${key}: deny\` to \`flow\`, or write \`${word}: false\``,
      context,
    )
  }
}

const words = {
  untrustedSteering: { word: 'steers', meaning: 'untrusted text chooses such an argument' },
  secretsOut: { word: 'carries', meaning: 'secrets leave in such an argument' },
} as const

/** Whether a key of `flow` would make a difference to calls of the tool. */
function needs({ facts }: Stated, key: Key, all: readonly Stated[]): boolean {
  if (key === 'untrustedSteering') return says(facts, 'steers')
  if (key === 'untrustedLinks') return says(facts, 'carries')
  return says(facts, 'carries') && isOutward(facts) && all.some(bringsSecrets)
}

function says({ args = {} }: ToolFacts, key: 'steers' | 'carries'): boolean {
  return Object.values(args).some((argument) => argument[key] === true)
}

function isOutward({ sink }: ToolFacts): boolean {
  return sink === 'external' || sink === 'public'
}

function isSecret({ secrecy = 'private' }: OutputLabel): boolean {
  return secrecy === 'private' || secrecy === 'secret'
}

/** What is not labelled counts as private, as it does when the policy runs. */
function bringsSecrets({ facts: { kind, output, fields = {} } }: Stated): boolean {
  const labels = [output, ...Object.values(fields)].filter((label) => label !== undefined)
  return labels.length === 0 ? kind === 'read' : labels.some(isSecret)
}

/** Labels of results count where no tool says which of its arguments matter. */
function isAboutFlow(facts: ToolFacts, all: readonly Stated[]): boolean {
  if (says(facts, 'steers') || says(facts, 'carries')) return true
  const isDecided = all.some(({ facts: { args = {} } }) =>
    Object.values(args).some(
      ({ steers, carries }) => steers !== undefined || carries !== undefined,
    ),
  )
  if (isDecided) return false
  return isOutward(facts) || facts.output !== undefined || facts.fields !== undefined
}

function report(
  tool: string,
  message: string,
  help: string,
  { file, diagnostics }: LintContext,
): void {
  const own = file.tools?.find(({ name }) => name.text === tool)?.name
  diagnostics.warning(own ?? file.rulesAt, 'flow-unset', message, { help })
}

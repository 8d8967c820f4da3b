import { canonicalJson } from '../base/digest.ts'
import type { JsonObject } from '../base/json.ts'
import type { PolicyFile } from '../policy/document.ts'
import { entriesOf, filesOf } from '../policy/inherited.ts'
import { isGlob } from '../policy/glob.ts'
import type { Tool } from '../tools/tool.ts'
import { callersOf } from './callers.ts'
import type { GivenCall, Scenario } from './scenario.ts'
import { argumentsOf, withValue, type ToolArguments } from './sample-arguments.ts'

export interface Generated {
  readonly scenarios: readonly Scenario[]
  /** Tools of which not every combination of values was tried. */
  readonly partly: readonly string[]
}

/** Combinations of values that are tried for one tool and caller by default, and calls in all. */
const maxCombinations = 256
const maxScenarios = 50_000

/** Earlier calls that are made to fill a limit. */
const maxFilled = 100

/**
 * Calls at every cut that the files make: each tool they name, each caller they tell apart, each
 * side of each test of an argument; once in a new session, and those that fit a rule also after
 * untrusted text, after the calls sequences speak of, and with limits used up. Finite and always
 * the same. Where the combinations are too many, one argument is changed at a time.
 */
export function generate(
  roots: readonly PolicyFile[],
  tools: readonly Tool[] = [],
  most: number = maxCombinations,
): Generated {
  const files = filesOf(roots)
  const definitions = new Map(tools.map((tool) => [tool.name, tool]))
  const found = new Map<string, Scenario>()
  const partly = new Set<string>()
  const situations = situationsOf(files)
  const add = (scenario: Scenario): void => {
    if (found.size < maxScenarios) found.set(canonicalJson(scenario), scenario)
    else partly.add(scenario.tool)
  }
  const hasCatalogue = tools.length > 0 || roots.every((root) => entriesOf(root) !== undefined)
  for (const tool of toolsOf(files, tools, hasCatalogue)) {
    for (const principal of callersOf(files)) {
      const known = argumentsOf(tool, files, principal, definitions.get(tool))
      const { complete, all } = combinations(known, most)
      if (!complete) partly.add(tool)
      for (const args of all) add({ principal, given: [], tool, args })
      for (const given of situations) {
        for (const args of known.fitting) add({ principal, given, tool, args })
      }
    }
  }
  return { scenarios: [...found.values()], partly: [...partly] }
}

/** Every name, and one name for each glob; with a catalogue globs stand for nothing else. */
function toolsOf(
  files: readonly PolicyFile[],
  tools: readonly Tool[],
  hasCatalogue: boolean,
): readonly string[] {
  const names = new Set(tools.map(({ name }) => name))
  for (const file of files) {
    for (const entry of file.tools ?? []) names.add(entry.name.text)
    for (const { call } of file.tests) names.add(call.tool)
    for (const { text } of file.rules.flatMap((rule) => rule.tools)) {
      if (!isGlob(text)) names.add(text)
      else if (!hasCatalogue) names.add(text.replaceAll(/\*+/g, 'any'))
    }
  }
  return [...names].toSorted()
}

/** All combinations when they are few, else one argument changed at a time. */
function combinations(
  { axes, fitting }: ToolArguments,
  most: number,
): {
  readonly complete: boolean
  readonly all: readonly JsonObject[]
} {
  const count = axes.reduce((product, { samples }) => product * samples.length, 1)
  if (count <= most) {
    const all = axes.reduce<readonly JsonObject[]>(
      (made, { path, samples }) =>
        made.flatMap((args) => samples.map((sample) => withValue(args, path, sample))),
      [fitting[0]!],
    )
    return { complete: true, all: [...fitting, ...all] }
  }
  const changed = fitting.flatMap((args) =>
    axes.flatMap(({ path, samples }) => samples.map((sample) => withValue(args, path, sample))),
  )
  return { complete: false, all: [...fitting, ...changed] }
}

/** What may have happened before: untrusted text, calls of sequences, as many calls as a limit takes. */
function situationsOf(files: readonly PolicyFile[]): readonly (readonly GivenCall[])[] {
  const situations: GivenCall[][] = []
  for (const { flow, tools = [], sequences, limits } of files) {
    const untrusted = tools.find(({ facts }) => facts.output?.trust === 'untrusted')
    if (flow !== undefined && untrusted !== undefined) {
      situations.push([{ tool: untrusted.name.text, result: 'untrusted text' }])
    }
    for (const { earlier } of sequences) situations.push([{ tool: nameOf(earlier) }])
    for (const { tools: limited, count, sum, max } of limits) {
      if (count !== 'calls' || max > maxFilled) continue
      const args = sum === undefined ? undefined : withValue({}, sum, max)
      const call = { tool: nameOf(limited), ...(args === undefined ? {} : { args }) }
      const times = sum === undefined ? Math.ceil(max) : 1
      situations.push(Array.from({ length: times }, () => call))
    }
  }
  return situations
}

function nameOf(tools: PolicyFile['rules'][number]['tools']): string {
  return tools[0]!.text.replaceAll(/\*+/g, 'any')
}

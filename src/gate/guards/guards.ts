import { dirname, isAbsolute, resolve } from 'node:path'
import { messageOf } from '../../base/errors.ts'
import { blocked } from '../../base/json-path.ts'
import { pointerOf, type JsonObject } from '../../base/json.ts'
import { shorten } from '../../base/text.ts'
import { positionOf } from '../../policy/compiled-rule.ts'
import type { NetworkGuard } from '../../policy/document.ts'
import { compileGlobs } from '../../policy/glob.ts'
import type { DecisionRequest, Policy } from '../../policy/policy.ts'
import type { Name } from '../../policy/shape.ts'
import type { Span } from '../../policy/source.ts'
import type { Position } from '../../protocol/decision.ts'
import type { FileArea, Layers, NetworkArea, ToolAccess } from '../../tools/access/area.ts'
import type { Finding } from '../finding.ts'
import { eachText, eachValue, said } from './argument.ts'
import { compileCommands } from './commands.ts'
import { compileDanger } from './danger.ts'
import type { FileProbe } from './links.ts'
import { networkArea } from './network.ts'
import { fileArea, pathProblem } from './paths.ts'
import { findValues } from './values.ts'

/** What the guards of a policy say, before a call and while it runs. */
export interface CompiledGuards {
  /** Never throws: a guard that fails is a denial. */
  check(request: DecisionRequest): readonly Finding[]
  /** What a tool may open and fetch; undefined when no guard of files or network is about it. */
  access(tool: string): ToolAccess | undefined
}

/** What is wrong with a call, as a sentence; undefined when nothing is. */
export type Check = (args: JsonObject, tool: string) => string | undefined

interface Guard<Area = unknown> {
  readonly kind: 'paths' | 'network' | 'commands' | 'danger'
  readonly effect: 'ask' | 'deny'
  readonly position: Position
  /** Pointer to what it is about; empty for all arguments. */
  readonly argument: string
  readonly area: Area
  readonly check: Check
  matches(tool: string): boolean
}

/** The guards of one file. */
interface Layer {
  readonly paths: readonly Guard<FileArea>[]
  readonly network: readonly Guard<NetworkArea>[]
  readonly others: readonly Guard[]
}

/** What a layer is compiled with. */
interface Surroundings {
  readonly probe: FileProbe | undefined
  readonly secrets: readonly string[]
  /** Whether guards of this argument read a relative path below different folders. */
  isAmbiguous(tool: string, argument: string): boolean
}

/**
 * Compiles the guards of a policy and of its parents. A relative `root` starts at the folder of
 * the file that says it. With a probe, paths are also held against the disk. `secrets` are values
 * that the host knows to be secret, beside those whose format tells.
 */
export function compileGuards(
  policy: Policy,
  probe?: FileProbe,
  secrets: readonly string[] = [],
): CompiledGuards {
  const layers: Layer[] = []
  const isAmbiguous = (tool: string, argument: string): boolean => {
    const roots = layers
      .flatMap(({ paths }) => paths)
      .filter((guard) => guard.argument === argument && guard.matches(tool))
      .map(({ area }) => area.root)
    return new Set(roots).size > 1
  }
  for (const layer of policy.layers) {
    layers.push(compileLayer(layer, { probe, secrets, isAmbiguous }))
  }
  const all = layers.flatMap(({ paths, network, others }) => [...paths, ...network, ...others])
  return {
    check: ({ args, tool }) =>
      all.flatMap((guard) => (guard.matches(tool) ? findingOf(guard, args, tool) : [])),
    access(tool) {
      const files = areasOf(
        tool,
        layers.map(({ paths }) => paths),
      )
      const network = areasOf(
        tool,
        layers.map((layer) => layer.network),
      )
      if (files.length === 0 && network.length === 0) return undefined
      const readOnly = policy.layers.some((layer) => layer.factsOf(tool).kind === 'read')
      return Object.freeze({ tool, readOnly, files, network })
    },
  }
}

function compileLayer(layer: Policy, { probe, secrets, isAmbiguous }: Surroundings): Layer {
  const { guards, source } = layer.document
  const folder = dirname(resolve(layer.file))
  const writes = (tool: string): boolean => layer.factsOf(tool).kind !== 'read'
  const entry = <Kind extends Guard['kind']>(
    kind: Kind,
    { at, tools, arg = [] }: { at: Span; tools: readonly Name[]; arg?: readonly string[] },
  ) => ({
    kind,
    effect: 'deny' as const,
    position: positionOf(at, source),
    argument: pointerOf(arg),
    matches: compileGlobs(tools),
  })
  const paths = guards.paths.map((guard) => {
    const area = fileArea(guard, folder)
    const argument = pointerOf(guard.arg)
    const check: Check = (args, tool) =>
      eachText(args, guard.arg, ({ pointer, value }) =>
        !isAbsolute(value) && isAmbiguous(tool, argument)
          ? said(pointer, 'is relative, and guards read it below different folders')
          : said(pointer, pathProblem(area, value, writes(tool), probe)),
      )
    return { ...entry('paths', guard), check, area }
  })
  const network = guards.network.map((guard) => {
    const area = networkArea(guard)
    return { ...entry('network', guard), check: checkUrls(guard, area), area }
  })
  const commands = guards.commands.map((guard) => {
    const problemOf = compileCommands(guard)
    const check: Check = (args) =>
      eachValue(args, guard.arg, (found) => said(found.pointer, problemOf(found.value)))
    return { ...entry('commands', guard), check, area: undefined }
  })
  const danger = guards.danger.map((guard) => {
    const check = compileDanger(guard, secrets, (tool) => layer.factsOf(tool))
    return { ...entry('danger', guard), effect: guard.do, check, area: undefined }
  })
  return { paths, network, others: [...commands, ...danger] }
}

function findingOf(guard: Guard, args: JsonObject, tool: string): readonly Finding[] {
  const { kind, effect, position } = guard
  const finding = { effect, rule: `guards.${kind}`, position }
  try {
    const reason = guard.check(args, tool)
    return reason === undefined ? [] : [{ ...finding, reason }]
  } catch (error) {
    const reason = `the guard could not be evaluated: ${shorten(messageOf(error), 200)}`
    return [{ ...finding, effect: 'deny', reason }]
  }
}

/** Of each layer that guards the tool: by argument, the areas of its guards. */
function areasOf<Area>(tool: string, layers: readonly (readonly Guard<Area>[])[]): Layers<Area> {
  return layers
    .map((guards) => guards.filter(({ matches }) => matches(tool)))
    .filter((guards) => guards.length > 0)
    .map((guards) => {
      const byArgument = Map.groupBy(guards, ({ argument }) => argument)
      return [...byArgument.values()].map((group) => group.map(({ area }) => area))
    })
}

/** An argument `method`, and a member of that name beside the URL, are those of the request. */
function checkUrls(guard: NetworkGuard, area: NetworkArea): Check {
  const places = [['method'], [...guard.arg.slice(0, -1), 'method']]
  return (args) => {
    const found = places.flatMap((place) => {
      const values = findValues(args, place)
      return values === blocked ? [] : values.map(({ value }) => String(value).toUpperCase())
    })
    const refused = found.find((method) => guard.methods?.includes(method) === false)
    return eachText(args, guard.arg, ({ pointer, value }) => {
      const located = area.locate(value, refused)
      return said(pointer, located.ok ? undefined : located.reason)
    })
  }
}

import { dirname, isAbsolute, resolve } from 'node:path'
import { messageOf } from '../../base/errors.ts'
import type { JsonObject } from '../../base/json.ts'
import { shorten } from '../../base/text.ts'
import { positionOf } from '../../policy/compiled-rule.ts'
import type { NetworkGuard } from '../../policy/document.ts'
import { compileGlob } from '../../policy/glob.ts'
import type { DecisionRequest, Policy } from '../../policy/policy.ts'
import type { Name } from '../../policy/shape.ts'
import type { Span } from '../../policy/source.ts'
import type { Position } from '../../protocol/decision.ts'
import type { FileArea, NetworkArea, ToolAccess } from '../../tools/access/area.ts'
import type { Finding } from '../finding.ts'
import { compileCommands } from './commands.ts'
import { compileDanger } from './danger.ts'
import type { FileProbe } from './links.ts'
import { networkArea } from './network.ts'
import { fileArea, pathProblem } from './paths.ts'
import { blocked, findValues, scalarsOf } from './values.ts'

/** What the guards of a policy say, before a call and while it runs. */
export interface CompiledGuards {
  /** Never throws: a guard that fails is a denial. */
  check(request: DecisionRequest): readonly Finding[]
  /** What a tool may open and fetch; undefined when no guard of files or network is about it. */
  access(tool: string): ToolAccess | undefined
}

/** What is wrong with a call, as a sentence; undefined when nothing is. */
export type Check = (args: JsonObject, tool: string) => string | undefined

interface Guard {
  readonly kind: 'paths' | 'network' | 'commands' | 'danger'
  readonly effect: 'ask' | 'deny'
  readonly position: Position
  readonly check: Check
  readonly area?: { readonly argument: string; readonly of: FileArea | NetworkArea }
  matches(tool: string): boolean
}

/** Values of one argument that are looked at; a call with more is refused. */
const maxValues = 1000

/**
 * Compiles the guards of a policy. A relative `root` starts at the folder of the policy file. With
 * a probe, paths are also held against the disk. `secrets` are values that the host knows to be
 * secret, beside those whose format tells.
 */
export function compileGuards(
  policy: Policy,
  probe?: FileProbe,
  secrets: readonly string[] = [],
): CompiledGuards {
  const { guards, source } = policy.document
  const folder = dirname(resolve(policy.file))
  const reads = (tool: string): boolean => policy.factsOf(tool).kind === 'read'
  const entry = (kind: Guard['kind'], { at, tools }: { at: Span; tools: readonly Name[] }) => {
    const globs = tools.map(({ text }) => compileGlob(text))
    return {
      kind,
      effect: 'deny' as const,
      position: positionOf(at, source),
      matches: (tool: string) => globs.some((matches) => matches(tool)),
    }
  }
  const paths = guards.paths.map((guard): Guard => {
    const area = fileArea(guard, folder)
    const rivals = guards.paths
      .filter(({ arg, root }) => pointerOf(arg) === pointerOf(guard.arg) && root !== guard.root)
      .map((rival) => entry('paths', rival))
    const check: Check = (args, tool) => {
      const ambiguous = rivals.some(({ matches }) => matches(tool))
      return eachText(args, guard.arg, ({ pointer, value }) =>
        ambiguous && !isAbsolute(value)
          ? said(pointer, 'is relative, and guards read it below different folders')
          : said(pointer, pathProblem(area, value, !reads(tool), probe)),
      )
    }
    return { ...entry('paths', guard), check, area: { argument: pointerOf(guard.arg), of: area } }
  })
  const network = guards.network.map((guard): Guard => {
    const area = networkArea(guard)
    const check = checkUrls(guard, area)
    return { ...entry('network', guard), check, area: { argument: pointerOf(guard.arg), of: area } }
  })
  const commands = guards.commands.map((guard): Guard => {
    const problemOf = compileCommands(guard)
    const check: Check = (args) =>
      eachValue(args, guard.arg, (found) => said(found.pointer, problemOf(found.value)))
    return { ...entry('commands', guard), check }
  })
  const danger = guards.danger.map((guard): Guard => {
    const check = compileDanger(guard, secrets, (tool) => policy.factsOf(tool))
    return { ...entry('danger', guard), effect: guard.do, check }
  })
  const all = [...paths, ...network, ...commands, ...danger]
  return {
    check: ({ args, tool }) =>
      all.flatMap((guard) => (guard.matches(tool) ? findingOf(guard, args, tool) : [])),
    access(tool) {
      const files = areasOf<FileArea>(paths, tool)
      const targets = areasOf<NetworkArea>(network, tool)
      if (files.length === 0 && targets.length === 0) return undefined
      return Object.freeze({ tool, readOnly: reads(tool), files, network: targets })
    },
  }
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

/** The areas of a tool by argument: guards of one argument stand together. */
function areasOf<Area extends FileArea | NetworkArea>(
  guards: readonly Guard[],
  tool: string,
): readonly (readonly Area[])[] {
  const byArgument = new Map<string, Area[]>()
  for (const { matches, area } of guards) {
    if (area === undefined || !matches(tool)) continue
    byArgument.set(area.argument, [...(byArgument.get(area.argument) ?? []), area.of as Area])
  }
  return [...byArgument.values()]
}

/** The argument `method`, where there is one, is that of the request. */
function checkUrls(guard: NetworkGuard, area: NetworkArea): Check {
  return (args) => {
    const method = Object.hasOwn(args, 'method') ? args['method'] : undefined
    const used = method == null ? undefined : String(method).toUpperCase()
    return eachText(args, guard.arg, ({ pointer, value }) => {
      const located = area.locate(value, used)
      return said(pointer, located.ok ? undefined : located.reason)
    })
  }
}

type Look<Value> = (found: {
  readonly pointer: string
  readonly value: Value
}) => string | undefined

function eachText(
  args: JsonObject,
  path: readonly string[],
  look: Look<string>,
): string | undefined {
  return eachValue(args, path, (found) => {
    let count = 0
    for (const { pointer, value } of scalarsOf(found)) {
      if (typeof value !== 'string') return said(pointer, 'is not a text')
      if (++count > maxValues) return said(pointer, `is one of more than ${maxValues} values`)
      const problem = look({ pointer, value })
      if (problem !== undefined) return problem
    }
    return undefined
  })
}

function eachValue(
  args: JsonObject,
  path: readonly string[],
  look: Look<JsonObject[string]>,
): string | undefined {
  const found = findValues(args, path)
  if (found === blocked) return said(pointerOf(path), 'is not where the guard looks for it')
  if (found.length > maxValues) return said(pointerOf(path), `has more than ${maxValues} values`)
  for (const one of found) {
    const problem = look(one)
    if (problem !== undefined) return problem
  }
  return undefined
}

function said(pointer: string, problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `\`${shorten(pointer, 128)}\` ${problem}`
}

function pointerOf(path: readonly string[]): string {
  return `/${path.map((token) => token.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`
}

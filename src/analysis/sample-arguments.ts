import { isAbout } from './rule-edits.ts'
import { presentAt } from '../base/json-path.ts'
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts'
import { compileTest } from '../policy/argument-test.ts'
import type { ArgumentTest, Guards, PolicyFile, Rule, RuleArgument } from '../policy/document.ts'
import { compileGlobs } from '../policy/glob.ts'
import { yes } from '../policy/truth.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Tool } from '../tools/tool.ts'
import { cutPoints, missing, type Sample } from './cut-points.ts'

/** One argument and the values to try for it. */
export interface Axis {
  readonly path: readonly string[]
  readonly samples: readonly Sample[]
}

/** What the files say about the arguments of one tool. */
export interface ToolArguments {
  readonly axes: readonly Axis[]
  /** For each rule about the tool, arguments that meet its conditions as far as samples can. */
  readonly fitting: readonly JsonObject[]
}

/** Collects, for one tool and caller, the values at which something could change. */
export function argumentsOf(
  tool: string,
  files: readonly PolicyFile[],
  principal: Principal | null,
  definition: Tool | undefined,
): ToolArguments {
  const rules = files.flatMap(({ rules: all }) => all.filter((rule) => isAbout(rule, tool)))
  const base = requiredBy(definition)
  const axes = axesOf(tool, rules, files, principal)
  const request = { tool, args: {}, principal, now: Number.NaN, at: '' }
  const fits = ({ test }: RuleArgument, sample: Sample): boolean =>
    sample !== missing && compileTest(test)(sample, request) === yes
  const fitting = rules.map((rule) =>
    rule.args.reduce((args, argument) => {
      const axis = axes.find(({ path }) => isSamePath(path, argument.path))
      const sample = axis?.samples.find((candidate) => fits(argument, candidate))
      return sample === undefined ? args : withValue(args, argument.path, sample)
    }, base),
  )
  const closed = rules.some(({ onlyArgs }) => onlyArgs !== undefined)
  return {
    axes: closed ? [...axes, { path: ['unexpected'], samples: [missing, 'other'] }] : axes,
    fitting: [base, ...fitting],
  }
}

function isSamePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((token, index) => token === b[index])
}

function axesOf(
  tool: string,
  rules: readonly Rule[],
  files: readonly PolicyFile[],
  principal: Principal | null,
): readonly Axis[] {
  const tests = new Map<string, { path: readonly string[]; tests: ArgumentTest[] }>()
  const at = (path: readonly string[]): ArgumentTest[] => {
    const key = JSON.stringify(path)
    const known = tests.get(key) ?? { path, tests: [] }
    tests.set(key, known)
    return known.tests
  }
  for (const rule of rules) for (const { path, test } of rule.args) at(path).push(test)
  const guarded = files.flatMap(({ guards }) => samplesOfGuards(guards, tool))
  for (const { path } of guarded) at(path)
  const examples = files.flatMap((file) =>
    file.tests.flatMap(({ call }) => (call.tool === tool ? [call.args ?? {}] : [])),
  )
  for (const example of examples) for (const name of Object.keys(example)) at([name])
  return [...tests.values()].map(({ path, tests: found }) => {
    const own = guarded.filter((axis) => isSamePath(axis.path, path)).flatMap((a) => a.samples)
    const shown = examples.map((example) => presentAt(example, path)).filter((v) => v !== undefined)
    const points: readonly Sample[] = found.length === 0 ? [missing] : cutPoints(found, principal)
    return { path, samples: distinct([...shown, ...own, ...points]) }
  })
}

/** A value on each side of what the guards let through. */
function samplesOfGuards(guards: Guards, tool: string): readonly Axis[] {
  const about = <G extends { readonly tools: PolicyFile['rules'][number]['tools'] }>(
    list: readonly G[],
  ): readonly G[] => list.filter(({ tools }) => compileGlobs(tools)(tool))
  return [
    ...about(guards.paths).map(({ arg, deny, readOnly }) => ({
      path: arg,
      samples: ['inside.txt', '../outside.txt', ...[...deny, ...readOnly].map(plain)],
    })),
    ...about(guards.network).map(({ arg, hosts, schemes, ports }) => ({
      path: arg,
      samples: [
        ...hosts.map((name) => `${schemes[0] ?? 'https'}://${plain(name)}/`),
        ...ports.map((port) => `https://${plain(hosts[0] ?? 'elsewhere.example')}:${port}/`),
        'https://elsewhere.example/',
        'http://127.0.0.1/',
      ],
    })),
    ...about(guards.commands).map(({ arg, programs }) => ({
      path: arg,
      samples: [
        ...programs.flatMap(({ name, subcommands = [], flags }) => [
          [name.text],
          ...subcommands.map((subcommand) => [name.text, subcommand]),
          ...flags.map((flag) => [name.text, ...subcommands.slice(0, 1), flag]),
          [name.text, '--other'],
        ]),
        ['other'],
      ],
    })),
  ]
}

/** One name that a glob stands for. */
function plain(glob: string): string {
  return glob.replaceAll(/\*+/g, 'x')
}

function distinct(samples: readonly Sample[]): readonly Sample[] {
  const seen = new Map<unknown, Sample>()
  for (const sample of samples) {
    seen.set(sample === missing ? missing : JSON.stringify(sample), sample)
  }
  return [...seen.values()]
}

/** The least a tool demands, by its schema: one plain value for each required argument. */
function requiredBy(tool: Tool | undefined): JsonObject {
  const { required, properties } = tool?.input ?? {}
  if (!Array.isArray(required) || !isObject(properties)) return {}
  return Object.fromEntries(
    required.map((name) => [String(name), plainValue(properties[String(name)])]),
  )
}

function plainValue(schema: unknown): JsonValue {
  if (!isObject(schema)) return 'other'
  if ('const' in schema) return schema['const'] as JsonValue
  if (Array.isArray(schema['enum'])) return schema['enum'][0] as JsonValue
  switch (schema['type']) {
    case 'number':
    case 'integer':
      return typeof schema['minimum'] === 'number' ? schema['minimum'] : 1
    case 'boolean':
      return true
    case 'array':
      return []
    case 'object':
      return {}
    case 'null':
      return null
    default:
      return 'other'
  }
}

/** A copy with another value at a path; what is missing on the way is made. */
export function withValue(args: JsonObject, path: readonly string[], sample: Sample): JsonObject {
  return changed(args, path, sample) as JsonObject
}

function changed(value: JsonValue | undefined, path: readonly string[], sample: Sample): JsonValue {
  const [token, ...rest] = path
  if (token === undefined) return sample as JsonValue
  if (Array.isArray(value)) return changedList(value as readonly JsonValue[], token, rest, sample)
  const object: JsonObject = isObject(value) ? (value as JsonObject) : {}
  const { [token]: before, ...others } = object
  if (sample === missing && rest.length === 0) return others
  if (sample === missing && before === undefined) return object
  return { ...others, [token]: changed(before, rest, sample) }
}

function changedList(
  list: readonly JsonValue[],
  token: string,
  rest: readonly string[],
  sample: Sample,
): JsonValue {
  const index = Number(token)
  if (!(index >= 0 && index <= list.length)) return list
  if (sample === missing && rest.length === 0) return list.toSpliced(index, 1)
  return list.toSpliced(index, 1, changed(list[index], rest, sample))
}

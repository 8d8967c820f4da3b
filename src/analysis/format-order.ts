import { isMap, isScalar, isSeq, type Node, type Pair } from 'yaml'
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts'

const ofFile = [
  '$schema',
  'sallyport',
  'name',
  'description',
  'policy',
  'mode',
  'extends',
  'vars',
  'identity',
  'roles',
  'tools',
  'rules',
  'flow',
  'sequences',
  'limits',
  'guards',
  'output',
  'approvals',
  'audit',
  'tests',
]

const ofRule = [
  'id',
  'allow',
  'ask',
  'deny',
  'except',
  'who',
  'notWho',
  'from',
  'until',
  'args',
  'onlyArgs',
  'approvers',
  'shadow',
  'reason',
]

const ofTool = ['kind', 'sink', 'output', 'fields', 'args', 'timeout', 'pin']

/** Puts the keys of the file, its rules and tools in their order; unknown ones stay behind. */
export function orderKeys(root: Node): void {
  if (!isMap(root)) return
  sort(root.items, ofFile)
  const rules = root.get('rules')
  if (isSeq(rules)) for (const rule of rules.items) if (isMap(rule)) sort(rule.items, ofRule)
  const tools = root.get('tools')
  if (!isMap(tools)) return
  for (const { value } of tools.items) if (isMap(value)) sort(value.items, ofTool)
}

function sort(items: Pair[], order: readonly string[]): void {
  const rank = ({ key }: Pair): number => rankOf(isScalar(key) ? key.value : undefined, order)
  const [first] = items
  const ordered = items.toSorted((a, b) => rank(a) - rank(b))
  // what stood above the first key stands above the whole
  if (first !== undefined && ordered[0] !== first) keepHead(first, ordered[0]!)
  items.splice(0, items.length, ...ordered)
}

function keepHead(from: Pair, to: Pair): void {
  const [old, next] = [from.key, to.key]
  if (isScalar(old) && isScalar(next)) delete next.spaceBefore
}

function rankOf(key: unknown, order: readonly string[]): number {
  const rank = order.indexOf(String(key))
  return rank < 0 ? order.length : rank
}

/** The same for a policy that is JSON. */
export function orderJson(value: JsonValue): JsonValue {
  if (!isObject(value)) return value
  const { rules, tools } = value as JsonObject
  const changed: Record<string, JsonValue> = { ...(value as JsonObject) }
  if (Array.isArray(rules)) changed['rules'] = rules.map((rule) => sorted(rule, ofRule))
  if (isObject(tools)) {
    changed['tools'] = Object.fromEntries(
      Object.entries(tools).map(([name, tool]) => [name, sorted(tool as JsonValue, ofTool)]),
    )
  }
  return sorted(changed, ofFile)
}

function sorted(value: JsonValue, order: readonly string[]): JsonValue {
  if (!isObject(value)) return value
  const entries = Object.entries(value as JsonObject)
  return Object.fromEntries(entries.toSorted(([a], [b]) => rankOf(a, order) - rankOf(b, order)))
}

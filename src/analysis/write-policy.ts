import { Document, isMap, isSeq, parse, visit, type Node, type YAMLMap } from 'yaml'
import type { JsonObject } from '../base/json.ts'
import { visible } from '../base/text.ts'
import { formatPolicy } from './format.ts'
import { hasUnseen, policyJson } from './format-scalar.ts'

/** First line of a policy in a project that has the package installed. */
export const schemaLine =
  ' yaml-language-server: $schema=./node_modules/sallyport/dist/policy/policy.schema.json'

interface Comments {
  /** Lines above the file. */
  readonly head: readonly string[]
  /** Lines above each rule, in their order. */
  readonly rules?: readonly (readonly string[])[]
}

/** The same policy as JSON, without its comments. */
export function policyAsJson(text: string): string {
  const plain: unknown = parse(text, { version: '1.2', schema: 'core' })
  return `${policyJson(JSON.stringify(plain, null, 2))}\n`
}

/** Plain data of a policy as a file for people, in canonical form and with comments. */
export function writePolicy(plain: JsonObject, { head, rules = [] }: Comments): string {
  const document = new Document(plain, {
    version: '1.2',
    schema: 'core',
    aliasDuplicateObjects: false,
  })
  document.commentBefore = [schemaLine, ...head].map(visible).join('\n')
  for (const [index, rule] of itemsOf(document, 'rules').entries()) {
    const comment = rules[index]
    if (comment !== undefined) rule.commentBefore = comment.map(visible).join('\n')
    for (const { value } of rule.items) setFlow(value)
  }
  for (const limit of itemsOf(document, 'limits')) setFlow(limit)
  for (const test of itemsOf(document, 'tests')) for (const { value } of test.items) setFlow(value)
  for (const name of ['identity', 'roles']) setFlow(document.get(name))
  for (const key of ['roles', 'rules', 'limits', 'tests']) spaceBefore(document, key)
  visit(document, {
    Scalar(_, scalar) {
      if (typeof scalar.value === 'string' && hasUnseen(scalar.value)) scalar.type = 'QUOTE_DOUBLE'
    },
  })
  return formatPolicy(policyJson(document.toString({ lineWidth: 0 })), 'policy')
}

function itemsOf(document: Document, key: string): readonly YAMLMap[] {
  const list = document.get(key)
  return isSeq(list) ? list.items.filter((item) => isMap(item)) : []
}

function spaceBefore(document: Document, key: string): void {
  if (!isMap(document.contents)) return
  const pair = document.contents.items.find((each) => String(each.key) === key)
  if (pair !== undefined) (pair.key as Node).spaceBefore = true
}

function setFlow(node: unknown): void {
  if (isMap(node) || isSeq(node)) node.flow = true
}

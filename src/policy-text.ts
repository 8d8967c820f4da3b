import { isObject } from './base/json.ts'
import { compilePolicy } from './policy/compile.ts'
import type { LoadedPolicy } from './policy-file.ts'
import type { PolicyTool } from './policy/policy.ts'
import { readPolicy } from './policy/read.ts'
import type { Tool } from './tools/tool.ts'

/** Reads the text of a policy; `name` stands in positions. Throws `bad-policy` with all its errors. */
export function readPolicyText(text: string, name: string, path?: string): LoadedPolicy {
  const file = readPolicy(text, { file: name })
  return {
    file,
    path,
    compile: (tools) =>
      compilePolicy(file, tools === undefined ? {} : { tools: tools.map(toPolicyTool) }),
  }
}

function toPolicyTool(tool: Tool): PolicyTool {
  return {
    name: tool.name,
    ...(tool.facts.kind === undefined ? {} : { kind: tool.facts.kind }),
    requires: requirementsOf(tool),
    argumentNames: argumentNamesOf(tool),
  }
}

/** A list without entries demands nothing; to a policy it would be one that nobody meets. */
function requirementsOf({ requires }: Tool): NonNullable<PolicyTool['requires']> {
  const { roles, scopes } = requires
  return { ...(roles.length === 0 ? {} : { roles }), ...(scopes.length === 0 ? {} : { scopes }) }
}

/** The argument names of a closed schema; undefined when it takes any. */
function argumentNamesOf({ input }: Tool): readonly string[] | undefined {
  const { properties, additionalProperties } = input
  const closed = additionalProperties === false && isObject(properties)
  return closed ? Object.keys(properties) : undefined
}

import { digestJson } from '../base/digest.ts'
import { compilePolicy } from '../policy/compile.ts'
import type { PolicyFile } from '../policy/document.ts'
import type { Policy, PolicyTool } from '../policy/policy.ts'
import { readPolicy, type ReadOptions } from '../policy/read.ts'
import { closedNames, listedNames } from '../tools/member-names.ts'
import type { Tool } from '../tools/tool.ts'
import type { LoadedPolicy } from './file.ts'

/** Reads the text of a policy; `name` stands in positions. Throws `bad-policy` with all its errors. */
export function readPolicyText(
  text: string,
  name: string,
  options: Pick<ReadOptions, 'variables' | 'now'> = {},
): LoadedPolicy {
  return loaded(readPolicy(text, { ...options, file: name }), undefined)
}

/** A policy file that was read, ready to be held against tools. */
export function loaded(file: PolicyFile, path: string | undefined): LoadedPolicy {
  return { file, path, compile: (tools) => compileFor(file, tools) }
}

/** Throws `bad-policy` where the file does not fit the tools. */
export function compileFor(file: PolicyFile, tools: readonly Tool[] | undefined): Policy {
  return compilePolicy(file, tools === undefined ? {} : { tools: tools.map(toPolicyTool) })
}

export function toPolicyTool(tool: Tool): PolicyTool {
  return {
    name: tool.name,
    facts: tool.facts,
    pin: pinOf(tool),
    requires: requirementsOf(tool),
    argumentNames: closedNames(tool.input),
    listedNames: listedNames(tool.input),
  }
}

/** What a policy pins: what the model is told about the tool. */
function pinOf({ name, description, input }: Tool): string {
  const hex = digestJson({ name, description, inputSchema: input }).slice('sha256:'.length)
  return `sha256-${Buffer.from(hex, 'hex').toString('base64')}`
}

/** A list without entries demands nothing; to a policy it would be one that nobody meets. */
function requirementsOf({ requires }: Tool): NonNullable<PolicyTool['requires']> {
  const { roles, scopes } = requires
  return { ...(roles.length === 0 ? {} : { roles }), ...(scopes.length === 0 ? {} : { scopes }) }
}

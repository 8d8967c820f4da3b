import { messageOf, SallyportError } from './base/errors.ts'
import type { PolicyFile } from './policy/document.ts'
import type { Policy } from './policy/policy.ts'
import type { Tool } from './tools/tool.ts'

/** A policy that was read and is free of errors, not yet held against tools. */
export interface LoadedPolicy {
  readonly file: PolicyFile
  /** Where it came from; key files of issuers are looked up relative to its folder. */
  readonly path: string | undefined
  /**
   * The policy held against tools. Throws `bad-policy` where they do not fit; without tools the
   * file stands alone.
   */
  compile(tools?: readonly Tool[]): Policy
}

/** The code of policies is large, and not every program has one. */
const load = () => import('./policy-text.ts')

/**
 * Reads a policy file (YAML 1.2 or JSON) from a path. Throws `bad-file` when it cannot be read and
 * `bad-policy` with all its errors when it does not load; URLs are refused.
 */
export async function loadPolicy(path: string): Promise<LoadedPolicy> {
  if (/^[a-z][a-z0-9+.-]+:/i.test(path)) {
    throw new SallyportError('bad-option', `\`${path}\` is a URL`, {
      help: 'policies are read from files: a policy that comes over the network is not yours',
    })
  }
  const [text, { readPolicyText }] = await Promise.all([readText(path), load()])
  return readPolicyText(text, path, path)
}

async function readText(path: string): Promise<string> {
  try {
    const { readFile } = await import('node:fs/promises')
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new SallyportError('bad-file', `policy \`${path}\` cannot be read: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/**
 * Like `loadPolicy` for a text that is at hand; `name` stands in positions. Throws `bad-policy`
 * with all its errors.
 */
export async function parsePolicy(text: string, name = 'policy'): Promise<LoadedPolicy> {
  const { readPolicyText } = await load()
  return readPolicyText(text, name)
}

import { systemClock, type Clock } from '../base/clock.ts'
import { SallyportError } from '../base/errors.ts'
import { checkOptions } from '../base/options.ts'
import type { PolicyFile } from '../policy/document.ts'
import type { Policy, PolicyInForce } from '../policy/policy.ts'
import {
  checkGiven,
  isArrayOf,
  isClock,
  isFlag,
  isPlainObject,
  isText,
} from '../protocol/option-checks.ts'
import type { Tool } from '../tools/tool.ts'
import type { PolicyKey } from './signature.ts'

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
  /** Of a watched policy only: tells the policy in force whenever it is asked. */
  readonly follow?: (tools?: readonly Tool[]) => () => Policy
}

export interface ParseOptions {
  /**
   * Values for `${name}` in paths; they win over `vars` of the file. None may be empty, and one that
   * stands behind something else may not lead up from there: that is an error of the policy.
   */
  readonly variables?: Readonly<Record<string, string>>
  /** Tells what has expired, or will within 14 days: both are warnings. Default: the system's. */
  readonly clock?: Clock
}

export interface LoadOptions extends ParseOptions {
  /**
   * Public keys whose signature counts: JSON Web Keys for Ed25519 or P-256, each with a `kid`. With
   * them a signature that is there has to be right.
   */
  readonly keys?: readonly PolicyKey[]
  /** Refuses a policy without a signature. Default: true when there are keys. */
  readonly requireSigned?: boolean
}

const textChecks = {
  clock: isClock,
  variables: (name: string, value: unknown): void => {
    isPlainObject(name, value)
    for (const [key, text] of Object.entries(value as object)) isText(`${name}.${key}`, text)
  },
}

export const loadChecks = {
  ...textChecks,
  keys: isArrayOf('JSON Web Keys', isPlainObject),
  requireSigned: isFlag,
}

/**
 * Reads a policy file (YAML 1.2 or JSON) and the files it extends. Throws `bad-file` when it cannot
 * be read and `bad-policy` with all errors when it does not load; URLs are refused. With `keys`,
 * `policy-unsigned`, `policy-signature` or `policy-key-unknown` where the signature is not there, is
 * wrong, or is by a key that is not among them; nothing in the file can change what is needed.
 */
export async function loadPolicy(path: string, options: LoadOptions = {}): Promise<LoadedPolicy> {
  checkOptions('loadPolicy', options, Object.keys(loadChecks))
  checkGiven(options, loadChecks)
  checkPath(path)
  // the code of policies is large, and not every program has one
  const { loadTree } = await import('./load.ts')
  return loadTree(path, options)
}

/** Throws `bad-option` for what is no path of a file. */
export function checkPath(path: string): void {
  isText('path', path)
  if (!/^[a-z][a-z0-9+.-]+:/i.test(path)) return
  throw new SallyportError('bad-option', `\`${path}\` is a URL`, {
    help: 'policies are read from files: a policy that comes over the network is not yours',
  })
}

/**
 * Like `loadPolicy` for a text that is at hand; `name` stands in positions. Throws `bad-policy`
 * with all its errors; a text has no parents, so `extends` is one.
 */
export async function parsePolicy(
  text: string,
  name = 'policy',
  options: ParseOptions = {},
): Promise<LoadedPolicy> {
  checkOptions('parsePolicy', options, Object.keys(textChecks))
  checkGiven(options, textChecks)
  const { readPolicyText } = await import('./text.ts')
  const { clock = systemClock, ...rest } = options
  return readPolicyText(text, name, { ...rest, now: clock.now() })
}

/**
 * A policy held against tools; of a watched one, what tells the one in force. Throws `bad-policy`
 * where they do not fit, and for a policy that would not block unless the host wants that.
 */
export function enforced(
  loaded: LoadedPolicy,
  tools: readonly Tool[],
  allowShadow: boolean | undefined,
): PolicyInForce {
  const policy = loaded.follow?.(tools) ?? loaded.compile(tools)
  checkShadow(typeof policy === 'function' ? policy() : policy, allowShadow)
  return policy
}

function checkShadow({ mode, name }: Policy, allowed: boolean | undefined): void {
  if (mode !== 'shadow' || allowed === true) return
  throw new SallyportError('bad-policy', `policy \`${name}\` is in shadow mode`, {
    help: 'it would not block anything: set `mode: enforce`, or pass `allowShadow: true`',
  })
}

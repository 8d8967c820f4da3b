import { systemClock } from '../base/clock.ts'
import { isSallyportError, SallyportError } from '../base/errors.ts'
import { fileFailure, isMissing } from '../base/file-failure.ts'
import { checkPublicKeys } from '../gate/identity/own-key.ts'
import type { Diagnostic } from '../policy/diagnostic.ts'
import type { PolicyFile } from '../policy/document.ts'
import type { Tool } from '../tools/tool.ts'
import type { LoadedPolicy, LoadOptions } from './file.ts'
import { verifyTree } from './signature.ts'
import { loaded, toPolicyTool } from './text.ts'
import { completeTree, openTree, readText, type PolicyTree } from './tree.ts'

/** What `loadPolicy` does once the types of its options have been checked. */
export async function loadTree(path: string, options: LoadOptions): Promise<LoadedPolicy> {
  const { file } = await readTree(path, options)
  return loaded(file, path)
}

/**
 * All that is wrong with a policy that does not load, also what else only shows when one that is
 * loaded is held against tools. None where it does load.
 */
export async function findingsOf(
  path: string,
  tools: readonly Tool[] | undefined,
): Promise<readonly Diagnostic[]> {
  const against = { tools: tools?.map(toPolicyTool) }
  try {
    completeTree(await openTree(path), { now: systemClock.now(), against })
  } catch (error) {
    if (!isSallyportError(error) || error.code !== 'bad-policy') throw error
    return error.details as unknown as readonly Diagnostic[]
  }
  return []
}

/** A policy as it lies on the disk, checked, and everything of it that was read. */
export interface ReadTree {
  readonly file: PolicyFile
  readonly tree: PolicyTree
}

/** `onFolder` hears of every folder that was looked at, also when the policy does not load. */
export async function readTree(
  path: string,
  options: LoadOptions,
  onFolder?: (folder: string) => void,
): Promise<ReadTree> {
  const { clock = systemClock, keys = [], variables = {} } = options
  const { requireSigned = keys.length > 0 } = options
  checkPublicKeys(keys)
  if (requireSigned && keys.length === 0) {
    throw new SallyportError('bad-option', '`requireSigned` needs `keys`', {
      help: 'pass the public keys of those whose signature counts',
    })
  }
  const tree = await openTree(path, onFolder)
  if (keys.length > 0) await verify(tree, keys, requireSigned)
  return { file: completeTree(tree, { variables, now: clock.now() }), tree }
}

async function verify(
  tree: PolicyTree,
  keys: NonNullable<LoadOptions['keys']>,
  required: boolean,
): Promise<void> {
  const { shown } = tree.root
  const signature = await readSignature(shown)
  if (signature !== undefined) return verifyTree(tree, signature, keys)
  if (!required) return undefined
  throw new SallyportError('policy-unsigned', `policy \`${shown}\` is not signed`, {
    help: `sign it with \`sallyport sign\`; the signature belongs into \`${signatureFile(shown)}\``,
  })
}

/** Where the signature of a policy file lies. */
export function signatureFile(path: string): string {
  return `${path}.sig`
}

/** Undefined when there is none; anything else that keeps it from being read is an error. */
async function readSignature(path: string): Promise<string | undefined> {
  try {
    return await readText(signatureFile(path))
  } catch (error) {
    if (isMissing(error)) return undefined
    const file = signatureFile(path)
    throw fileFailure(`\`${file}\``, 'read', error)
  }
}

import { checkPath, type ParseOptions } from './file.ts'
import type { PolicyKey } from './signature.ts'

/**
 * Signs a policy file and everything it extends with a private Ed25519 or P-256 key, a JSON Web Key
 * with a `kid`. Resolves with the content of the signature file, which is named like the policy
 * with `.sig` behind: a detached JWS (RFC 7515 appendix F, RFC 8037) over the canonical JSON
 * (RFC 8785) of the files as written, before variables.
 *
 * Rejects with `bad-policy` for a policy that does not load, `bad-file`, and `bad-option` for what is
 * no path and for a key that cannot sign.
 *
 * @example
 * ```ts
 * const key = JSON.parse(await readFile('release.jwk', 'utf8'))
 * await writeFile('desk.yaml.sig', await signPolicy('desk.yaml', key))
 * ```
 */
export async function signPolicy(
  path: string,
  key: PolicyKey,
  { variables = {} }: Pick<ParseOptions, 'variables'> = {},
): Promise<string> {
  checkPath(path)
  const [{ completeTree, openTree }, { signTree }] = await Promise.all([
    import('./tree.ts'),
    import('./signature.ts'),
  ])
  const tree = await openTree(path)
  completeTree(tree, { variables })
  return signTree(tree, key)
}

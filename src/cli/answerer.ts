import { errorFrom, SallyportError } from '../base/errors.ts'
import { approverOf } from '../gate/answer.ts'
import type { Approver } from '../gate/verdict.ts'
import type { Policy } from '../policy/policy.ts'
import { authenticatorOf, authOf } from './auth.ts'
import type { Io } from './io.ts'
import { loadTrusted, type KeyOptions } from './policy.ts'

export interface AnswererOptions extends KeyOptions {
  readonly policy?: string
  readonly token?: string
}

/** Somebody whom a policy knows. */
export interface Answerer {
  readonly by: Approver
  readonly policy: Policy
  /** Who it is now; rejects once the token no longer counts. */
  identify(): Promise<Approver>
}

/** Who the token says it is; undefined for somebody without a policy that tells. */
export async function answererOf(options: AnswererOptions, io: Io): Promise<Answerer | undefined> {
  if (options.policy === undefined) {
    if (options.token === undefined) return undefined
    throw new SallyportError('bad-option', '`--token` needs `--policy`', {
      help: 'name the policy whose `identity` knows the token',
    })
  }
  const loaded = await loadTrusted(options.policy, options, io)
  const policy = loaded.compile()
  const authenticator = authenticatorOf(policy, loaded.path, io)
  const identify = async (): Promise<Approver> => {
    const caller = await authenticator.authenticate(authOf(options.token, io))
    if (!caller.ok) throw errorFrom(caller.error)
    return approverOf(caller.principal)
  }
  return { by: await identify(), policy, identify }
}

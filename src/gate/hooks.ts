import { deepFreeze, isObject, type JsonObject } from '../base/json.ts'
import { abortWith, after, StopError } from '../base/signal.ts'
import { shorten } from '../base/text.ts'
import type { Decision } from '../protocol/decision.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Finding } from './finding.ts'
import type { ExaminedCall, JudgeContext } from './verdict.ts'

/** A call that is about to be decided; frozen through and through. */
export interface HookedCall {
  readonly runId: string
  readonly session: string | undefined
  readonly callId: string
  readonly turn: number
  readonly tool: string
  /** Validated, with declared defaults, nothing redacted. */
  readonly args: JsonObject
  readonly argsDigest: string
  readonly principal: Principal | null
}

/** `reason` is told to people and to the model: at most 500 characters of it, and no secrets. */
export type HookAnswer =
  | { readonly effect: 'allow' }
  | { readonly effect: 'ask' | 'deny'; readonly reason?: string }

/**
 * Decides beside the policy, and can only be stricter: `allow` leaves the decision as it is. Asked
 * about every call that the policy does not refuse, before it runs, again when people have answered
 * or a run is taken up. Anything but an answer, an exception and silence over the time limit deny.
 * `signal` aborts when nobody waits for the answer any more.
 */
export type GateHook = (
  call: HookedCall,
  decision: Decision,
  options: { readonly signal: AbortSignal },
) => HookAnswer | Promise<HookAnswer>

/** A hook under the name that decisions show. */
export interface NamedHook {
  readonly name: string
  readonly decide: GateHook
  /** Milliseconds. */
  readonly timeoutMs: number
}

/** Told why a hook could not decide; must not throw. */
type Complain = (name: string, what: string, error?: unknown) => void

/** All hooks of a gate, asked side by side. */
export class Hooks {
  readonly #hooks: readonly NamedHook[]
  readonly #complain: Complain

  constructor(hooks: readonly NamedHook[], complain: Complain) {
    this.#hooks = hooks
    this.#complain = complain
  }

  /** What they have against a call; never rejects. */
  async ask(
    examined: ExaminedCall,
    context: JudgeContext,
    decision: Decision,
  ): Promise<readonly Finding[]> {
    const call = hookedCall(examined, context)
    const shown = deepFreeze(structuredClone(decision))
    const found = this.#hooks.map((hook) => this.#askOne(hook, call, shown, context.signal))
    return (await Promise.all(found)).filter((finding) => finding !== undefined)
  }

  async #askOne(
    hook: NamedHook,
    call: HookedCall,
    decision: Decision,
    signal: AbortSignal | undefined,
  ): Promise<Finding | undefined> {
    const { name } = hook
    try {
      const answer = await answerInTime(hook, call, decision, signal)
      if (answer === silence) return this.#failed(name, `gave no answer in ${hook.timeoutMs} ms`)
      if (answer === stopped) return stoppedBefore(name)
      return this.#read(name, answer)
    } catch (error) {
      return this.#failed(name, 'threw', error)
    }
  }

  /** Read once: an answer may change while it is looked at. */
  #read(name: string, answer: unknown): Finding | undefined {
    const { effect, reason } = isObject(answer) ? answer : {}
    if (effect === 'allow') return undefined
    if (effect !== 'ask' && effect !== 'deny') return this.#failed(name, 'gave no answer')
    const verb = effect === 'ask' ? 'asks for a person' : 'refuses this call'
    const said = typeof reason === 'string' && reason !== '' ? shorten(reason, 500) : undefined
    return findingOf(name, effect, said ?? `gate hook \`${name}\` ${verb}`)
  }

  /** What an exception says may hold secrets, so only the host is told. */
  #failed(name: string, what: string, error?: unknown): Finding {
    this.#complain(name, `its gate hook ${what}`, error)
    return findingOf(name, 'deny', `gate hook \`${name}\` ${what}, which counts as a no`)
  }
}

function findingOf(name: string, effect: 'ask' | 'deny', reason: string): Finding {
  return { effect, rule: `hooks.${name}`, reason }
}

/** No hook is to blame for this. */
function stoppedBefore(name: string): Finding {
  const reason = `the run was stopped before gate hook \`${name}\` had decided`
  return { effect: 'deny', rule: 'stopped', reason }
}

function hookedCall({ args, argsDigest, call }: ExaminedCall, context: JudgeContext): HookedCall {
  const { principal, runId, session } = context
  const { callId, tool, turn } = call
  return Object.freeze({
    runId,
    session,
    callId,
    turn,
    tool,
    args: args as JsonObject,
    argsDigest,
    principal: deepFreeze(structuredClone(principal)),
  })
}

const silence = Symbol('silence')
const stopped = Symbol('stopped')

function answerInTime(
  { decide, timeoutMs }: NamedHook,
  call: HookedCall,
  decision: Decision,
  run: AbortSignal | undefined,
): Promise<unknown> {
  const controller = new AbortController()
  const { signal } = controller
  return new Promise<unknown>((resolve, reject) => {
    const stop = (): void => end(stopped)
    const cancelTimer = after(timeoutMs, () => end(silence))
    const dispose = (): void => {
      cancelTimer()
      run?.removeEventListener('abort', stop)
    }
    const end = (reason: typeof silence | typeof stopped): void => {
      dispose()
      resolve(reason)
      abortWith(controller, new StopError('ended'))
    }
    if (run?.aborted === true) return stop()
    run?.addEventListener('abort', stop)
    const answer = new Promise((settle) => settle(decide(call, decision, { signal })))
    answer.finally(dispose).then(resolve, reject)
  })
}

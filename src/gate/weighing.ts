import type { ErrorCode } from '../base/codes.ts'
import { errorData, messageOf } from '../base/errors.ts'
import { firmSteps, stricterOf } from '../policy/layers.ts'
import type { CallStatus } from '../protocol/call.ts'
import type { Decision } from '../protocol/decision.ts'
import type { Permit } from '../tools/permit.ts'
import { isSatisfied, withAsked, type OpenApproval } from './approval.ts'
import { applyFindings, type Finding } from './finding.ts'
import type { Hooks } from './hooks.ts'
import type { Judgement } from './judgement.ts'
import { inWhoseName } from './lineage.ts'
import { endOf } from './refusal.ts'
import type { Approver, ExaminedCall, JudgeContext, Verdict } from './verdict.ts'

/** A verdict before a question is made of what has to be asked. */
export type Weighed =
  | Exclude<Verdict, { kind: 'pending' }>
  | { readonly kind: 'ask'; readonly decision: Decision }

export interface WeighingOptions {
  readonly judgement: Judgement
  /** The host accepts that a policy in shadow mode does not block. Default false. */
  readonly allowShadow?: boolean | undefined
  readonly hooks: Hooks | undefined
  readonly rolesOf: (approver: Approver) => ReadonlySet<string>
  readonly mint: (
    examined: ExaminedCall,
    context: JudgeContext,
    decision: Decision,
    asked: OpenApproval | undefined,
  ) => Permit
}

/** The pipeline after `examine`: what policy, hooks and people together say about a call. */
export class Weighing {
  readonly #options: WeighingOptions

  constructor(options: WeighingOptions) {
    this.#options = options
  }

  /** With an open request, given the people who have said yes. Async only where hooks are asked. */
  weigh(
    examined: ExaminedCall,
    context: JudgeContext,
    asked?: OpenApproval,
  ): Weighed | Promise<Weighed> {
    const { hooks } = this.#options
    try {
      if (examined.defect !== undefined) return this.#refuseDefect(examined, context)
      const decision = this.#decide(examined, context, asked)
      const isRefused = decision.effect === 'deny' && !this.#isRelaxed(decision)
      if (hooks === undefined || isRefused)
        return this.#conclude(decision, examined, context, asked)
      const consulted = this.#consult(hooks, decision, examined, context, asked)
      return consulted.catch((error: unknown) => this.#refuseFailed(examined, context, error))
    } catch (error) {
      return this.#refuseFailed(examined, context, error)
    }
  }

  #decide(examined: ExaminedCall, context: JudgeContext, asked?: OpenApproval): Decision {
    const decision = this.#options.judgement.decide(examined, context, asked !== undefined)
    const strange = decision.obligations.find(({ kind }) => kind !== 'approval')
    if (strange !== undefined) throw new Error(`unknown obligation \`${strange.kind}\``)
    return decision
  }

  /** Whether shadow mode lets a call pass that the policy would stop. */
  #isRelaxed({ effect, rule }: Decision): boolean {
    const { allowShadow, judgement } = this.#options
    const isShadow = judgement.policy.mode === 'shadow' && allowShadow === true
    return isShadow && effect !== 'allow' && !firmSteps.has(rule)
  }

  /**
   * Asks the hooks, and decides again: other calls, people or another policy may have changed what
   * holds meanwhile, and of two decisions the stricter one counts.
   */
  async #consult(
    hooks: Hooks,
    shown: Decision,
    examined: ExaminedCall,
    context: JudgeContext,
    asked: OpenApproval | undefined,
  ): Promise<Weighed> {
    const { judgement } = this.#options
    const { policy } = judgement
    const asking = inWhoseName(context).map((each) => hooks.ask(examined, each, shown))
    const findings = (await Promise.all(asking)).flat()
    // another policy takes something else of the limits than was reserved
    if (policy !== judgement.policy) judgement.release(examined.call.callId)
    const decision = stricterOf(shown, this.#decide(examined, context, asked))
    return this.#conclude(decision, examined, context, asked, findings)
  }

  /** `findings` are of hooks, which shadow mode does not relax. */
  #conclude(
    decision: Decision,
    examined: ExaminedCall,
    context: JudgeContext,
    asked: OpenApproval | undefined,
    findings: readonly Finding[] = [],
  ): Weighed {
    const { judgement, rolesOf } = this.#options
    const asAsked = (made: Decision): Decision => (asked ? withAsked(made, asked) : made)
    const stands = asAsked(decision)
    const shadow = this.#isRelaxed(stands)
    if (findings.length === 0 && (shadow || stands.effect === 'allow')) {
      return this.#permit(shadow ? { ...stands, shadow } : stands, examined, context, asked)
    }
    const passed = { ...decision, effect: 'allow', obligations: [] } as const
    const judged = asAsked(applyFindings(shadow ? passed : decision, findings))
    if (judged.effect === 'deny') {
      return this.#refuse(examined, context, judged, 'error-security', codeOf(judged, findings))
    }
    if (!isSatisfied(judged, asked?.yes ?? [], rolesOf)) return { kind: 'ask', decision: judged }
    judgement.approved(examined)
    return this.#permit(judged, examined, context, asked)
  }

  #permit(
    decision: Decision,
    examined: ExaminedCall,
    context: JudgeContext,
    asked: OpenApproval | undefined,
  ): Weighed {
    const { judgement, mint } = this.#options
    judgement.permitted(examined, context)
    return { kind: 'permit', decision, permit: mint(examined, context, decision, asked) }
  }

  #refuse(
    examined: ExaminedCall,
    context: JudgeContext,
    decision: Decision,
    status: CallStatus,
    code: ErrorCode,
  ): Extract<Verdict, { kind: 'refusal' }> {
    this.#options.judgement.refused(examined, context, decision)
    const message = decision.reasons[0] ?? `refused by \`${decision.rule}\``
    return { kind: 'refusal', decision, status, error: errorData(code, message) }
  }

  /** By what stands beside the policy. */
  refuseBy(
    step: string,
    { context, examined }: Pick<OpenApproval, 'context' | 'examined'>,
    reason: string,
  ): Extract<Verdict, { kind: 'refusal' }> {
    const decision = this.#options.judgement.denial(step, reason)
    return this.#refuse(examined, context, decision, ...endOf(step))
  }

  #refuseDefect(examined: ExaminedCall, context: JudgeContext): Weighed {
    const { judgement } = this.#options
    const { status, step, error } = examined.defect!
    const decision = judgement.denial(step, error.message)
    judgement.refused(examined, context, decision)
    return { kind: 'refusal', decision, status, error }
  }

  #refuseFailed(examined: ExaminedCall, context: JudgeContext, error: unknown): Weighed {
    const message = `the gate failed: ${messageOf(error)}`
    const decision = this.#options.judgement.denial('gate_error', message)
    return this.#refuse(examined, context, decision, 'error-security', 'denied')
  }
}

/** What a call was denied by: who runs the program, a hook, or the policy. */
function codeOf({ rule }: Decision, findings: readonly Finding[]): ErrorCode {
  if (rule === 'stopped') return 'stopped'
  return findings.some((finding) => finding.rule === rule) ? 'hook-denied' : 'denied'
}

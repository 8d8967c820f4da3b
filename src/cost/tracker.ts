import type { ModelCaller } from '../protocol/model.ts'
import { Account, Accounts, type Charge, type CostStats } from './account.ts'
import { toDollars } from './money.ts'
import {
  checkSnapshot,
  readAccount,
  writeAccount,
  writeAccounts,
  type CostSnapshot,
} from './snapshot.ts'

export interface AgentStats extends CostStats {
  /** Sessions and runs without one, counted again when they come back after being forgotten. */
  readonly sessions: number
}

/** A request of a model, as far as costs are counted by it. */
export interface Asked {
  readonly provider: string
  readonly model: string
  /** Those that may be asked in its place, itself included. */
  readonly models?: readonly string[]
  readonly caller: ModelCaller
}

/**
 * The agent of a caller: the one it names, else what precedes the first colon of its session
 * (`agent:adapter:id`), or the whole of it.
 */
export function agentOf({ agent, session }: ModelCaller): string | undefined {
  return agent ?? session?.split(':', 1)[0]
}

/**
 * What answers have cost: in all, and by run, session, agent and model. Of each as many are kept as
 * it was given, those used last; everything handed out is a copy.
 */
export class CostTracker {
  #total = new Account()
  readonly #runs: Accounts
  readonly #sessions: Accounts
  readonly #agents: Accounts
  readonly #models: Accounts

  constructor(most: number) {
    this.#runs = new Accounts(most)
    this.#sessions = new Accounts(most)
    this.#agents = new Accounts(most)
    this.#models = new Accounts(most)
  }

  /** US dollars of all answers. */
  get globalCost(): number {
    return toDollars(this.#total.money)
  }

  total(): CostStats {
    return this.#total.stats()
  }

  sessionCost(session: string): number {
    return toDollars(this.#sessions.find(session)?.money ?? 0n)
  }

  session(session: string): CostStats | undefined {
    return this.#sessions.find(session)?.stats()
  }

  run(runId: string): CostStats | undefined {
    return this.#runs.find(runId)?.stats()
  }

  sessions(): Readonly<Record<string, CostStats>> {
    return this.#sessions.stats()
  }

  /** By `provider/model`. */
  models(): Readonly<Record<string, CostStats>> {
    return this.#models.stats()
  }

  agents(): Readonly<Record<string, AgentStats>> {
    return Object.fromEntries(
      this.#agents
        .entries()
        .map(([name, account]) => [name, { ...account.stats(), sessions: account.sessions }]),
    )
  }

  /** The account that limits of a caller are held against: of its session, else of its run. */
  accountOf({ session, runId }: ModelCaller): Account {
    return session === undefined ? this.#runs.use(runId) : this.#sessions.use(session)
  }

  record({ provider, model, caller }: Asked, charge: Charge): void {
    const agent = agentOf(caller)
    if (agent !== undefined) this.#countAgent(agent, caller, charge)
    this.#total.add(charge)
    this.#runs.use(caller.runId).add(charge)
    if (caller.session !== undefined) this.#sessions.use(caller.session).add(charge)
    this.#models.use(`${provider}/${model}`).add(charge)
  }

  #countAgent(agent: string, { session, runId }: ModelCaller, charge: Charge): void {
    const account = this.#agents.use(agent)
    const known = session === undefined ? this.#runs.find(runId) : this.#sessions.find(session)
    if ((known?.answers ?? 0) === 0) account.sessions++
    account.add(charge)
  }

  /** Everything counted so far as plain data, for `restore`; what is held back is not in it. */
  snapshot(): CostSnapshot {
    return {
      version: 1,
      total: writeAccount(this.#total),
      runs: writeAccounts(this.#runs),
      sessions: writeAccounts(this.#sessions),
      agents: writeAccounts(this.#agents),
      models: writeAccounts(this.#models),
    }
  }

  /** Goes on from a snapshot. To be called before anything was counted; throws `bad-option`. */
  restore(snapshot: CostSnapshot): void {
    checkSnapshot(snapshot, this.#total.answers > 0)
    this.#total = readAccount('total', snapshot.total)
    for (const [kind, accounts] of [
      ['runs', this.#runs],
      ['sessions', this.#sessions],
      ['agents', this.#agents],
      ['models', this.#models],
    ] as const) {
      for (const [name, data] of Object.entries(snapshot[kind])) {
        accounts.put(name, readAccount(`${kind}.${name}`, data))
      }
    }
  }
}

import { SallyportError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { shorten } from '../base/text.ts'
import { noUsage, type Cost, type Usage } from '../protocol/usage.ts'
import { Account, type Accounts } from './account.ts'
import { moneyText, readMoney, type Money } from './money.ts'

/** An account as plain data; amounts are decimal text. */
export interface AccountSnapshot {
  readonly cost: string
  readonly assumed: string
  readonly usage: Usage
  readonly answers: number
  readonly sessions: number
  readonly sources: Readonly<Record<Cost['source'], number>>
}

type AccountSnapshots = Readonly<Record<string, AccountSnapshot>>

/** What a tracker has counted, as plain data. */
export interface CostSnapshot {
  readonly version: 1
  readonly total: AccountSnapshot
  readonly runs: AccountSnapshots
  readonly sessions: AccountSnapshots
  readonly agents: AccountSnapshots
  readonly models: AccountSnapshots
}

export function writeAccount(account: Account): AccountSnapshot {
  return {
    cost: moneyText(account.money),
    assumed: moneyText(account.assumed),
    usage: { ...account.usage },
    answers: account.answers,
    sessions: account.sessions,
    sources: { ...account.sources },
  }
}

export function writeAccounts(accounts: Accounts): AccountSnapshots {
  return Object.fromEntries(
    accounts.entries().map(([name, account]) => [name, writeAccount(account)]),
  )
}

/** Refuses what is no snapshot; amounts that are missing would let limits begin anew. */
export function checkSnapshot(snapshot: unknown, late: boolean): void {
  if (late) throw problem('comes after answers were counted')
  if (!isObject(snapshot) || snapshot['version'] !== 1) throw problem('is no snapshot of version 1')
  for (const kind of ['runs', 'sessions', 'agents', 'models']) {
    if (!isObject(snapshot[kind])) throw problem(`has no \`${kind}\``)
  }
}

export function readAccount(where: string, data: unknown): Account {
  if (!isObject(data)) throw problem(`has no account \`${shorten(where, 80)}\``)
  const account = new Account()
  account.money = readAmount(where, data['cost'])
  account.assumed = readAmount(where, data['assumed'])
  account.usage = readCounts(where, data['usage'], noUsage)
  account.answers = readCount(where, data['answers'])
  account.sessions = readCount(where, data['sessions'])
  account.sources = readCounts(where, data['sources'], account.sources)
  return account
}

function readAmount(where: string, value: unknown): Money {
  const money = typeof value === 'string' ? readMoney(value) : undefined
  if (money === undefined) throw problem(`has an amount in \`${shorten(where, 80)}\` that is none`)
  return money
}

function readCounts<Counts extends object>(where: string, data: unknown, like: Counts): Counts {
  const given = isObject(data) ? data : {}
  return Object.fromEntries(
    Object.keys(like).map((key) => [key, readCount(where, given[key])]),
  ) as Counts
}

function readCount(where: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw problem(`has a count in \`${shorten(where, 80)}\` that is none`)
}

function problem(what: string): SallyportError {
  return new SallyportError('bad-option', `the snapshot of costs ${what}`, {
    help: 'give what `snapshot()` of a tracker returned, before any model is asked',
  })
}

import type { Journal } from '../journal/journal.ts'
import { journalCases } from './journal-cases.ts'
import {
  leavesNothingHalf,
  oneObjectWins,
  readsOnly,
  showsAlteration,
  staysWritten,
} from './journal-fault-cases.ts'
import { retentionCases } from './journal-retention-cases.ts'

/** One behaviour that every journal driver has. */
export interface JournalCase {
  readonly name: string
  run(): Promise<void>
}

/** A place in which a journal is kept, empty when it is made, and what may happen to it. */
export interface JournalStore {
  /** Opens a journal object; each call another one, where the store outlives its objects. */
  open(): Journal | Promise<Journal>
  /** The store is lost with its journal object, so that cases of two objects make no sense. */
  readonly isFleeting?: boolean
  /**
   * Makes the store such that a payload can no longer be written, as when the disk is full; lines
   * may. Called when no journal is open. Resolves with what undoes that.
   */
  fillUp?(): Promise<() => Promise<void> | void>
  /** Takes away the right to write, not to read. As `fillUp`. */
  protect?(): Promise<() => Promise<void> | void>
  /** Changes the line of a record in a way that leaves it JSON. */
  alter?(runId: string, seq: number): Promise<void> | void
}

/**
 * The behaviours of a journal driver, for any test runner. `make` makes an empty store each time
 * it is called. A case rejects when the driver does not behave; a fault that the store cannot
 * bring about has no case.
 *
 * @example
 * ```ts
 * const make = () => {
 *   const path = freshPath()
 *   return { open: () => jsonlJournal(path) }
 * }
 * for (const { name, run } of journalSuite(make)) test(name, run)
 * ```
 */
export function journalSuite(make: () => JournalStore): readonly JournalCase[] {
  const withJournal = (work: (journal: Journal) => Promise<void>) => async (): Promise<void> => {
    const journal = await make().open()
    try {
      await work(journal)
    } finally {
      await journal.close()
    }
  }
  const simple = { ...journalCases, ...retentionCases }
  return [
    ...Object.entries(simple).map(([name, work]) => ({ name, run: withJournal(work) })),
    ...storeCases(make),
  ]
}

function storeCases(make: () => JournalStore): readonly JournalCase[] {
  const { alter, fillUp, isFleeting, protect } = make()
  const shared = isFleeting !== true
  const withStore = (work: (store: JournalStore) => Promise<void>) => (): Promise<void> =>
    work(make())
  const cases: readonly (JournalCase | false)[] = [
    shared && { name: 'keeps what was written when it is closed', run: withStore(staysWritten) },
    shared && {
      name: 'lets one of two journal objects carry a run',
      run: withStore(oneObjectWins),
    },
    fillUp !== undefined && {
      name: 'writes nothing of an append that fails, and goes on when there is space',
      run: withStore((store) => leavesNothingHalf(store, store.fillUp!.bind(store))),
    },
    protect !== undefined && {
      name: 'reads what it may not write, and says so when it is to write',
      run: withStore((store) => readsOnly(store, store.protect!.bind(store))),
    },
    alter !== undefined && {
      name: 'does not hide that a record was altered',
      run: withStore((store) => showsAlteration(store, store.alter!.bind(store))),
    },
  ]
  return cases.filter((each) => each !== false)
}

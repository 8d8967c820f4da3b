export { postgresJournal } from './journal.ts'

export type { PostgresClient } from './database.ts'
export type { PostgresJournalOptions } from './journal.ts'

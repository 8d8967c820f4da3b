export { postgresJournal } from './journal.ts'

export type { PostgresClient, PostgresJournalOptions } from './journal.ts'

export { analyseHistory, costOverTime, tokensByModel } from './analyse.ts'
export { diskHistory } from './disk.ts'
export { entriesOf } from './events.ts'
export { memoryHistory } from './memory.ts'
export { redisHistory } from './redis.ts'
export { sqliteHistory } from './sqlite.ts'
export { historyKey } from './store.ts'

export type {
  AnalysedEntry,
  CallTotals,
  HistoryQuery,
  HistoryStatistics,
  TimeBucket,
  TimeUnit,
} from './analyse.ts'
export type { HistoryEntry, ModelCall } from './entry.ts'
export type { RedisClient, RedisHistoryOptions } from './redis.ts'
export type { HistoryStore, KeptHistory } from './store.ts'

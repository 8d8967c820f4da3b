export { analyseHistory, costOverTime, tokensByModel } from './analyse.ts'
export { compacted } from './compact.ts'
export { diskHistory } from './disk.ts'
export { entriesOf } from './events.ts'
export { historyManager } from './manager.ts'
export { memoryHistory } from './memory.ts'
export { redisHistory } from './redis.ts'
export { sqliteHistory } from './sqlite.ts'
export { historyKey } from './store.ts'
export { windowed } from './window.ts'

export type {
  AnalysedEntry,
  CallTotals,
  HistoryQuery,
  HistoryStatistics,
  TimeBucket,
  TimeUnit,
} from './analyse.ts'
export type { CompactOptions } from './compact.ts'
export type { HistoryEntry, ModelCall } from './entry.ts'
export type { HistoryManager, HistoryManagerOptions } from './manager.ts'
export type { RedisClient, RedisHistoryOptions } from './redis.ts'
export type { HistoryStore, KeptHistory } from './store.ts'
export type { HistoryOptions, HistoryView, ShownHistory } from './view.ts'
export type { HistoryBounds } from './window.ts'

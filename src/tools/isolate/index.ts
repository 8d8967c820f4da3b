export { isolate, isolationOf } from './isolate.ts'

export type { IsolateOptions, Walls } from './options.ts'
export type { IsolationFacts } from './walls.ts'

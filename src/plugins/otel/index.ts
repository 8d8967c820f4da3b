export { otel } from './otel.ts'

export type { Content, ContentKind } from './content.ts'
export type { OtelOptions } from './otel.ts'
export type { TraceStore } from './traces.ts'

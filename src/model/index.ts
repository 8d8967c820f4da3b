export { openaiCompatible } from './compatible.ts'
export { openrouter } from './openrouter.ts'

export type { CompatibleOptions } from './compatible.ts'
export type { ApiKey, EndpointOptions, HttpModel } from './http-model.ts'
export type { OpenRouterOptions, ProviderPreferences } from './openrouter.ts'
export type { Transport } from '../wire/transport.ts'

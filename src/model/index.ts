export { openrouterAccount, providerCatalog } from './account.ts'
export { anthropic } from './anthropic.ts'
export { listModels } from './catalog-listing.ts'
export { openaiCompatible } from './compatible.ts'
export {
  createPkce,
  exchangeCode,
  isLoginExpired,
  readLoginState,
  startLogin,
  validateCallback,
} from './oauth.ts'
export { accountLogin } from './oauth-login.ts'
export { openai } from './openai.ts'
export { keyPool } from './key-pool.ts'
export { openrouter } from './openrouter.ts'
export { combineQuota } from './quota.ts'
export { modelSelector } from './select.ts'

export type { Credits, Generation, KeyInfo, RateLimit, RequestCount } from './account-answers.ts'
export type { AccountCall, AccountEndpoint } from './account-client.ts'
export type { ModelSource, OpenRouterAccount, ProviderCatalogOptions } from './account.ts'
export type { ListedModel, ListingOptions, ModelListing } from './catalog-listing.ts'
export type { Architecture, Catalog, CatalogModel, TopProvider } from './catalog.ts'
export type { PriceEntry, PriceTier, TokenPrices } from '../cost/price-entry.ts'
export type { AnthropicOptions } from './anthropic.ts'
export type { CompatibleOptions } from './compatible.ts'
export type { ExchangeOptions, LoginOptions, LoginState, Pkce, StartedLogin } from './oauth.ts'
export type { AccountLogin, AccountLoginOptions, LoginKeys } from './oauth-login.ts'
export type { OpenAIOptions } from './openai.ts'
export type { Health } from './health.ts'
export type { ApiKey, EndpointOptions, HttpModel, ModelFeatures } from './http-model.ts'
export type { KeyPool, KeyPoolOptions, KeyPoolStatus } from './key-pool.ts'
export type { KeyStatus } from './key-pool-entry.ts'
export type { DurationStatistics, ModelMetrics } from './metrics.ts'
export type { CombinedQuota, TrackedQuota } from './quota.ts'
export type { ModelSelector, SelectOptions, SelectStrategy } from './select.ts'
export type { OpenRouterOptions, ProviderPreferences } from './openrouter.ts'
export type { Transport } from '../wire/transport.ts'

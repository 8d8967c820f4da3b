/**
 * Where the names come from: the semantic conventions for generative AI of OpenTelemetry, which are
 * in development. 1.41.0 is the last version of the common schema that holds them.
 */
export const schemaUrl = 'https://opentelemetry.io/schemas/1.41.0'

export const operations = {
  agent: 'invoke_agent',
  chat: 'chat',
  tool: 'execute_tool',
} as const

/** Attributes of the conventions. */
export const conventional = {
  agentId: 'gen_ai.agent.id',
  agentName: 'gen_ai.agent.name',
  agentVersion: 'gen_ai.agent.version',
  cacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  cacheWriteTokens: 'gen_ai.usage.cache_creation.input_tokens',
  conversationId: 'gen_ai.conversation.id',
  errorType: 'error.type',
  finishReasons: 'gen_ai.response.finish_reasons',
  inputMessages: 'gen_ai.input.messages',
  inputTokens: 'gen_ai.usage.input_tokens',
  operationName: 'gen_ai.operation.name',
  outputMessages: 'gen_ai.output.messages',
  outputTokens: 'gen_ai.usage.output_tokens',
  providerName: 'gen_ai.provider.name',
  reasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
  requestModel: 'gen_ai.request.model',
  responseId: 'gen_ai.response.id',
  responseModel: 'gen_ai.response.model',
  tokenType: 'gen_ai.token.type',
  toolArguments: 'gen_ai.tool.call.arguments',
  toolCallId: 'gen_ai.tool.call.id',
  toolName: 'gen_ai.tool.name',
  toolResult: 'gen_ai.tool.call.result',
  toolType: 'gen_ai.tool.type',
} as const

/** Attributes of our own, for what the conventions have no word. */
export const own = {
  approvalOutcome: 'sallyport.approval.outcome',
  approvalWaitMs: 'sallyport.approval.wait_ms',
  attempts: 'sallyport.attempts',
  callId: 'sallyport.call.id',
  callStatus: 'sallyport.call.status',
  costAmount: 'sallyport.cost.amount',
  costCurrency: 'sallyport.cost.currency',
  costEstimated: 'sallyport.cost.estimated',
  decision: 'sallyport.decision',
  decisionClass: 'sallyport.decision.class',
  decisionShadow: 'sallyport.decision.shadow',
  fallbackFrom: 'sallyport.fallback.from',
  fallbackTo: 'sallyport.fallback.to',
  journalHead: 'sallyport.journal.head',
  limit: 'sallyport.limit',
  policyHash: 'sallyport.policy.hash',
  policyMode: 'sallyport.policy.mode',
  policyName: 'sallyport.policy.name',
  queueMs: 'sallyport.queue_ms',
  ruleFile: 'sallyport.rule.file',
  ruleId: 'sallyport.rule.id',
  ruleLine: 'sallyport.rule.line',
  runId: 'sallyport.run.id',
  runStatus: 'sallyport.run.status',
  turn: 'sallyport.turn',
} as const

export const metrics = {
  chatDuration: 'gen_ai.client.operation.duration',
  tokenUsage: 'gen_ai.client.token.usage',
  toolDuration: 'gen_ai.execute_tool.duration',
  decisions: 'sallyport.decisions',
  approvalWait: 'sallyport.approval.wait',
  cost: 'sallyport.cost',
} as const

/** Stands for what has no name of its own, so that nobody outside can make up new ones. */
export const other = '_OTHER'

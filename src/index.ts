export { ask } from './ask.ts'
export { isSallyportError, SallyportError } from './base/errors.ts'
export { fileAnchor, jsonlJournal } from './journal/jsonl.ts'
export { memoryJournal } from './journal/memory.ts'
export { sqliteJournal } from './journal/sqlite.ts'
export { loadPolicy, parsePolicy } from './loading/file.ts'
export { watchPolicy } from './loading/watched.ts'
export { openaiCompatible } from './model/compatible.ts'
export { openrouter } from './model/openrouter.ts'
export { allOf, stopAfterTools, textMatches, toolCalled, turnCountIs } from './run/stop.ts'
export { createRuntime } from './runtime.ts'
export { agentTool } from './sub-agent.ts'
export { defineTool } from './tools/tool.ts'

export type { AskOptions } from './ask.ts'
export type { ErrorCode } from './base/codes.ts'
export type { Clock } from './base/clock.ts'
export type { ErrorData } from './base/errors.ts'
export type { JsonObject, JsonValue } from './base/json.ts'
export type { Auth } from './gate/authenticate.ts'
export type { CustomAuthenticator } from './gate/identity/custom.ts'
export type { ApprovalAnswer, ApprovalRequest, Approver, PathStep } from './gate/verdict.ts'
export type { EncryptionOptions, FileJournalOptions, JournalKey } from './journal/encryption.ts'
export type { Anchor, Checkpoint } from './journal/checkpoint.ts'
export type { Journal, JournalRecord } from './journal/journal.ts'
export type { Pruned, PruneOptions } from './journal/retention.ts'
export type { LoadedPolicy, LoadOptions } from './loading/file.ts'
export type { PolicyChange } from './loading/live.ts'
export type { PolicyKey } from './loading/signature.ts'
export type { WatchedPolicy, WatchOptions } from './loading/watched.ts'
export type { CallStatus } from './protocol/call.ts'
export type { ChildRun, ParentCall } from './protocol/child-run.ts'
export type {
  Approvers,
  ArgumentLabel,
  Decision,
  Effect,
  Obligation,
  Origin,
  Position,
  RuleReference,
} from './protocol/decision.ts'
export type { ModelEnd, ModelErrorData, ModelEvent } from './protocol/event.ts'
export type { ImageFacts } from './protocol/image.ts'
export type {
  AssistantMessage,
  AssistantPart,
  Message,
  SystemMessage,
  ToolMessage,
  UserMessage,
  UserPart,
} from './protocol/message.ts'
export type { Model, ModelStreamOptions } from './protocol/model.ts'
export type { Principal } from './protocol/principal.ts'
export type {
  ModelRequest,
  ModelSettings,
  OutputFormat,
  ReasoningSettings,
  ToolChoice,
  ToolSpecification,
} from './protocol/request.ts'
export type {
  ApprovalDecided,
  ApprovalRequested,
  CallDecided,
  EndStatus,
  ExecutionProgress,
  ExecutionStarted,
  FellBack,
  LimitReached,
  ReasoningDelta,
  Retried,
  RunEnded,
  RunEvent,
  RunFailed,
  RunStart,
  ScopePart,
  StructuralEvent,
  TextDelta,
  ToolCallProposed,
  ToolResulted,
  TurnEnded,
  TurnStart,
  UsageReported,
} from './protocol/run-event.ts'
export type { Cost, FinishReason, FinishUnified, Usage } from './protocol/usage.ts'
export type {
  ApprovalRow,
  CallRow,
  LimitRow,
  ModelCallRow,
  OpenCall,
  Report,
  ReportEnd,
  ReportError,
  ReportHeader,
  ReportTotals,
} from './report/report.ts'
export type { Approve } from './run/environment.ts'
export type { OutputOf, OutputOptions, OutputSchema } from './run/output.ts'
export type { GateHook, HookAnswer, HookedCall } from './gate/hooks.ts'
export type { Plugin, PluginContext, PluginParts } from './run/plugin.ts'
export type { ModelWrapper } from './run/plugin-model.ts'
export type { ToolWrapper, WrappedCall } from './tools/wrap.ts'
export type { PreparedTurn, PrepareTurn, TurnState } from './run/prepare.ts'
export type { Run } from './run/run.ts'
export type { RunLimits, RunState, Stop, StopCondition } from './run/stop.ts'
export type { StopRequest } from './run/stops.ts'
export type { ResumeDecision, ResumeOptions } from './resume-options.ts'
export type { Runtime } from './runtime-handle.ts'
export type { RunOptions, RunResult, RuntimeOptions } from './runtime-options.ts'
export type { AgentToolDefinition } from './sub-agent.ts'
export type { SessionMode } from './session-turns.ts'
export type { SigningOptions } from './snapshot.ts'
export type { FetchedResponse, FetchInit } from './tools/access/fetch.ts'
export type { OpenedFile, OpenFlags } from './tools/access/open.ts'
export type { StandardSchema } from './tools/standard-schema.ts'
export type {
  JsonSchema,
  Reconciliation,
  Tool,
  ToolAnnotations,
  ToolContext,
  ToolDefinition,
  ToolLog,
  ToolRequirements,
} from './tools/tool.ts'
export type { ArgumentFacts, OutputLabel, Sink, ToolFacts, ToolKind } from './protocol/facts.ts'

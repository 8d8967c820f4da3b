export { scriptedAccount } from './account-script.ts'
export { cassette } from './cassette.ts'
export { manualClock } from './clock.ts'
export { fakeProvider } from './fake-provider.ts'
export { historySuite } from './history-suite.ts'
export { journalSuite } from './journal-suite.ts'
export { modelSuite } from './model-suite.ts'
export { expectDecision, policySuite } from './policy-suite.ts'
export { scripted } from './scripted.ts'

export type { AccountScript, ScriptedAccount } from './account-script.ts'
export type { Cassette, CassetteOptions } from './cassette.ts'
export type { ManualClock } from './clock.ts'
export type {
  FakeAnswer,
  FakeProvider,
  FakeProviderOptions,
  FakeRequest,
  FakeTurn,
  Fault,
  RecordedTurn,
} from './fake-provider.ts'
export type { HistoryBench, HistoryCase } from './history-suite.ts'
export type { JournalCase, JournalStore } from './journal-suite.ts'
export type { ModelBench } from './model-bench.ts'
export type { ModelCase, ModelSuiteOptions } from './model-suite.ts'
export type { ExpectedDecision, PolicyCase, PolicySuiteOptions } from './policy-suite.ts'
export type { ScriptedModel, ScriptedStep } from './scripted.ts'
export type { ScriptedCall, ScriptedTurn } from './turn.ts'

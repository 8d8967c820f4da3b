export { renderCsv } from './csv.ts'
export { createFold, foldReport } from './fold.ts'
export { renderHtml, renderSplitHtml } from './html/page.ts'
export { renderJson } from './render-json.ts'
export { renderJunit } from './junit.ts'
export { renderMarkdown } from './markdown.ts'
export { proveCall, verifyCallProof } from './proof.ts'
export { parseReport, readReport } from './read.ts'
export { createRedactor } from './redact.ts'
export { renderSarif } from './sarif.ts'
export { renderTerminal } from './terminal.ts'
export { verifyChain } from './verify.ts'
export { verifyJournal } from './verify-journal.ts'

export type { CallProof, ProofVerification } from './proof.ts'
export type { CsvOptions } from './csv.ts'
export type { ReportFold } from './fold.ts'
export type { HtmlOptions, SplitHtml } from './html/page.ts'
export type { PolicyText } from './html/policy.ts'
export type { MarkdownOptions } from './markdown.ts'
export type { RedactOptions, Redactor } from './redact.ts'
export type {
  ApprovalRow,
  CallRow,
  LimitRow,
  ModelCallRow,
  ModelFallback,
  ModelRetry,
  OpenCall,
  Redaction,
  Report,
  ReportEnd,
  ReportError,
  ReportHeader,
  ReportTotals,
  ResultChange,
} from './report.ts'
export type { TerminalOptions } from './terminal.ts'
export type { Fault, Property, Verdict, Verification } from './verification.ts'
export type { RunVerification, VerifyJournalOptions } from './verify-journal.ts'
export type { SignedOptions } from './attest.ts'
export type { VerifyOptions } from './verify.ts'

export { compilePolicy } from './compile.ts'
export { formatDiagnostic } from './diagnostic.ts'
export { readPolicy } from './read.ts'
export { runSuite } from '../analysis/suite.ts'

export type { CompileOptions } from './compile.ts'
export type { Diagnostic, DiagnosticCode } from './diagnostic.ts'
export type { PolicyFile } from './document.ts'
export type { CompiledLimit, DecisionRequest, Policy, PolicyTool } from './policy.ts'

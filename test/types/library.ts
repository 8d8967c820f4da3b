/** What programs make of runs, as a library of their own would export it: all of it has a name. */
import type {
  ArgumentFacts,
  ArgumentLabel,
  AssistantPart,
  JsonValue,
  ReportHeader,
  ReportTotals,
  RunEvent,
  RunFailed,
  RunResult,
  Decision,
  Message,
  Tool,
  ToolCallProposed,
  UserPart,
} from '../../src/index.ts'

type Equals<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

function isType<A, B>(same: Equals<A, B>): void {
  void same
}

type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>

isType<EventOf<'tool-call'>, ToolCallProposed>(true)
isType<EventOf<'tool-call'>['args'], JsonValue>(true)
isType<EventOf<'error'>, RunFailed>(true)
isType<RunResult['report']['header'], ReportHeader>(true)
isType<RunResult['report']['totals'], ReportTotals>(true)
isType<Decision['labels'], readonly ArgumentLabel[]>(true)
isType<NonNullable<Tool['facts']['args']>, Readonly<Record<string, ArgumentFacts>>>(true)
isType<Message['content'], string | readonly UserPart[] | readonly AssistantPart[]>(true)
// what an endpoint said of its error
isType<RunFailed['status'], number | undefined>(true)
isType<NonNullable<RunResult['error']>['retryAfterMs'], number | undefined>(true)

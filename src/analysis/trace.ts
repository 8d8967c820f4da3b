import { SallyportError } from '../base/errors.ts'
import { isObject, parseJson, type JsonObject, type JsonValue } from '../base/json.ts'
import type { MessageTrust } from '../gate/verdict.ts'
import { isSqlite, openJournal } from '../journal/open.ts'
import type { CallStatus } from '../protocol/call.ts'
import type { Decision } from '../protocol/decision.ts'
import type { Policy } from '../policy/policy.ts'
import type { Message } from '../protocol/message.ts'
import type { Principal } from '../protocol/principal.ts'
import { checkRereadable, readTextLines, readWholeText } from './text-lines.ts'
import { traceOfReport } from './trace-report.ts'
import { traceOfRun } from './trace-run.ts'
import { traceOfLine } from './trace-shape.ts'

/** One recorded call. */
export interface TraceCall {
  readonly id?: string
  readonly name: string
  /** Null when they did not parse, were erased, or were never written down. */
  readonly args: JsonObject | null
  /** The text as sent, where it is known. */
  readonly rawArgs?: string
  /** Calls of one turn were decided before any of them ran; without it each is a turn of its own. */
  readonly turn?: number
  readonly result?: JsonValue
  /** What the model was told in place of a result. */
  readonly error?: string
  readonly status?: CallStatus
  /** What was decided when it was recorded. */
  readonly decision?: Decision
  /** A wrapper has changed the result. */
  readonly foreign?: true
  /** JSON pointers into `args` whose values are blacked out in the record. */
  readonly hidden?: readonly string[]
}

/** What a session heard after its beginning, beside results. */
export interface Heard {
  /** Before the calls of this turn were decided. */
  readonly turn: number
  readonly messages: readonly Message[]
  readonly trust: MessageTrust
}

/** What was said and called in one conversation, from whichever record. */
export interface Trace {
  readonly id: string
  /** Absent when the record does not say; null when the caller was not known. */
  readonly principal?: Principal | null
  readonly messages: readonly Message[]
  /** In order. */
  readonly heard?: readonly Heard[]
  readonly calls: readonly TraceCall[]
  readonly meta?: JsonObject
  /** What its run was narrowed to. */
  readonly scope?: Policy
  /** `file`, or `file:line` where a line holds a whole trace. */
  readonly place: string
}

type Kind = 'traces' | 'journal' | 'report'

/**
 * The traces of a file: traces as JSON Lines (also `.gz`), a journal of ours (one trace for each
 * run), or a `report.json`. One trace is held at a time. Reports keep no results and may have
 * arguments blacked out; calls say so in `hidden`.
 *
 * Throws `bad-file` when the file cannot be read, and `bad-trace` with the line where it holds
 * something else.
 */
export async function* readTraces(path: string): AsyncGenerator<Trace> {
  await checkRereadable(path)
  const kind = await kindOf(path)
  if (kind === 'journal') yield* readRuns(path)
  else if (kind === 'report') yield traceOfReport(await parseWhole(path), path)
  else yield* readLines(path)
}

/** The traces of several files, one after the other. */
export async function* readAllTraces(paths: readonly string[]): AsyncGenerator<Trace> {
  for (const path of paths) yield* readTraces(path)
}

/** Told by the first line that is not empty: each kind begins in its own way. */
async function kindOf(path: string): Promise<Kind> {
  if (await isSqlite(path)) return 'journal'
  for await (const { text } of readTextLines(path)) {
    if (text.trim() === '') continue
    const value = looselyParsed(text)
    // a report that is written over several lines begins with an open brace
    if (value === undefined) return /^\s*\{\s*$/.test(text) ? 'report' : 'traces'
    if (!isObject(value)) return 'traces'
    if ('runId' in value && 'prev' in value) return 'journal'
    return 'header' in value && 'rows' in value ? 'report' : 'traces'
  }
  return 'traces'
}

function looselyParsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

async function* readLines(path: string): AsyncGenerator<Trace> {
  for await (const { number, text } of readTextLines(path)) {
    if (text.trim() === '') continue
    const place = `${path}:${number}`
    const parsed = parseJson(text, { maxLength: Number.POSITIVE_INFINITY })
    if (!parsed.ok) throw badTrace(place, parsed.message)
    yield traceOfLine(parsed.value, place)
  }
}

async function* readRuns(path: string): AsyncGenerator<Trace> {
  const journal = await openJournal(path)
  try {
    for await (const runId of journal.list()) yield await traceOfRun(journal.read(runId), path)
  } finally {
    await journal.close()
  }
}

async function parseWhole(path: string): Promise<JsonValue> {
  const parsed = parseJson(await readWholeText(path), { maxLength: Number.POSITIVE_INFINITY })
  if (parsed.ok) return parsed.value
  throw badTrace(path, parsed.message)
}

/** What is wrong with a record, and at which line of which file. */
function badTrace(place: string, message: string): SallyportError {
  return new SallyportError('bad-trace', `\`${place}\`: ${message}`, {
    help: 'give traces as JSON lines, a journal, or a report in JSON',
  })
}

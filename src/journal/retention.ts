import { parseDuration } from '../base/duration.ts'
import { SallyportError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { checkNumber, checkOptions } from '../base/options.ts'

/**
 * What is to go. Ages are durations such as `30d` or `12h`, counted from the last record of a run;
 * at least one is given.
 */
export interface PruneOptions {
  /** Runs that are older lose what was said in them: messages, arguments, results, answers. */
  readonly payloadsOlderThan?: string
  /** Runs that are older are removed as a whole. */
  readonly runsOlderThan?: string
  /** Milliseconds since the epoch to count ages from. Default: now. */
  readonly now?: number
  /** Tells what would go, and leaves everything. Default false. */
  readonly dryRun?: boolean
}

/** What `prune` has done, as ids of runs, oldest first. */
export interface Pruned {
  /** Their payloads were erased; those that had none left are not named. */
  readonly erased: readonly string[]
  readonly removed: readonly string[]
  /**
   * Old enough, but left alone: they wait for people, or have no end, as when their process died.
   * `erase` and `remove` take them by name.
   */
  readonly unfinished: readonly string[]
}

/** What a driver knows of a run without reading it. */
export interface RunState {
  readonly runId: string
  /** The line of its last record; undefined for a run without records. */
  readonly lastLine: string | undefined
  /** It has payloads or answers that could be erased. */
  readonly hasSaid: boolean
}

type Fate = 'erased' | 'removed' | 'unfinished' | 'kept'

/** Decides for each run what is to become of it. Throws `bad-option`. */
export function planPrune(options: PruneOptions): (runs: Iterable<RunState>) => Pruned {
  checkOptions('prune', options, ['payloadsOlderThan', 'runsOlderThan', 'now', 'dryRun'])
  const { dryRun, now = Date.now(), payloadsOlderThan, runsOlderThan } = options
  if (dryRun !== undefined && typeof dryRun !== 'boolean') {
    throw new SallyportError('bad-option', '`dryRun` is not true or false')
  }
  if (payloadsOlderThan === undefined && runsOlderThan === undefined) {
    throw new SallyportError('bad-option', 'prune is told no age', {
      help: "give `payloadsOlderThan` or `runsOlderThan`, such as `'30d'`",
    })
  }
  checkNumber('now', now, { min: 0, max: Number.MAX_SAFE_INTEGER })
  const erasedBefore = now - ageOf(payloadsOlderThan)
  const removedBefore = now - ageOf(runsOlderThan)
  return (runs) => {
    const plan = { erased: [], removed: [], unfinished: [], kept: [] } as Record<Fate, string[]>
    for (const run of runs) plan[fateOf(run, erasedBefore, removedBefore)].push(run.runId)
    const { kept: _kept, ...pruned } = plan
    return pruned
  }
}

function ageOf(duration: string | undefined): number {
  return duration === undefined ? Number.POSITIVE_INFINITY : parseDuration(duration)
}

function fateOf(
  { lastLine, hasSaid }: RunState,
  erasedBefore: number,
  removedBefore: number,
): Fate {
  const { at, isOver } = readEnd(lastLine)
  const isRemoved = at < removedBefore
  if (!isRemoved && !(hasSaid && at < erasedBefore)) return 'kept'
  if (!isOver) return 'unfinished'
  return isRemoved ? 'removed' : 'erased'
}

/** A line that cannot be read is of no time, so that its run stays. */
function readEnd(line: string | undefined): { readonly at: number; readonly isOver: boolean } {
  const { at, status, type } = parseLine(line)
  const time = typeof at === 'string' ? Date.parse(at) : Number.NaN
  return {
    at: Number.isNaN(time) ? Number.POSITIVE_INFINITY : time,
    isOver: type === 'end' && status !== 'needs-approval',
  }
}

function parseLine(line: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line ?? '')
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

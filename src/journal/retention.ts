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
   * Old enough, but left alone: they wait for people, or have no end, as when their process died, or
   * are of agents of such a run, which cannot go on without them. `erase` and `remove` take them by
   * name.
   */
  readonly unfinished: readonly string[]
}

/** What a driver knows of a run without reading it. */
export interface RunState {
  readonly runId: string
  /** The lines of its first and its last record; undefined for a run without records. */
  readonly firstLine: string | undefined
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
    for (const run of knownRuns(runs)) {
      plan[fateOf(run, erasedBefore, removedBefore)].push(run.runId)
    }
    const { kept: _kept, ...pruned } = plan
    return pruned
  }
}

function ageOf(duration: string | undefined): number {
  return duration === undefined ? Number.POSITIVE_INFINITY : parseDuration(duration)
}

interface KnownRun extends Pick<RunState, 'runId' | 'hasSaid'> {
  /** Milliseconds since the epoch of its last record. */
  readonly at: number
  /** It has ended, and so have all runs that it works for. */
  readonly isOver: boolean
}

function knownRuns(runs: Iterable<RunState>): readonly KnownRun[] {
  const own = [...runs].map(({ firstLine, hasSaid, lastLine, runId }) => ({
    runId,
    hasSaid,
    above: runAbove(firstLine),
    ...readEnd(lastLine),
  }))
  const byId = new Map(own.map((run) => [run.runId, run]))
  const isOpen = (runId: string): boolean => {
    // a hand may have made a circle of them
    const seen = new Set<string>()
    let run = byId.get(runId)
    while (run !== undefined && run.isOver && !seen.has(run.runId)) {
      seen.add(run.runId)
      run = run.above === undefined ? undefined : byId.get(run.above)
    }
    return run?.isOver === false
  }
  return own.map((run) => ({ ...run, isOver: !isOpen(run.runId) }))
}

/** The run that the run of an agent works for. */
function runAbove(firstLine: string | undefined): string | undefined {
  const { parent } = parseLine(firstLine)
  const runId = isObject(parent) ? parent['runId'] : undefined
  return typeof runId === 'string' ? runId : undefined
}

function fateOf(
  { at, hasSaid, isOver }: KnownRun,
  erasedBefore: number,
  removedBefore: number,
): Fate {
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

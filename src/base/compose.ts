import { SallyportError } from './errors.ts'

/** Something round a piece of work; `next` carries it on. */
export type Wrap<Subject, Result> = (subject: Subject, next: (subject: Subject) => Result) => Result

/** Does a piece of work, now or when its result is taken up, and tells when that is complete. */
type Follow<Result> = (work: () => Result, over: () => void) => Result

/**
 * The work with all wrappers round it, the first outermost. Each wrapper can carry on once, and only
 * as long as its own result and those of the wrappers round it are not complete, which `follow`
 * tells: any other use of `next` throws `bad-plugin`, as does a result that is taken up later than
 * that, and nothing happens.
 */
export function compose<Subject, Result>(
  wraps: readonly Wrap<Subject, Result>[],
  work: (subject: Subject) => Result,
  follow: Follow<Result>,
): (subject: Subject) => Result {
  const from = (at: number, subject: Subject, isOver: () => boolean): Result => {
    const wrap = wraps[at]
    let state: keyof typeof misuses | undefined
    const isEnded = (): boolean => state === 'over' || isOver()
    const next = (given: Subject): Result => {
      if (state !== undefined) throw misused(state)
      if (isOver()) throw misused('over')
      state = 'used'
      return from(at + 1, given, isEnded)
    }
    return follow(
      () => {
        if (isOver()) throw misused('over')
        return wrap === undefined ? work(subject) : wrap(subject, next)
      },
      () => {
        state = 'over'
      },
    )
  }
  return (subject) => from(0, subject, () => false)
}

const misuses = {
  used: '`next` was called a second time',
  over: '`next` was called after its wrapper, or one round it, had ended',
} as const

function misused(how: keyof typeof misuses): SallyportError {
  return new SallyportError('bad-plugin', misuses[how], {
    help: 'call `next` at most once, before the wrapper returns its result',
  })
}

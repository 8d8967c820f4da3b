/**
 * Three-valued logic (Kleene): a test that cannot be evaluated is neither true nor false. As
 * numbers, `and` is the minimum, `or` the maximum, and `not` the mirror image.
 */
export type Truth = 0 | 1 | 2

export const no: Truth = 0
export const unknown: Truth = 1
export const yes: Truth = 2

export function not(truth: Truth): Truth {
  return (2 - truth) as Truth
}

export function truthOf(value: boolean): Truth {
  return value ? yes : no
}

/** A test of something, for a caller. */
export type Test<Subject, Caller> = (subject: Subject, caller: Caller) => Truth

/**
 * The tests and-ed; false as soon as one is false. One and two tests, the usual case, need no list:
 * under thousands of rules the price of a decision is the memory it touches.
 */
export function allOf<S, C>(tests: readonly Test<S, C>[]): Test<S, C> {
  const [first, second] = tests
  if (first === undefined) return () => yes
  if (second === undefined) return first
  if (tests.length === 2) {
    return (subject, caller) => {
      const truth = first(subject, caller)
      return truth === no ? no : (Math.min(truth, second(subject, caller)) as Truth)
    }
  }
  return (subject, caller) => {
    let result = yes
    for (const test of tests) {
      const truth = test(subject, caller)
      if (truth === no) return no
      result = Math.min(result, truth) as Truth
    }
    return result
  }
}

/** The tests or-ed; true as soon as one is true. */
export function anyOf<S, C>(tests: readonly Test<S, C>[]): Test<S, C> {
  return (subject, caller) => {
    let result = no
    for (const test of tests) {
      const truth = test(subject, caller)
      if (truth === yes) return yes
      result = Math.max(result, truth) as Truth
    }
    return result
  }
}

/** The candidate a misspelt word most likely means; undefined when none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > 64) return undefined
  const lower = word.toLowerCase()
  let best: string | undefined
  let most = word.length > 3 ? 2 : 1
  for (const candidate of candidates) {
    if (most < 0) break
    if (Math.abs(candidate.length - word.length) > most) continue
    const distance = editDistance(lower, candidate.toLowerCase(), most)
    if (distance > most) continue
    best = candidate
    most = distance - 1
  }
  return best
}

/**
 * Levenshtein distance in which two swapped neighbours count once; some number above `most` where it
 * is greater than that. Only what is within `most` of the diagonal is looked at, and nothing more once
 * all of that is too far.
 */
function editDistance(a: string, b: string, most: number): number {
  const far = most + 1
  const width = 2 * most + 1
  // cell `k` of the row of `i` letters of `a` is about `i + k - most` letters of `b`
  let beforePrevious: number[] = []
  let previous: number[] = []
  for (let i = 0; i <= a.length; i++) {
    const current: number[] = []
    let least = far
    for (let k = 0; k < width; k++) {
      const j = i + k - most
      let distance = far
      if (j >= 0 && j <= b.length) {
        distance = i === 0 ? j : j === 0 ? i : previous[k]! + (a[i - 1] === b[j - 1] ? 0 : 1)
        if (i > 0 && k + 1 < width) distance = Math.min(distance, previous[k + 1]! + 1)
        if (j > 0 && k > 0) distance = Math.min(distance, current[k - 1]! + 1)
        const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
        if (isSwapped) distance = Math.min(distance, beforePrevious[k]! + 1)
      }
      current.push(distance)
      least = Math.min(least, distance)
    }
    // swapped neighbours reach back two rows
    if (least > most && Math.min(...previous) > most) return far
    beforePrevious = previous
    previous = current
  }
  // lower case can be longer than what it stands for, and too long to be near
  return previous[b.length - a.length + most] ?? far
}

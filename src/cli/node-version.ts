/** As `engines` of the package says. */
const least = [22, 19] as const

/**
 * What is to be said of a Node, given as in `process.versions.node`: on one that is too old some
 * commands do their work, and others fail by what that Node does not have. Empty for a fit one.
 */
export function nodeWarning(version: string): string {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isFit = major > least[0] || (major === least[0] && minor >= least[1])
  return isFit
    ? ''
    : `warning: Node ${least.join('.')} or later is needed, and this is ${version}\n`
}

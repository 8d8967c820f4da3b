import { nearest } from '../base/suggest.ts'
import type { Diagnostics } from './diagnostic.ts'
import type { Guards } from './document.ts'
import type { Span } from './source.ts'

const reference = /\$\{([^}]*)\}/g

/**
 * Guards with `${name}` filled in, in paths and nowhere else: a pattern of an argument never
 * changes its meaning by a variable. A name without a value is an error.
 */
export function fillVariables(
  guards: Guards,
  variables: ReadonlyMap<string, string>,
  diagnostics: Diagnostics,
): Guards {
  const fill = (text: string, at: Span): string =>
    text.replaceAll(reference, (whole, name: string) => {
      const value = variables.get(name)
      if (value !== undefined) return value
      const near = nearest(name, [...variables.keys()])
      diagnostics.error(at, 'unknown-variable', `there is no variable \`${name}\``, {
        help:
          near === undefined
            ? 'define it in `vars`, or pass it when the policy is loaded'
            : `did you mean \`\${${near}}\`?`,
      })
      return whole
    })
  return {
    ...guards,
    paths: guards.paths.map((guard) => ({
      ...guard,
      root: fill(guard.root, guard.at),
      deny: guard.deny.map((text) => fill(text, guard.at)),
      readOnly: guard.readOnly.map((text) => fill(text, guard.at)),
    })),
  }
}

import { nearest } from '../base/suggest.ts'
import type { Diagnostics } from './diagnostic.ts'
import type { Guards } from './document.ts'
import type { Span } from './source.ts'

const reference = /\$\{([^}]*)\}/g

/**
 * Guards with `${name}` filled in, in paths and nowhere else: a pattern of an argument never
 * changes its meaning by a variable. A name without a value is an error, and so is a value that
 * leads up from what is written before it, or names nothing below it: no tenant is called `..`.
 * Only a value at the very beginning of a root is a place of its own.
 */
export function fillVariables(
  guards: Guards,
  variables: ReadonlyMap<string, string>,
  diagnostics: Diagnostics,
): Guards {
  const fill = (text: string, at: Span, start?: string): string => {
    const filled = text.replaceAll(reference, (whole, name: string, offset: number) => {
      const value = variables.get(name)
      const isPlace = start !== undefined && offset === 0
      if (value === undefined) reportUnknown(name, [...variables.keys()], at, diagnostics)
      else if (value === '' || (!isPlace && namesNothing(value))) {
        diagnostics.error(at, 'bad-value', `the value of the variable \`${name}\` names nothing`, {
          help: 'give it the name of a folder or a path',
        })
      }
      return value ?? whole
    })
    if (stepsUp(filled) > stepsUp(text) + stepsUp(start ?? '')) {
      diagnostics.error(at, 'bad-value', `the variables in \`${text}\` lead out of its folder`, {
        help: 'pass values without `..`, or put the whole path into one variable',
      })
    }
    return filled
  }
  const fillRoot = (root: string, at: Span): string => {
    const [, first = ''] = /^\$\{([^}]*)\}/.exec(root) ?? []
    return fill(root, at, variables.get(first) ?? '')
  }
  return {
    ...guards,
    paths: guards.paths.map((guard) => ({
      ...guard,
      root: fillRoot(guard.root, guard.at),
      deny: guard.deny.map((text) => fill(text, guard.at)),
      readOnly: guard.readOnly.map((text) => fill(text, guard.at)),
    })),
  }
}

function segmentsOf(path: string): readonly string[] {
  return path.split(/[/\\]/)
}

function stepsUp(path: string): number {
  return segmentsOf(path).filter((segment) => segment === '..').length
}

/** Such a value would leave the folder that holds those of all others. */
function namesNothing(value: string): boolean {
  return segmentsOf(value).every((segment) => segment === '' || segment === '.')
}

function reportUnknown(
  name: string,
  known: readonly string[],
  at: Span,
  diagnostics: Diagnostics,
): void {
  const near = nearest(name, known)
  diagnostics.error(at, 'unknown-variable', `there is no variable \`${name}\``, {
    help:
      near === undefined
        ? 'define it in `vars`, or pass it when the policy is loaded'
        : `did you mean \`\${${near}}\`?`,
  })
}

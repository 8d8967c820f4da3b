const character = /^[A-Za-z0-9_.:/*-]+$/

/** What is wrong with a glob, or undefined. */
export function globProblem(glob: string): string | undefined {
  if (!character.test(glob)) return `\`${glob.slice(0, 64)}\` is not a tool name or glob`
  if (glob.includes('***')) return 'a glob has at most two stars in a row'
  return undefined
}

export function isGlob(text: string): boolean {
  return text.includes('*')
}

type Step = { readonly literal: string } | { readonly star: 1 | 2 }

/**
 * A matcher for whole tool names. `*` stands for any characters but a dot, `**` for any characters,
 * both for none as well. The cost is the length of the name times that of the glob at worst: all
 * places where the glob could stand are carried along, nothing is tried twice.
 */
export function compileGlob(glob: string): (name: string) => boolean {
  if (!isGlob(glob)) return (name) => name === glob
  if (glob === '**') return () => true
  const steps = readSteps(glob)
  const prefix = glob.slice(0, glob.indexOf('*'))
  return (name) => name.startsWith(prefix) && matchSteps(steps, name)
}

/** A matcher for the tool names that any of the globs matches. */
export function compileGlobs(
  globs: readonly (string | { readonly text: string })[],
): (name: string) => boolean {
  const matchers = globs.map((glob) => compileGlob(typeof glob === 'string' ? glob : glob.text))
  return (name) => matchers.some((matches) => matches(name))
}

function readSteps(glob: string): readonly Step[] {
  const steps: Step[] = []
  for (let at = 0; at < glob.length; at++) {
    if (glob[at] !== '*') steps.push({ literal: glob[at]! })
    else if (glob[at + 1] === '*') {
      steps.push({ star: 2 })
      at++
    } else steps.push({ star: 1 })
  }
  return steps
}

function matchSteps(steps: readonly Step[], name: string): boolean {
  let places = new Uint8Array(steps.length + 1)
  enter(steps, places, 0)
  for (const letter of name) {
    const next = new Uint8Array(steps.length + 1)
    for (let at = 0; at < steps.length; at++) {
      if (places[at] === 0) continue
      const step = steps[at]!
      if ('literal' in step) {
        if (step.literal === letter) enter(steps, next, at + 1)
      } else if (step.star === 2 || letter !== '.') enter(steps, next, at)
    }
    places = next
  }
  return places[steps.length] === 1
}

/** A star may stand for nothing, so whoever stands before it also stands behind it. */
function enter(steps: readonly Step[], places: Uint8Array, from: number): void {
  let at = from
  places[at] = 1
  while (at < steps.length && 'star' in steps[at]!) places[++at] = 1
}

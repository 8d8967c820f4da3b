import { SallyportError } from '../../base/errors.ts'
import type { Layers } from './area.ts'

/** What a tool hears when it reaches for something that no guard allows. */
export function denied(what: string, reason: string, help?: string): SallyportError {
  const message = `${what} ${reason}`
  return new SallyportError('access-denied', message, { help })
}

export function noGuard(tool: string, kind: 'paths' | 'network'): SallyportError {
  const [verb, rest] =
    kind === 'paths'
      ? ['open', "arg: /path, root: './data'"]
      : ['fetch', 'arg: /url, hosts: [api.example.com]']
  return denied(
    `the tool \`${tool}\``,
    `may not ${verb} anything: no guard of the policy is about it`,
    `add \`guards: { ${kind}: [{ tools: [${tool}], ${rest} }] }\` to the policy`,
  )
}

/**
 * What the areas make of something: for each policy file, the findings of the first argument whose
 * guards all agree. `reason` is what one of those that refuse says.
 */
export function agreed<Area, Good extends { readonly ok: true }>(
  layers: Layers<Area>,
  ask: (area: Area) => Good | { readonly ok: false; readonly reason: string },
): readonly { readonly area: Area; readonly found: Good }[] | { readonly reason: string } {
  const agreeing: { readonly area: Area; readonly found: Good }[] = []
  for (const groups of layers) {
    let reason = 'is not allowed'
    const group = groups.find((areas) => {
      const found = areas.map(ask)
      const refusal = found.find((one) => !one.ok)
      if (refusal === undefined) {
        agreeing.push(...areas.map((area, index) => ({ area, found: found[index] as Good })))
        return true
      }
      if (!refusal.ok) reason = refusal.reason
      return false
    })
    if (group === undefined) return { reason }
  }
  return agreeing
}

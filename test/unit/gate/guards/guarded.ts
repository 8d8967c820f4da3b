import type { JsonObject } from '../../../../src/base/json.ts'
import type { Finding } from '../../../../src/gate/finding.ts'
import { compileGuards, type CompiledGuards } from '../../../../src/gate/guards/guards.ts'
import type { FileProbe } from '../../../../src/gate/guards/links.ts'
import { noGuards } from '../../../../src/policy/read-guards.ts'
import type { Guards } from '../../../../src/policy/document.ts'
import type { PolicyTool } from '../../../../src/policy/policy.ts'
import { policyOf } from '../../policy/build.ts'

interface Given {
  readonly tools?: readonly PolicyTool[]
  readonly probe?: FileProbe
  readonly secrets?: readonly string[]
}

const at = { start: 0, end: 0 }
const everything = [{ text: '**', start: 0, end: 0 }]

/** The guards of a policy whose file lies in `/policies`; each is about every tool unless told. */
export function guardsOf(
  guards: { readonly [Kind in keyof Guards]?: readonly object[] },
  { tools, probe, secrets }: Given = {},
): CompiledGuards {
  const policy = policyOf({ rules: [] }, tools)
  const filled = Object.entries({ ...noGuards, ...guards }).map(([kind, list]) => [
    kind,
    list.map((guard) => ({ at, tools: everything, ...defaults[kind as keyof Guards], ...guard })),
  ])
  const document = { ...policy.document, guards: Object.fromEntries(filled) as Guards }
  const own = { ...policy, file: '/policies/p.yaml', document }
  return compileGuards({ ...own, layers: [own] }, probe, secrets)
}

const defaults: { readonly [Kind in keyof Guards]: object } = {
  paths: { arg: ['path'], root: '/srv/project', deny: [], readOnly: [], symlinks: 'deny' },
  network: {
    arg: ['url'],
    schemes: ['https'],
    hosts: ['allowed.example'],
    ports: [443],
    redirects: 'recheck',
  },
  commands: { arg: ['argv'] },
  danger: { do: 'deny' },
}

export function check(guards: CompiledGuards, args: JsonObject, tool = 't'): readonly Finding[] {
  return guards.check({ tool, args, principal: null, now: 0, at: '' })
}

/** Rules of what a guard finds; empty when it finds nothing. */
export function rulesOf(guards: CompiledGuards, args: JsonObject, tool = 't'): readonly string[] {
  return check(guards, args, tool).map(({ rule }) => rule)
}

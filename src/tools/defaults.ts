import { escapeToken, isObject, type JsonValue } from '../base/json.ts'
import type { Schema } from './rewrite.ts'

/** The defaults of a schema that can apply without a choice: below `properties` and `items`. */
export interface DefaultPlan {
  readonly members: readonly {
    readonly name: string
    readonly value: JsonValue | undefined
    readonly plan: DefaultPlan | undefined
  }[]
  readonly items: DefaultPlan | undefined
}

/** The parser refuses these in arguments, so they do not get there as a default either. */
const unsendable: ReadonlySet<string> = new Set(['constructor', 'prototype'])

/** Undefined when the schema declares no defaults there. */
export function planDefaults(schema: unknown): DefaultPlan | undefined {
  if (!isObject(schema)) return undefined
  const members = isObject(schema['properties']) ? planMembers(schema['properties']) : []
  const items = planDefaults(schema['items'])
  return members.length === 0 && items === undefined ? undefined : { members, items }
}

function planMembers(properties: Schema): DefaultPlan['members'] {
  return Object.entries(properties)
    .map(([name, schema]) => ({
      name,
      value: isObject(schema) ? (schema['default'] as JsonValue | undefined) : undefined,
      plan: planDefaults(schema),
    }))
    .filter(({ name, value, plan }) => !unsendable.has(name) && (value ?? plan) !== undefined)
}

/** Fills the missing members of a fresh, unshared value; returns pointers to what was added. */
export function applyDefaults(plan: DefaultPlan, value: unknown): readonly string[] {
  const added: string[] = []
  fill(plan, value, '', added)
  return added
}

function fill(plan: DefaultPlan, value: unknown, pointer: string, added: string[]): void {
  if (Array.isArray(value)) {
    if (plan.items === undefined) return
    for (let index = 0; index < value.length; index++) {
      fill(plan.items, value[index], `${pointer}/${index}`, added)
    }
  } else if (isObject(value)) {
    fillMembers(plan, value, pointer, added)
  }
}

function fillMembers(
  plan: DefaultPlan,
  value: Record<string, unknown>,
  pointer: string,
  added: string[],
): void {
  for (const member of plan.members) {
    const place = `${pointer}/${escapeToken(member.name)}`
    if (!Object.hasOwn(value, member.name)) {
      if (member.value === undefined) continue
      value[member.name] = structuredClone(member.value)
      added.push(place)
    }
    if (member.plan !== undefined) fill(member.plan, value[member.name], place, added)
  }
}

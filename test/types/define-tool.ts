import { z } from 'zod'
import type { JsonObject, JsonValue } from '../../src/base/json.ts'
import { createRegistry } from '../../src/tools/registry.ts'
import type { Permit } from '../../src/tools/permit.ts'
import { defineTool, type Tool } from '../../src/tools/tool.ts'

type Equals<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

function isType<A, B>(same: Equals<A, B>): void {
  void same
}

const base = { name: 'a', description: 'A.' }

// arguments have the type a schema library infers, defaults filled in
defineTool({
  ...base,
  input: z.object({
    order: z.string(),
    amount: z.number().default(1),
    note: z.string().optional(),
  }),
  concurrencyKey: (args) => args.order,
  execute(args) {
    isType<typeof args, { order: string; amount: number; note?: string | undefined }>(true)
    // @ts-expect-error: a member the schema does not name has no type
    void args.missing
  },
})

// beside a JSON Schema the type is the type parameter
defineTool<{ order: string }>({
  ...base,
  input: { type: 'object', properties: { order: { type: 'string' } } },
  execute({ order }) {
    isType<typeof order, string>(true)
  },
})

// without one, arguments are JSON
defineTool({
  ...base,
  input: { type: 'object' },
  execute(args) {
    isType<typeof args, JsonObject>(true)
    isType<(typeof args)[string], JsonValue>(true)
  },
})

// injected dependencies are typed, and the context cannot be changed
defineTool<{ order: string }, { readonly db: Map<string, number> }>({
  ...base,
  input: { type: 'object' },
  async *execute({ order }, context) {
    isType<typeof context.deps.db, Map<string, number>>(true)
    yield order
    // @ts-expect-error: who calls is not for the tool to say
    context.principal = null
    return 1
  },
})

// @ts-expect-error: a tool without a function
defineTool({ ...base, input: { type: 'object' } })

// @ts-expect-error: a fact no policy knows
defineTool({ ...base, input: { type: 'object' }, facts: { kind: 'magic' }, execute: () => 1 })

export function use(tool: Tool): void {
  // @ts-expect-error: the function that carries out calls is out of reach
  void tool.execute
  // @ts-expect-error: a tool is fixed once it is defined
  tool.timeoutMs = 5
  // tools and plain definitions mix
  void createRegistry([tool, { ...base, input: { type: 'object' }, execute: (args) => args['a'] }])
}

// @ts-expect-error: what looks like a permit is none
export const forged: Permit = { callId: 'c', tool: 'a' }

import { setTimeout as sleep } from 'node:timers/promises'

/** A tool as every contestant gets it. */
export interface BenchTool {
  readonly name: string
  readonly description: string
  readonly input: Readonly<Record<string, unknown>>
  readonly run: (args: never) => Promise<unknown>
}

const toolbox: readonly BenchTool[] = [
  {
    name: 'lookup_order',
    description: 'Finds an order and tells where it is.',
    input: {
      type: 'object',
      properties: {
        order: { type: 'string', maxLength: 64 },
        amount: { type: 'number', minimum: 0 },
        note: { type: 'string', maxLength: 2000 },
      },
      required: ['order', 'amount'],
      additionalProperties: false,
    },
    run: async (args: { order: string; amount: number }) => ({
      order: args.order,
      status: 'shipped',
      total: args.amount,
    }),
  },
  {
    name: 'save_document',
    description: 'Saves a document and tells its length.',
    input: {
      type: 'object',
      properties: { document: { type: 'string' } },
      required: ['document'],
      additionalProperties: false,
    },
    run: async (args: { document: string }) => ({ saved: args.document.length }),
  },
]

/** Length of a page of `s3`, characters. */
const pageLength = 1024
/** How long a tool of `s2p` takes, milliseconds. */
export const slowMs = 20

/** The tools of a scenario: always the same two, of which the look-up can be slow or long. */
export function toolsFor(scenario: string): readonly BenchTool[] {
  const [lookup, ...others] = toolbox as [BenchTool, ...BenchTool[]]
  const find = lookup.run as (args: unknown) => Promise<object>
  if (scenario.startsWith('s2p')) {
    const slow = (args: unknown): Promise<object> => sleep(slowMs).then(() => find(args))
    return [{ ...lookup, run: slow }, ...others]
  }
  if (scenario.startsWith('s3')) {
    const history = 'The parcel left the house. '.repeat(pageLength).slice(0, pageLength)
    const long = async (args: unknown): Promise<object> => ({ ...(await find(args)), history })
    return [{ ...lookup, run: long }, ...others]
  }
  return toolbox
}

export const systemText = 'You are the assistant of a support desk. Answer in short sentences.'
export const promptText = 'Where is my order, and what did I pay for it?'

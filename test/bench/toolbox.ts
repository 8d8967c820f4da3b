/** A tool as every contestant gets it. */
export interface BenchTool {
  readonly name: string
  readonly description: string
  readonly input: Readonly<Record<string, unknown>>
  readonly run: (args: never) => Promise<unknown>
}

export const toolbox: readonly BenchTool[] = [
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

export const systemText = 'You are the assistant of a support desk. Answer in short sentences.'
export const promptText = 'Where is my order, and what did I pay for it?'

import { z } from 'zod'

import { toolsFor } from './toolbox.ts'

/** A tool as frameworks with zod schemas get it. */
export interface PeerTool {
  readonly name: string
  readonly description: string
  readonly schema: z.ZodObject
  readonly run: (args: unknown) => Promise<unknown>
}

/** The schemas of the toolbox; the note is not optional, because strict schemas have no optional members. */
const schemas: Readonly<Record<string, z.ZodObject>> = {
  lookup_order: z.object({
    order: z.string().max(64),
    amount: z.number().min(0),
    note: z.string().max(2000),
  }),
  save_document: z.object({ document: z.string() }),
}

export function peerTools(scenario: string): readonly PeerTool[] {
  return toolsFor(scenario).map(({ name, description, run }) => ({
    name,
    description,
    schema: schemas[name]!,
    run: run as (args: unknown) => Promise<unknown>,
  }))
}

/** More than any scenario has. */
export const maxTurns = 250

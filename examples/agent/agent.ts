import { join } from 'node:path'
import {
  createRuntime,
  loadPolicy,
  type Approve,
  type Journal,
  type Model,
  type Runtime,
} from 'sallyport'
import tools, { folder } from './tools.ts'

export interface AgentOptions {
  readonly model: Model
  /** Who is asked what the policy asks. Without it a run waits for an answer. */
  readonly approve?: Approve
  /** Default: in memory. */
  readonly journal?: Journal
}

export const policyFile = join(import.meta.dirname, 'policy.yaml')

/** The agent: a model, tools, and a policy between them. */
export async function createAgent({ model, ...rest }: AgentOptions): Promise<Runtime> {
  return createRuntime({
    model,
    tools,
    policy: await loadPolicy(policyFile, { variables: { notes: folder } }),
    instructions: 'You keep the notes of one person. Say what you did in one sentence.',
    limits: { maxTurns: 12, runTimeoutMs: 300_000 },
    ...rest,
  })
}

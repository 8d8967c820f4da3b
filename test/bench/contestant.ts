import type { Expectation } from './scenarios.ts'

/** One complete agent run: streams text to the consumer, executes tools, ends. */
export type RunOnce = () => Promise<Expectation>

export interface Target {
  /** Ends in `/v1`. */
  readonly baseUrl: string
  /** Id of the scenario, sent as the name of the model. */
  readonly scenario: string
}

/** Sets up what outlives a run; called before each slice and not measured. */
export type Prepare = (target: Target) => Promise<RunOnce>

/** Every module in `contestants/` has this shape. */
export interface ContestantModule {
  readonly prepare: Prepare
}

export const contestantNames = ['floor', 'floor-ajv', 'sallyport'] as const
/** Other people's runtimes, installed apart; see `peers.ts`. */
export const peerNames = [
  'openrouter-kit',
  'openrouter-agent',
  'openai-agents',
  'ai-sdk',
  'mastra',
  'langgraph',
] as const

export async function loadContestant(name: string): Promise<Prepare> {
  const module = (await import(`./contestants/${name}.ts`)) as ContestantModule
  return module.prepare
}

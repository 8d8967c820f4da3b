import type { JsonObject } from '../base/json.ts'
import { version } from '../base/version.ts'
import type { JudgeContext } from '../gate/verdict.ts'
import type { Policy } from '../policy/policy.ts'
import type { Message } from '../protocol/message.ts'
import type { RunPoint, RunStart } from '../protocol/run-event.ts'
import type { ToolSet } from '../protocol/tool-set.ts'
import type { ToolRegistry } from '../tools/registry.ts'
import type { Recorder } from './recorder.ts'

/** In place of a model where a program with its own loop asks the gate. */
export const anotherProgram: RunStart['model'] = { id: 'another program', provider: 'none' }

/** What a run begins with. */
export interface FirstRecord {
  readonly context: JudgeContext
  readonly messages: readonly Message[]
  /** The one in force. */
  readonly policy: Policy
  /** File it was read from. */
  readonly policyFile?: string | undefined
  readonly registry: ToolRegistry
  readonly model: RunStart['model']
  /** Those that are finite. */
  readonly limits: JsonObject
  /** Present where the run goes on. */
  readonly resumed?: RunStart['resumed']
  /** Left out where nobody can take the run over. */
  readonly carrier?: RunStart['carrier']
  readonly signer?: RunStart['signer'] | undefined
  /** Left out where there are none. */
  readonly previousRuns?: readonly RunPoint[] | undefined
  /** Present for an agent. */
  readonly parent?: RunStart['parent'] | undefined
  /** What the task was narrowed to. */
  readonly scope?: RunStart['scope'] | undefined
}

/** Writes the first record of a run. */
export function recordStart(recorder: Recorder, first: FirstRecord): void {
  const { context, messages, policy, policyFile, registry, model, limits } = first
  const { carrier, parent, previousRuns = [], resumed, scope, signer } = first
  const { session, principal } = context
  recorder.emit({
    type: 'run-start',
    ...(session === undefined ? {} : { session }),
    principal,
    // members in canonical order here and below: they are then written without sorting
    policy: {
      digest: policy.digest,
      ...(policyFile === undefined ? {} : { file: policyFile }),
      mode: policy.mode,
      name: policy.name,
    },
    tools: toolSetOf(registry, policy),
    model: { id: model.id, provider: model.provider },
    limits,
    ...(resumed === undefined ? {} : { resumed }),
    ...(carrier === undefined ? {} : { carrier }),
    ...(scope === undefined ? {} : { scope }),
    ...(parent === undefined ? {} : { parent }),
    ...(signer === undefined ? {} : { signer }),
    ...(previousRuns.length === 0 ? {} : { previousRuns }),
    definitions: registry.definitions,
    versions: { node: process.versions.node, sallyport: version },
    messages,
  })
}

function toolSetOf({ digest, names }: FirstRecord['registry'], { pins }: Policy): ToolSet {
  if (pins.size === 0) return { digest, names }
  const pinned = names.filter((name) => pins.get(name)?.isKept === true)
  const changed = names.filter((name) => pins.get(name)?.isKept === false)
  return {
    ...(changed.length === 0 ? {} : { changed }),
    digest,
    names,
    ...(pinned.length === 0 ? {} : { pinned }),
  }
}

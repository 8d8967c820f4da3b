import type { JsonObject } from '../base/json.ts'
import type { StructuralEvent } from '../protocol/run-event.ts'
import { callStatuses } from './report.ts'

/** Members that an event must have and may have; others are let pass, as are erased payloads. */
interface Shape {
  readonly required: Readonly<Record<string, JsonObject>>
  readonly optional?: Readonly<Record<string, JsonObject>>
}

const text: JsonObject = { type: 'string' }
const texts: JsonObject = { type: 'array', items: text }
const count: JsonObject = { type: 'integer', minimum: 0 }
const flag: JsonObject = { type: 'boolean' }

/** A definition of `report.schema.json`. */
function definition(name: string): JsonObject {
  return { $ref: `urn:sallyport:report:1#/$defs/${name}` }
}

/** What reports narrow: events carry more of it. */
function object(required: Readonly<Record<string, JsonObject>>, optional: JsonObject = {}) {
  return {
    type: 'object',
    properties: { ...required, ...optional },
    required: Object.keys(required),
  }
}

function orNull(schema: JsonObject): JsonObject {
  return { anyOf: [schema, { type: 'null' }] }
}

const digest = definition('digest')
const time = definition('time')

const principal = object(
  { subject: text, roles: texts, scopes: texts },
  { issuer: text, tenant: text, agent: text, actors: texts },
)

const error = object({ code: text, message: text, retryable: flag }, { help: text })

const usage = object({
  inputTokens: count,
  outputTokens: count,
  cacheReadTokens: count,
  cacheWriteTokens: count,
  reasoningTokens: count,
})

const finishReason = object({
  unified: {
    enum: ['stop', 'length', 'tool-calls', 'content-filter', 'pause', 'error', 'other'],
  },
  raw: { type: ['string', 'null'] },
})

const shapes: { readonly [Type in StructuralEvent['type']]: Shape } = {
  'run-start': {
    required: {
      principal: orNull(principal),
      policy: object({ name: text, digest, mode: { enum: ['enforce', 'shadow'] } }, { file: text }),
      tools: object({ digest, names: texts }, { pinned: texts, changed: texts }),
      model: object({ id: text, provider: text }),
      versions: object({ sallyport: text, node: text }),
    },
    optional: {
      session: text,
      scope: { type: 'array', items: definition('scopePart') },
      parent: object({ runId: text, callId: text }),
      resumed: object({ head: digest }, { tookOver: flag }),
      carrier: object({ host: text, pid: count, since: time }),
      signer: object({ keyId: text, algorithm: text }),
      previousRuns: { type: 'array', items: object({ runId: text, head: digest }) },
    },
  },
  'turn-start': {
    required: {},
    optional: {
      model: object({ id: text, provider: text }),
      tools: texts,
      toolChoice: { anyOf: [text, object({ tool: text })] },
      trusted: flag,
    },
  },
  'tool-call': {
    required: { callId: text, providerId: text, index: count, tool: text, argsDigest: digest },
    optional: { sensitive: texts, rawArgs: text },
  },
  decision: { required: { callId: text, decision: definition('decision') } },
  'approval-request': {
    required: {
      approvalId: text,
      callId: text,
      tool: text,
      argsDigest: digest,
      rules: { type: 'array', items: definition('rule') },
      reasons: texts,
      approvers: { type: 'array', items: definition('approvers') },
      expiresAt: time,
      editable: texts,
    },
  },
  'approval-decision': {
    required: {
      approvalId: text,
      callId: text,
      action: { enum: ['approve', 'edit', 'deny', 'expire', 'revoke'] },
      by: orNull(object({ subject: text, roles: texts }, { agent: text })),
    },
    optional: {
      reason: text,
      argsDigest: digest,
      sensitive: texts,
      remember: flag,
      remembered: text,
    },
  },
  'execution-start': {
    required: { callId: text, tool: text, argsDigest: digest, idempotencyKey: text },
    optional: { child: text },
  },
  'execution-progress': { required: { callId: text } },
  'tool-result': {
    required: {
      callId: text,
      tool: text,
      status: { enum: callStatuses },
      attempts: count,
      queueMs: count,
      approvalMs: count,
      executionMs: count,
    },
    optional: {
      child: definition('childRun'),
      resultDigest: digest,
      resultBytes: count,
      truncated: flag,
      foreign: flag,
      changes: { type: 'array', items: object({ what: text, count }) },
      error,
      content: text,
    },
  },
  retry: { required: { attempt: count, delayMs: { type: 'number', minimum: 0 }, error } },
  fallback: { required: { from: text, to: text, error } },
  usage: {
    required: { usage },
    optional: {
      cost: definition('cost'),
      foreign: { type: 'array', items: { enum: ['request', 'answer'] } },
    },
  },
  limit: { required: { limit: text, max: { type: 'number' }, message: text } },
  'turn-end': {
    required: { finishReason, usage, attempts: count, durationMs: count },
    optional: {
      cost: definition('cost'),
      model: text,
      responseId: text,
      asked: object({ id: text, provider: text }),
    },
  },
  error: {
    required: { code: text, message: text, retryable: flag },
    optional: { help: text },
  },
  end: {
    required: {
      status: {
        enum: ['completed', 'needs-approval', 'limit', 'denied', 'cancelled', 'timeout', 'error'],
      },
      head: digest,
    },
    optional: {
      counts: object({ allow: count, ask: count, deny: count, none: count, open: count }),
    },
  },
}

/** Whether events of a type are recorded. */
export function isRecorded(type: unknown): type is StructuralEvent['type'] {
  return typeof type === 'string' && Object.hasOwn(shapes, type)
}

/** JSON Schema (2020-12) of a recorded event. */
export function eventSchema(type: StructuralEvent['type']): JsonObject {
  const { required, optional } = shapes[type]
  return object({ seq: count, runId: text, turn: count, at: time, ...required }, optional)
}

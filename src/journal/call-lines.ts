import { canonicalJson, canonicalString as text } from '../base/digest.ts'
import type { Decision, RuleReference } from '../protocol/decision.ts'
import type {
  CallDecided,
  ExecutionStarted,
  StructuralEvent,
  ToolCallProposed,
  ToolResulted,
  TurnEnded,
  TurnStart,
  UsageReported,
} from '../protocol/run-event.ts'
import type { Cost } from '../protocol/usage.ts'
import type { Link } from './link.ts'

// The records that every turn and every call leaves are written member by member, in canonical
// order: that costs a third of bringing an object into order and writing it. Times, digests and
// words of closed sets are made by this library of letters that need no escape; every other text
// goes through `text` and every number that was not counted here through `number`.

export function turnStartLine(e: TurnStart, link: Link): string {
  const model = e.model === undefined ? '' : `"model":${canonicalJson(e.model)},`
  const choice = e.toolChoice === undefined ? '' : `"toolChoice":${canonicalJson(e.toolChoice)},`
  const tools = e.tools === undefined ? '' : `"tools":${list(e.tools)},`
  const trusted = e.trusted === undefined ? '' : `"trusted":${e.trusted},`
  return (
    `{"at":"${e.at}","eventSeq":${e.seq},${model}${payloadMember(link)}${runMembers(e, link)},` +
    `${choice}${tools}${trusted}${lastMembers(e)}}`
  )
}

export function usageLine(e: UsageReported, link: Link): string {
  const foreign = e.foreign === undefined ? '' : `"foreign":${list(e.foreign)},`
  return (
    `{"at":"${e.at}",${costMember(e.cost)}"eventSeq":${e.seq},${foreign}${payloadMember(link)}` +
    `${runMembers(e, link)},"turn":${e.turn},"type":"usage","usage":${canonicalJson(e.usage)},"v":1}`
  )
}

export function toolCallLine(e: ToolCallProposed, link: Link): string {
  const sensitive = e.sensitive === undefined ? '' : `"sensitive":${list(e.sensitive)},`
  return (
    `{"argsDigest":"${e.argsDigest}","at":"${e.at}","callId":${text(e.callId)},` +
    `"eventSeq":${e.seq},"index":${number(e.index)},${payloadMember(link)}"prev":"${link.prev}",` +
    `"providerId":${text(e.providerId)},"runId":${text(e.runId)},${sensitive}"seq":${link.seq},` +
    `"tool":${text(e.tool)},${lastMembers(e)}}`
  )
}

export function decisionLine(e: CallDecided, link: Link): string {
  return (
    `{"at":"${e.at}","callId":${text(e.callId)},"decision":${decisionText(e.decision)},` +
    `"eventSeq":${e.seq},${runMembers(e, link)},${lastMembers(e)}}`
  )
}

export function executionStartLine(e: ExecutionStarted, link: Link): string {
  const child = e.child === undefined ? '' : `"child":${text(e.child)},`
  return (
    `{"argsDigest":"${e.argsDigest}","at":"${e.at}","callId":${text(e.callId)},${child}` +
    `"eventSeq":${e.seq},"idempotencyKey":${text(e.idempotencyKey)},${runMembers(e, link)},` +
    `"tool":${text(e.tool)},${lastMembers(e)}}`
  )
}

export function toolResultLine(e: ToolResulted, link: Link): string {
  const bytes = e.resultBytes === undefined ? '' : `"resultBytes":${number(e.resultBytes)},`
  const digest = e.resultDigest === undefined ? '' : `"resultDigest":"${e.resultDigest}",`
  const resolved = e.resolvedBy === undefined ? '' : `"resolvedBy":${text(e.resolvedBy)},`
  const truncated = e.truncated === undefined ? '' : `"truncated":${e.truncated},`
  const child = e.child === undefined ? '' : `"child":${canonicalJson(e.child)},`
  const foreign = e.foreign === undefined ? '' : `"foreign":${e.foreign},`
  const changes = e.changes === undefined ? '' : `"changes":${canonicalJson(e.changes)},`
  return (
    `{"approvalMs":${number(e.approvalMs)},"at":"${e.at}","attempts":${number(e.attempts)},` +
    `"callId":${text(e.callId)},${changes}${child}"eventSeq":${e.seq},"executionMs":${number(e.executionMs)},` +
    `${foreign}${payloadMember(link)}"prev":"${link.prev}","queueMs":${number(e.queueMs)},${resolved}${bytes}${digest}` +
    `"runId":${text(e.runId)},"seq":${link.seq},"status":"${e.status}","tool":${text(e.tool)},` +
    `${truncated}${lastMembers(e)}}`
  )
}

export function turnEndLine(e: TurnEnded, link: Link): string {
  const { raw, unified } = e.finishReason
  const asked = e.asked === undefined ? '' : `"asked":${canonicalJson(e.asked)},`
  const model = e.model === undefined ? '' : `"model":${text(e.model)},`
  const responseId = e.responseId === undefined ? '' : `"responseId":${text(e.responseId)},`
  return (
    `{${asked}"at":"${e.at}","attempts":${number(e.attempts)},${costMember(e.cost)}` +
    `"durationMs":${number(e.durationMs)},"eventSeq":${e.seq},` +
    `"finishReason":{"raw":${raw === null ? 'null' : text(raw)},"unified":"${unified}"},` +
    `${model}"prev":"${link.prev}",${responseId}"runId":${text(e.runId)},"seq":${link.seq},` +
    `"turn":${e.turn},"type":"turn-end","usage":${canonicalJson(e.usage)},"v":1}`
  )
}

/** `prev`, `runId` and `seq`, where nothing comes between them. */
function runMembers({ runId }: StructuralEvent, { prev, seq }: Link): string {
  return `"prev":"${prev}","runId":${text(runId)},"seq":${seq}`
}

/** The members that come last where nothing begins with a later letter. */
function lastMembers({ turn, type }: StructuralEvent): string {
  return `"turn":${turn},"type":"${type}","v":1`
}

function payloadMember({ payload }: Link): string {
  return payload === undefined ? '' : `"payload":"${payload}",`
}

function costMember(cost: Cost | undefined): string {
  return cost === undefined ? '' : `"cost":${canonicalJson(cost)},`
}

function decisionText(decision: Decision): string {
  const { at, effect, labels, obligations, policy, reasons, rule, rules, shadow } = decision
  return (
    `{"at":${text(at)},"effect":"${effect}","labels":${list(labels)},"obligations":${list(obligations)},` +
    `"policy":{"digest":${text(policy.digest)},"name":${text(policy.name)}},` +
    `"reasons":[${reasons.map(text).join()}],"rule":${text(rule)},"rules":[${rules.map(ruleText).join()}]` +
    `${shadow === undefined ? '' : `,"shadow":${shadow}`}}`
  )
}

function ruleText({ column, effect, file, id, line, shadow, unknown }: RuleReference): string {
  return (
    `{"column":${number(column)},"effect":"${effect}","file":${text(file)},"id":${text(id)},` +
    `"line":${number(line)}${shadow === undefined ? '' : `,"shadow":${shadow}`}` +
    `${unknown === undefined ? '' : `,"unknown":${unknown}`}}`
  )
}

/** Most of these lists are empty. */
function list(items: readonly unknown[]): string {
  return items.length === 0 ? '[]' : canonicalJson(items)
}

/** Null is what a number that has no JSON form has become. */
function number(value: number): string {
  if (Number.isFinite(value) || value === null) return `${value}`
  throw new TypeError('canonical JSON has no such number')
}

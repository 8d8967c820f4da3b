import { basename } from 'node:path'
import type { ApprovalRequest, Approve, Decision, RunEvent } from 'sallyport'
import type { Authenticator } from 'sallyport/gate'

const marks = { allow: '✓', ask: '?', deny: '✗' } as const

/** A line with its topic in front. */
export function say(topic: string, text: string): void {
  process.stdout.write(`${topic.padEnd(10)}${text}\n`)
}

/** Shows a run as it happens; returns its events. */
export async function show(run: AsyncIterable<RunEvent>): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = []
  const tools = new Map<string, string>()
  const answered = new Set<string>()
  let speaking = false
  for await (const event of run) {
    events.push(event)
    if (event.type === 'text-delta') {
      process.stdout.write(speaking ? event.text : `\n${'model'.padEnd(10)}${event.text}`)
      speaking = true
      continue
    }
    if (speaking) process.stdout.write('\n')
    speaking = false
    if (event.type === 'tool-call') tools.set(event.callId, event.tool)
    if (event.type === 'approval-decision') answered.add(event.callId)
    if (event.type === 'decision') {
      const tool = tools.get(event.callId) ?? ''
      showDecision(tool, event.decision, answered.has(event.callId))
    }
  }
  return events
}

/** After an answer the call is judged again; what is news then is that it may run. */
function showDecision(
  tool: string,
  { effect, rule, rules, reasons }: Decision,
  answered: boolean,
): void {
  const [first] = rules
  const place = first === undefined ? '' : `${basename(first.file)}:${first.line}:${first.column}`
  const mark = answered && effect === 'ask' ? marks.allow : marks[effect]
  say('gate', `${mark} ${effect.padEnd(6)}${tool.padEnd(16)}${rule.padEnd(16)}${place}`.trimEnd())
  if (effect !== 'allow' && !answered) for (const reason of reasons) say('', `  ${reason}`)
}

/** Answers with yes on behalf of whoever the token belongs to. */
export function approveAs(token: string, authenticator: Authenticator): Approve {
  return async (request) => {
    const lead = await authenticator.authenticate({ bearer: token })
    if (!lead.ok) return undefined
    const { subject, roles } = lead.principal
    showApproval(request, `${subject} (${roles.join(', ')})`)
    return { action: 'approve', by: lead.principal, reason: 'the photo shows it broken' }
  }
}

function showApproval(request: ApprovalRequest, approver: string): void {
  const needed = request.approvers.map(({ roles, count }) => `${count} of ${roles?.join(', ')}`)
  say('approval', `asked by ${request.askedBy?.subject}, needs ${needed.join(' and ')}`)
  say('', `${request.tool} ${JSON.stringify(request.args)}`)
  say('', `given by ${approver}, who has a token of her own`)
}

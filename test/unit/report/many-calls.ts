import { sha256 } from '../../../src/base/digest.ts'
import { foldReport } from '../../../src/report/fold.ts'
import type { Report } from '../../../src/report/report.ts'
import { EventWriter, usage } from './sample.ts'

const tools = ['get_order', 'refund', 'web.get', 'send_mail', 'files.read', 'db.query', 'search']

/** A long run whose ids, digests and arguments differ as real ones do. */
export function reportOfMany(calls: number, perTurn = 8): Report {
  const writer = new EventWriter().start()
  for (let done = 0; done < calls; done += perTurn) {
    writer.beginTurn()
    const indexes = Array.from({ length: Math.min(perTurn, calls - done) }, (_, index) => index)
    for (const index of indexes) propose(writer, index, done + index)
    writer.wait(900).endTurn(900, usage)
    for (const index of indexes) carryOut(writer, index, done + index)
  }
  return foldReport(writer.end('completed').events, { head: sha256('head') })
}

function propose(writer: EventWriter, index: number, number: number): void {
  const noise = sha256(String(number)).slice(7)
  writer.propose(index, toolOf(number), {
    order: `O-${number}`,
    customer: noise.slice(0, 12),
    note: `order ${noise.slice(12, 18)} of customer ${noise.slice(18, 22)} came late`,
    amount: number % 977,
  })
  const call = writer.events.at(-1) as { providerId: string }
  call.providerId = `toolu_01${noise.slice(0, 22)}`
}

function carryOut(writer: EventWriter, index: number, number: number): void {
  const tool = toolOf(number)
  const noise = sha256(`result ${number}`).slice(7)
  if (number % 9 === 4) {
    writer.decide(index, 'deny', 'refund-limit', [`\`/amount\` is ${number % 977}`])
    writer.refuse(index, tool, {
      error: { code: 'denied', message: 'rule `refund-limit` refused the call', retryable: false },
    })
    return
  }
  writer.decide(index, 'allow', 'read-orders', [])
  writer.execute(index, tool, 1 + (number % 83), { id: noise.slice(0, 16), ok: true })
}

function toolOf(number: number): string {
  return tools[number % tools.length]!
}

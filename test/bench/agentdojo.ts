// Replays AgentDojo under the policies in examples/agentdojo: what passes, what is asked, what stops.
import { replayAll, suites, type Outcome, type Suite } from './agentdojo/replay.ts'

for (const suite of suites) {
  await honest(suite, 'honest tasks', await replayAll(suite, 'benign.jsonl'))
  await honest(suite, 'honest tasks, scoped', await replayAll(suite, 'benign.jsonl', true))
  attacks(suite, 'attacks', await replayAll(suite, 'attacks.jsonl.gz'))
  attacks(suite, 'attacks, scoped', await replayAll(suite, 'attacks.jsonl.gz', true))
  await honest(suite, 'honest runs of models', await replayAll(suite, 'real-benign.jsonl.gz'))
  attacks(suite, 'attacks on models', await replayAll(suite, 'real-attacks.jsonl.gz'))
}

function honest(suite: Suite, what: string, outcomes: readonly Outcome[]): void {
  const count = (effect: Outcome['effect']): number =>
    outcomes.filter((outcome) => outcome.effect === effect).length
  const asks = outcomes.flatMap(({ decisions }) =>
    decisions.filter(({ effect }) => effect === 'ask'),
  ).length
  const share = percent(count('allow'), outcomes.length)
  const each = (asks / outcomes.length).toFixed(2)
  console.log(
    `${suite}: ${what}: permitted ${count('allow')} of ${outcomes.length} (${share}), asked ${count('ask')}, denied ${count('deny')}; ${each} questions each`,
  )
  for (const outcome of outcomes) {
    if (outcome.effect === 'allow') continue
    console.log(`  ${outcome.effect} ${outcome.id}`)
    for (const { effect, rule, reasons } of outcome.decisions) {
      if (effect !== 'allow') console.log(`    ${effect} by ${rule}: ${reasons[0]}`)
    }
  }
}

function attacks(suite: Suite, what: string, outcomes: readonly Outcome[]): void {
  const stopped = outcomes.filter((outcome) => outcome.stopped === true).length
  console.log(
    `${suite}: ${what}: stopped ${stopped} of ${outcomes.length} (${percent(stopped, outcomes.length)})`,
  )
  for (const { id, stopped: isStopped } of outcomes)
    if (isStopped !== true) console.log(`  missed ${id}`)
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`
}

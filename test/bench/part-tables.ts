import { digits, table } from './cells.ts'
import type { EngineRow } from './engines.ts'
import type { Results, Verdict } from './table.ts'

type PartResults = Pick<Results, 'parts' | 'journals' | 'soak' | 'engines' | 'failedEngines'>

/** The highest accepted share of the time of other engines, each in its best form. */
const engineBar = 1 / 20
const loadRules = 10_000
const loadMs = 100
/** Engines that a decision is held against: CASL answers with a bit and is told as information. */
const rivals = ['cedar-wasm', 'casbin']

export function judgeParts({ journals, soak, engines }: PartResults): Verdict[] {
  const verdicts: Verdict[] = soak.map(({ runs, growth, bar }) => ({
    what: `soak, memory after ${runs} runs against a tenth of them`,
    value: growth,
    bar,
  }))
  for (const { journal, what, best, bestRatio, bar, ratioBar } of journals) {
    const name = `journal in ${journal}, ${what}`
    if (bar !== undefined) verdicts.push({ what: `${name}, best ms`, value: best, bar })
    if (bestRatio !== undefined && ratioBar !== undefined) {
      verdicts.push({ what: `${name}, best/best`, value: bestRatio, bar: ratioBar })
    }
  }
  for (const own of engines.filter(({ engine }) => engine === 'sallyport')) {
    if (own.rules === loadRules) {
      const what = `engines, ${own.rules} rules: load from JSON, CPU ms`
      verdicts.push({ what, value: own.loadMs, bar: loadMs })
    }
    for (const rival of rivals) {
      const forms = engines.filter(
        ({ engine, rules }) => rules === own.rules && engine.startsWith(rival),
      )
      if (forms.length === 0) continue
      const best = Math.min(...forms.map(({ p50 }) => p50))
      const what = `engines, ${own.rules} rules: p50 against ${rival} at its best`
      verdicts.push({ what, value: own.p50 / best, bar: engineBar })
    }
  }
  return verdicts
}

export function partTables({
  parts,
  journals,
  soak,
  engines,
  failedEngines,
}: PartResults): string[] {
  const tables: string[] = []
  if (parts.length > 0) {
    tables.push(
      table(
        ['part', 'µs', 'for', '× plainest'],
        parts.map(({ what, milliseconds, for: unit, toPlain }) => [
          what,
          digits(milliseconds * 1000),
          unit,
          toPlain === undefined ? '–' : digits(toPlain),
        ]),
      ),
    )
  }
  if (journals.length > 0) {
    tables.push(
      table(
        ['journal', 'what', 'ms', 'best', '× memory or one run', 'best/best'],
        journals.map(({ journal, what, milliseconds, best, ratio, bestRatio }) => [
          journal,
          what,
          ...[milliseconds, best, ratio, bestRatio].map((value) =>
            value === undefined ? '–' : digits(value),
          ),
        ]),
      ),
    )
  }
  if (soak.length > 0) {
    tables.push(
      table(
        ['runs in one process', 'MiB after a tenth', 'MiB at the end', 'growth'],
        soak.map(({ runs, first, last, growth }) => [
          String(runs),
          digits(first / 1024),
          digits(last / 1024),
          growth.toFixed(3),
        ]),
      ),
    )
  }
  if (engines.length > 0) tables.push(engineTable(engines))
  for (const { engine, why } of failedEngines) tables.push(`${engine} is not measured: ${why}`)
  return tables
}

function engineTable(rows: readonly EngineRow[]): string {
  const sizes = [...new Set(rows.map(({ rules }) => rules))]
  const engines = [...Map.groupBy(rows, ({ engine }) => engine)]
  return table(
    [
      'engine, p50 (p99) in µs',
      ...sizes.map((rules) => `${rules} rules`),
      `load ${sizes.at(-1)}, CPU ms`,
    ],
    engines.map(([engine, own]) => [
      engine,
      ...sizes.map((rules) => {
        const row = own.find((one) => one.rules === rules)
        return row === undefined ? '–' : `${digits(row.p50)} (${digits(row.p99)})`
      }),
      digits(own.at(-1)!.loadMs),
    ]),
  )
}

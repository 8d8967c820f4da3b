import { foldReport } from '../../src/report/fold.ts'
import { renderIndex } from '../../src/report/html/index-page.ts'
import type { HtmlOptions } from '../../src/report/html/page.ts'
import type { Overview } from '../../src/report/overview.ts'
import type { Report } from '../../src/report/report.ts'
import { verifyChain } from '../../src/report/verify.ts'
import { later, overviewOf } from '../unit/report/many-runs.ts'
import { sampleEvents } from '../unit/report/sample.ts'
import { seal } from '../unit/report/sealed.ts'

const file = 'policies/support-desk.yaml'

const text = `sallyport: 1
rules:
  - id: refund-limit
    deny: [refund]
    args: { amount: { type: number, exclusiveMinimum: 100 } }
  - id: never
    deny: ['admin.**']
`

export const sampleReport: Report = foldReport(sampleEvents(), {
  head: `sha256:${'ab'.repeat(32)}`,
})

const verification = await verifyChain(seal(sampleEvents()))

/** Everything a host can add to a page. */
export const sampleOptions: HtmlOptions = {
  verification,
  journal: 'journal.db',
  policy: {
    digest: sampleReport.header.policy.digest,
    parts: [
      { rule: 'refund-limit', file, line: 3, column: 5 },
      { rule: 'never', file, line: 6, column: 5 },
    ],
    files: new Map([[file, text]]),
  },
}

/** Runs of one day and the next, and a file that is none. */
export const sampleOverview: Overview = {
  ...overviewOf([0, 40, 200, 1500].map((minutes) => later(sampleReport, minutes))),
  unreadable: [{ journal: 'old.db', message: '`old.db` is no journal' }],
}

export const sampleIndex: string = renderIndex(sampleOverview, {
  pageOf: ({ runId }) => `index-${runId}.html`,
})

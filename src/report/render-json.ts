import { visibleJson } from '../base/text.ts'
import { checkReport } from './given.ts'
import { prettyJson } from './json.ts'
import type { Report } from './report.ts'

/**
 * `report.json`: members sorted, indented by two spaces, newline at the end. Equal reports give
 * equal bytes, whether folded while the run went on or from its journal. Invisible characters are
 * escaped, since the text may be read in a terminal.
 */
export function renderJson(report: Report): string {
  return `${visibleJson(prettyJson(checkReport(report)))}\n`
}

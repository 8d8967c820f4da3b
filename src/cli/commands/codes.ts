import { errorPages } from '../../analysis/error-pages.ts'
import { findingPages } from '../../analysis/finding-pages.ts'
import { codes as errorCodes, type ErrorCode } from '../../base/codes.ts'
import { SallyportError } from '../../base/errors.ts'
import { diagnosticCodes, type DiagnosticCode } from '../../policy/diagnostic.ts'
import { suggestionFor } from '../../policy/suggest.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { outJson, type Io } from '../io.ts'

export interface CodesOptions {
  readonly json?: boolean
}

interface Page {
  readonly code: string
  /** Of a thrown or recorded error, or of a finding about a policy; some names stand for both. */
  readonly kind: 'error' | 'finding'
  readonly summary: string
  readonly page: string
}

/** Prints what a code means and what to do about it; without a code, all of them. */
export function codes(code: string | undefined, { json = false }: CodesOptions, io: Io): ExitCode {
  const all = allPages()
  const pages = code === undefined ? all : all.filter((page) => page.code === code)
  if (pages.length === 0) {
    const known = all.map((page) => page.code)
    throw new SallyportError(
      'bad-option',
      `there is no code \`${code}\``,
      suggestionFor(code!, known),
    )
  }
  if (json) outJson(io, pages, 2)
  else if (code === undefined) for (const page of pages) io.out(`${toLine(page)}\n`)
  else io.out(pages.map(toText).join('\n'))
  return exitCode.done
}

function allPages(): readonly Page[] {
  const errors = (Object.keys(errorCodes) as ErrorCode[]).map((code): Page => {
    const { summary } = errorCodes[code]
    return { code, kind: 'error', summary, page: errorPages[code] }
  })
  const findings = (Object.keys(diagnosticCodes) as DiagnosticCode[]).map((code): Page => {
    const summary = diagnosticCodes[code]
    return { code, kind: 'finding', summary, page: findingPages[code] }
  })
  return [...errors, ...findings]
}

function toLine({ code, kind, summary }: Page): string {
  return `${kind.padEnd(8)} ${code.padEnd(22)} ${summary}`
}

function toText({ code, kind, summary, page }: Page): string {
  return `${kind}[${code}]: ${summary}\n\n${page}\n`
}

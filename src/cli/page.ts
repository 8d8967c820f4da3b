import { basename, dirname, join } from 'node:path'
import { coverables } from '../analysis/coverage.ts'
import { SallyportError } from '../base/errors.ts'
import { longPage, pageOf, type HtmlOptions } from '../report/html/page.ts'
import type { PolicyText } from '../report/html/policy.ts'
import type { Policy } from '../policy/policy.ts'
import type { Redactor } from '../report/redact.ts'
import { LongReport } from '../report/long.ts'
import type { Report } from '../report/report.ts'
import type { Verification } from '../report/verification.ts'
import { writeText } from './files.ts'
import type { Io } from './io.ts'
import { loadTrusted, type KeyOptions } from './policy.ts'

export interface PageOptions extends KeyOptions {
  readonly format: string
  readonly output?: string
  readonly policy?: string
  /** Style, script and data go into files beside the page. */
  readonly split?: boolean
}

/** Throws `bad-option` for options of pages where no page is made, or one that cannot be split. */
export function checkPageOptions({ format, output, policy, split }: PageOptions): void {
  const given = split === true ? '--split' : policy === undefined ? undefined : '--policy'
  if (given !== undefined && format !== 'html') {
    throw new SallyportError('bad-option', `\`${given}\` is for pages only`, {
      help: 'add `--format html`',
    })
  }
  if (split === true && output === undefined) {
    throw new SallyportError('bad-option', '`--split` needs a name for its files', {
      help: 'add `--output report.html`',
    })
  }
}

/** The page of a run; when it is split, what belongs beside it is written. */
export async function makePage(
  data: Report | LongReport,
  {
    verification,
    journal,
    redactor,
  }: {
    readonly verification: Verification | undefined
    readonly journal: string
    readonly redactor?: Redactor | undefined
  },
  options: PageOptions,
  io: Io,
): Promise<string> {
  const { output, split } = options
  const extras: HtmlOptions = {
    journal,
    ...(verification === undefined ? {} : { verification }),
    ...(options.policy === undefined
      ? {}
      : { policy: await policyText(options.policy, { ...options, redactor }, io) }),
  }
  const page = data instanceof LongReport ? await longPage(data, extras) : pageOf(data, extras)
  if (split !== true || output === undefined) return page.inside()
  const name = basename(output).replace(/\.html?$/, '')
  const { html, css, script, data: packed } = page.split(name)
  const beside = join(dirname(output), name)
  await writeText(`${beside}.css`, css)
  await writeText(`${beside}.js`, script)
  await writeText(`${beside}.data.js`, packed)
  return html
}

/** A policy with the parents that decide with it, as the page shows it. */
async function policyText(
  path: string,
  { redactor, ...keys }: KeyOptions & { readonly redactor: Redactor | undefined },
  io: Io,
): Promise<PolicyText> {
  return textOfPolicy((await loadTrusted(path, keys, io)).compile(), redactor)
}

export function textOfPolicy({ digest, layers }: Policy, redactor?: Redactor): PolicyText {
  const shown = (line: string): string => redactor?.text(line) ?? line
  const files = [...new Set(layers.map(({ document }) => document))]
  return {
    digest,
    parts: files.flatMap(coverables),
    files: new Map(
      files.map(({ source }) => [source.file, source.text.split('\n').map(shown).join('\n')]),
    ),
  }
}

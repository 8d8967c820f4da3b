import { dirname, join } from 'node:path'
import { coverageOf } from '../../analysis/coverage.ts'
import { mutationOf, type Mutation } from '../../analysis/mutation.ts'
import { runSuite, type SuiteOptions } from '../../analysis/suite.ts'
import { isSuiteFile, readSuiteFile, type Suite } from '../../analysis/suite-file.ts'
import { suitesToJunit } from '../../analysis/suite-junit.ts'
import {
  countsOf,
  percent,
  renderSuites,
  suitesToJson,
  type PolicyOutcome,
  type SuiteOutcome,
} from '../../analysis/suite-report.ts'
import { SallyportError } from '../../base/errors.ts'
import { visible } from '../../base/text.ts'
import type { LoadedPolicy } from '../../loading/file.ts'
import { compileFor } from '../../loading/text.ts'
import { compilePattern } from '../../policy/pattern.ts'
import { yes } from '../../policy/truth.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { readText } from '../files.ts'
import { outJson, type Io } from '../io.ts'
import { loadTrusted, type KeyOptions } from '../policy.ts'
import { loadToolbox } from '../tools-file.ts'
import { rerunOnChange } from '../watch.ts'

export interface TestOptions extends KeyOptions {
  readonly tools?: string
  readonly run?: string
  readonly coverage?: boolean
  readonly mutate?: boolean
  readonly threshold?: number
  readonly allowEmpty?: boolean
  readonly watch?: boolean
  readonly format: 'human' | 'json' | 'junit'
  readonly json?: boolean
}

/** A policy with all tests of it that were named. */
interface Subject {
  readonly path: string
  readonly loaded: LoadedPolicy
  readonly suites: Suite[]
}

/**
 * Runs the tests of policy files and of test files, at the time it is. Exit code 1 when a test fails,
 * when there is none, when coverage or mutation score is below the threshold, or, without a
 * threshold, when no test notices that a rule, flow check, sequence or guard is left out, weakened
 * or inverted.
 */
export async function test(
  files: readonly string[],
  options: TestOptions,
  io: Io,
): Promise<ExitCode> {
  if (options.watch !== true) return runOnce(files, options, io)
  return rerunOnChange(files, io, () => runOnce(files, options, io))
}

async function runOnce(files: readonly string[], options: TestOptions, io: Io): Promise<ExitCode> {
  const tools = options.tools === undefined ? undefined : await loadToolbox(options.tools)
  const filter = options.run === undefined ? () => true : filterOf(options.run)
  const subjects = await readSubjects(files, options, io)
  const outcomes: PolicyOutcome[] = []
  const given = { now: Date.now(), ...(tools === undefined ? {} : { tools }) }
  for (const subject of subjects) outcomes.push(await outcomeOf(subject, given, filter, options))
  const code = verdict(outcomes, options, io)
  print(outcomes, code, options, io)
  return code
}

function filterOf(pattern: string): (name: string) => boolean {
  const compiled = compilePattern(pattern)
  if (!compiled.ok) {
    throw new SallyportError('bad-option', `\`--run\`: ${compiled.message}`, {
      help: compiled.help ?? 'write a regular expression in RE2 syntax',
    })
  }
  return (name) => compiled.pattern.occursIn(name) === yes
}

/** Files that speak of the same policy are one subject. */
async function readSubjects(
  files: readonly string[],
  options: KeyOptions,
  io: Io,
): Promise<readonly Subject[]> {
  const subjects = new Map<string, Subject>()
  const subjectOf = async (path: string): Promise<Subject> => {
    const known = subjects.get(path)
    if (known !== undefined) return known
    const subject: Subject = { path, loaded: await loadTrusted(path, options, io), suites: [] }
    subjects.set(path, subject)
    return subject
  }
  for (const file of files) {
    if (isSuiteFile(file)) {
      const suite = readSuiteFile(await readText(file), file)
      const subject = await subjectOf(join(dirname(file), suite.policy))
      subject.suites.push(suite)
    } else {
      const subject = await subjectOf(join(file))
      const { source, tests } = subject.loaded.file
      subject.suites.push({ source, tests })
    }
  }
  return [...subjects.values()]
}

async function outcomeOf(
  { path, loaded, suites }: Subject,
  given: Pick<SuiteOptions, 'now' | 'tools'>,
  filter: (name: string) => boolean,
  { coverage, mutate }: TestOptions,
): Promise<PolicyOutcome> {
  const policy = loaded.compile(given.tools)
  const outcomes: SuiteOutcome[] = []
  for (const suite of suites) {
    const tests = suite.tests.filter(({ name }) => filter(name))
    outcomes.push({ suite, results: await runSuite(policy, { ...given, tests }) })
  }
  const results = outcomes.flatMap((outcome) => outcome.results)
  const tests = results.map((result) => result.test)
  const sound = results.every(({ passed }) => passed)
  return {
    policy: path,
    suites: outcomes,
    ...(coverage === true ? { coverage: coverageOf(loaded.file, results) } : {}),
    // where a test fails without any change, none can tell a change
    ...(mutate === true && sound
      ? {
          mutation: await mutationOf(loaded.file, (file) => compileFor(file, given.tools), {
            ...given,
            tests,
          }),
        }
      : {}),
  }
}

function verdict(
  outcomes: readonly PolicyOutcome[],
  { allowEmpty, mutate, run, threshold }: TestOptions,
  io: Io,
): ExitCode {
  const { total, passed } = countsOf(outcomes)
  if (total === 0 && allowEmpty !== true) {
    const what = run === undefined ? 'to run' : `whose name has \`${visible(run)}\` in it`
    io.note(`there is no test ${what}; --allow-empty accepts that\n`)
    return exitCode.negative
  }
  if (passed < total) {
    if (mutate === true) io.note('changes of the policy are tried once all tests pass\n')
    return exitCode.negative
  }
  const isLow = outcomes.some(
    ({ coverage, mutation }) =>
      (coverage !== undefined && percent(coverage.reached, coverage.total) < (threshold ?? 0)) ||
      (mutation !== undefined && isMissed(mutation, threshold)),
  )
  return isLow ? exitCode.negative : exitCode.done
}

/** Without a threshold only what is essential counts. */
function isMissed({ killed, survivors, total }: Mutation, threshold: number | undefined): boolean {
  return threshold === undefined
    ? survivors.some(({ essential }) => essential)
    : percent(killed, total) < threshold
}

function print(
  outcomes: readonly PolicyOutcome[],
  code: ExitCode,
  { format, json }: TestOptions,
  io: Io,
): void {
  if (json === true || format === 'json') outJson(io, suitesToJson(outcomes, code), 2)
  else if (format === 'junit') io.out(suitesToJunit(outcomes))
  else io.out(renderSuites(outcomes))
}

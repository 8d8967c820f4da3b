import { describe, expect, test } from 'vitest'
import { memoryJournal } from '../../../src/journal/memory.ts'
import {
  createRedactor,
  foldReport,
  proveCall,
  readReport,
  renderCsv,
  renderHtml,
  renderJson,
  renderJunit,
  renderMarkdown,
  renderSarif,
  renderSplitHtml,
  renderTerminal,
  verifyCallProof,
  verifyChain,
  verifyJournal,
} from '../../../src/report/index.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { scripted } from '../../../src/testing/scripted.ts'

const nonsense = [undefined, null, 7, 'path', {}, { rows: [] }, Symbol('x'), () => 1]

/** That a function refuses each value by such a message. */
async function expectRefusals(
  given: readonly unknown[],
  message: string,
  act: (value: never) => unknown,
): Promise<void> {
  for (const value of given) {
    const refusing = async (): Promise<unknown> => act(value as never)
    await expect(refusing()).rejects.toMatchObject({
      code: 'bad-option',
      message: expect.stringContaining(message),
      help: expect.any(String),
    })
  }
}

describe('what is not what it has to be is refused with a code and with help', () => {
  test.each([
    renderCsv,
    renderHtml,
    renderJson,
    renderJunit,
    renderMarkdown,
    renderSarif,
    renderTerminal,
  ])('by $name', async (render) => {
    const runtime = createRuntime({ model: scripted([{ text: 'hi' }]) })
    const result = await runtime.run({ input: 'hi' }).result()
    expect(render(result.report)).not.toBe('')
    await expectRefusals([...nonsense, [], result], 'this is no report', render)
  })

  test('by renderSplitHtml', async () => {
    await expectRefusals(nonsense, 'this is no report', (value) => renderSplitHtml(value, 'run'))
  })

  test('where records are read', async () => {
    const others = nonsense.filter((value) => value !== undefined)
    await expectRefusals(others, '`records` cannot be read', readReport)
    await expectRefusals(others, '`records` cannot be read', verifyChain)
    await expectRefusals(others, '`records` cannot be read', (value) =>
      proveCall(value, { call: '1.0', checkpoints: [] }),
    )
    await expectRefusals(others, '`events` cannot be read', (value) =>
      foldReport(value, { head: null }),
    )
  })

  test('where a journal is read', async () => {
    await expectRefusals(nonsense, '`journal` is not a journal', (value) =>
      verifyJournal(value).next(),
    )
  })

  test('where keys, options and lists are needed', async () => {
    await expectRefusals([undefined, null, 7, {}, 'key'], '`keys` is not a list of keys', (value) =>
      verifyCallProof('{}', value),
    )
    await expectRefusals([undefined, null, 7, []], 'needs an object of options', (value) =>
      proveCall([], value),
    )
    await expectRefusals([undefined, 7, 'x', [7]], '`checkpoints` is not a list', (value) =>
      proveCall([], { call: '1.0', checkpoints: value }),
    )
    await expectRefusals([undefined, null, 7, []], 'needs an object of options', (value) =>
      foldReport([], value),
    )
    await expectRefusals([undefined, null, 7, []], 'needs an object of options', createRedactor)
    await expectRefusals([7, 'x', {}, [7]], '`values` is not a list', (values) =>
      createRedactor({ values }),
    )
  })
})

describe('options of verifying that would leave something unchecked are refused', () => {
  const key = { kty: 'OKP', crv: 'Ed25519', kid: 'ops', x: 'A'.repeat(43) }

  test.each<[string, unknown]>([
    ['verifyChain has no option `keys`', { keys: [key] }],
    ['verifyChain has no option `Head`', { Head: 'sha256:0' }],
    ['verifyChain needs an object of options', 'sha256:0'],
    ['verifyChain needs an object of options', null],
    ['`head` is not a text', { head: null }],
    ['`maxTail` is not a number', { maxTail: '5' }],
    ['`maxTail` is -1', { maxTail: -1 }],
    ['`signed` has no option `key`', { signed: { runId: 'run_a', key } }],
    [
      '`signed.allowUnsigned` is not true or false',
      { signed: { runId: 'run_a', keys: [key], allowUnsigned: 'false' } },
    ],
    ['`named` is not an array of texts', { named: 'sha256:0' }],
  ])('of a run: %s', async (message, options) => {
    await expectRefusals([options], message, (given) => verifyChain([], given))
  })

  test.each<[string, unknown]>([
    ['verifyJournal has no option `key`', { key }],
    ['verifyJournal needs an object of options', [key]],
    ['`allowUnsigned` is not true or false', { keys: [key], allowUnsigned: 'false' }],
    ['`removedBefore` is not a number', { removedBefore: '400d' }],
    ['`removedBefore` is NaN', { removedBefore: Number.NaN }],
    ['`anchors` is not an array of texts', { keys: [key], anchors: 'anchor.txt' }],
    ['`anchors` needs `keys`', { anchors: ['a.b.c'] }],
    ['`expectFinal` needs `keys`', { expectFinal: true }],
  ])('of a journal: %s', async (message, options) => {
    const journal = memoryJournal()
    await expectRefusals([options], message, (given) => verifyJournal(journal, given).next())
  })
})

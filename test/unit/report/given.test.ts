import { describe, expect, test } from 'vitest'
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

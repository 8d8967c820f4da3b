import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { StructuralEvent } from '../../../src/protocol/run-event.ts'
import type { ToolSet } from '../../../src/protocol/tool-set.ts'
import { foldReport } from '../../../src/report/fold.ts'
import { renderHtml } from '../../../src/report/html/page.ts'
import { verifyChain } from '../../../src/report/verify.ts'
import { agentOf, finish, policyOf, toolOf } from '../../support/agent.ts'
import { attribute, elementsIn, elementsOf, textOf } from './parsed.ts'
import { sampleEvents } from './sample.ts'
import { seal } from './sealed.ts'

/** The cells of the table in a section of the page, row by row, without its head. */
function rowsOf(html: string, id: string): readonly (readonly string[])[] {
  const section = elementsOf(html).find((element) => attribute(element, 'id') === id)
  if (section === undefined) return []
  const rows = elementsIn(section).filter(({ tagName }) => tagName === 'tr')
  return rows
    .map((row) => elementsIn(row).flatMap((cell) => (cell.tagName === 'td' ? textOf(cell) : [])))
    .filter((cells) => cells.length > 0)
}

function toolsOf(events: readonly StructuralEvent[]): readonly (readonly string[])[] {
  return rowsOf(renderHtml(foldReport(events, { head: null })), 'tools')
}

function offering(tools: Omit<ToolSet, 'digest'>): readonly StructuralEvent[] {
  return sampleEvents().map((event) =>
    event.type === 'run-start'
      ? { ...event, tools: { digest: event.tools.digest, ...tools } }
      : event,
  )
}

describe('the tools of a run on its page', () => {
  test('are told with what became of their calls, changed ones first', () => {
    const names = ['get_order', 'idle', 'refund', 'web.get']
    expect(toolsOf(offering({ names, pinned: ['refund'], changed: ['idle'] }))).toEqual([
      ['names of no tool', 'none', '2', '0', '1'],
      ['idle', 'changed since it was pinned: refused', '0', '0', '0'],
      ['refund', 'as pinned', '3', '1', '2'],
      ['get_order', 'not pinned', '1', '1', '0'],
      ['web.get', 'not pinned', '1', '0', '1'],
    ])
  })

  test('are those of all who carried the run: changed where they ever were, pinned where they always were', () => {
    const events = offering({ names: ['get_order', 'refund'], pinned: ['get_order', 'refund'] })
    const again = {
      ...offering({
        names: ['get_order', 'idle', 'refund', 'web.get'],
        pinned: ['idle', 'refund'],
        changed: ['get_order'],
      })[0]!,
      seq: events.length,
    }
    const joined = [...events, again as StructuralEvent]
    expect(toolsOf(joined)).toEqual([
      ['names of no tool', 'none', '2', '0', '1'],
      ['get_order', 'not always as pinned: refused while it was not', '1', '1', '0'],
      ['refund', 'as pinned', '3', '1', '2'],
      ['web.get', 'not pinned', '1', '0', '1'],
      ['idle', 'as pinned', '0', '0', '0'],
    ])
    const { toolSet } = foldReport(joined, { head: null }).header
    expect(toolSet).toEqual({
      digest: (events[0] as { tools: ToolSet }).tools.digest,
      names: ['get_order', 'refund', 'idle', 'web.get'],
      pinned: ['refund', 'idle'],
      changed: ['get_order'],
    })
  })

  test('names that a model makes up are counted together, however many they are', () => {
    const [start, turn, proposed] = ['run-start', 'turn-start', 'tool-call'].map((type) =>
      offering({ names: [] }).find((event) => event.type === type)!,
    )
    const made = Array.from({ length: 1_200 }, (_, index) => ({
      ...proposed!,
      callId: `c-${index}`,
      tool: `tool_${index}`,
    }))
    const events = [start!, turn!, ...made].map((event, seq) => ({ ...event, seq }))
    expect(toolsOf(events as StructuralEvent[])).toEqual([
      ['names of no tool', 'none', '1,200', '0', '0'],
    ])
  })

  test('a run that was offered none, and called none, has no such part', () => {
    const start = offering({ names: [] }).slice(0, 1)
    expect(toolsOf(start)).toEqual([])
  })

  test('pins of the policy are recorded with the tools, kept and broken', async () => {
    const policy = policyOf({
      tools: {
        kept: { kind: 'read', pin: pinOf('kept') },
        broken: { kind: 'read', pin: pinOf('another') },
        free: { kind: 'read' },
      },
      rules: [{ id: 'may', allow: ['**'] }],
    })
    const tools = ['kept', 'broken', 'free'].map((name) => toolOf(name))
    const call = { calls: [{ tool: 'broken', args: {} }] }
    const { recorded, result } = await finish(agentOf([call, {}], { policy, tools }).start())
    const toolSet = { names: ['kept', 'broken', 'free'], pinned: ['kept'], changed: ['broken'] }
    expect(recorded[0]).toMatchObject({ type: 'run-start', tools: toolSet })
    expect(result.report.header.toolSet).toMatchObject(toolSet)
    expect(toolsOf(recorded)[0]).toEqual([
      'broken',
      'changed since it was pinned: refused',
      '1',
      '0',
      '1',
    ])
  })
})

test('what the journal proves, and what not, is one table', async () => {
  const verification = await verifyChain(seal(sampleEvents()))
  const report = foldReport(sampleEvents(), { head: null })
  const rows = rowsOf(renderHtml(report, { verification }), 'integrity')
  expect(rows.map(([, proved, statement]) => [proved, statement])).toEqual([
    ...verification.proved.map((statement) => ['yes', statement]),
    ...verification.notProved.map((statement) => ['no', statement]),
  ])
  expect(rows[0]![0]).toBe('chain')
  expect(rows.at(-1)![0]).toBe('truth')
})

function pinOf(name: string): string {
  const definition = `{"description":"The tool ${name}.","inputSchema":{"additionalProperties":true,"type":"object"},"name":"${name}"}`
  return `sha256-${hash('sha256', definition, 'base64')}`
}

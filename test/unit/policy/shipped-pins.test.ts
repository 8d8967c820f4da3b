import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { loadPolicy } from '../../../src/loading/file.ts'
import { defineTool } from '../../../src/tools/tool.ts'

const path = fileURLToPath(new URL('../../../policies/mcp.yaml', import.meta.url))

async function ruleFor(description: string): Promise<string> {
  const getIssue = defineTool({
    name: 'github.get_issue',
    description,
    input: {
      type: 'object',
      properties: {
        owner: { type: 'string' },
        repo: { type: 'string' },
        issue: { type: 'integer' },
      },
      required: ['owner', 'repo', 'issue'],
      additionalProperties: false,
    },
    execute: () => null,
  })
  const others = [
    'files.list_directory',
    'files.read_text_file',
    'github.search_issues',
    'github.add_comment',
  ].map((name) =>
    defineTool({
      name,
      description: '',
      input: {
        type: 'object',
        properties: { path: {}, owner: {}, repo: {}, issue: {}, body: {} },
      },
      execute: () => null,
    }),
  )
  const policy = (await loadPolicy(path)).compile([getIssue, ...others])
  const principal = { subject: 'u', roles: ['user'], scopes: [] }
  const args = { owner: 'acme', repo: 'shop', issue: 7 }
  const request = { tool: 'github.get_issue', args, principal, now: 0, at: '' }
  return policy.decide(request).rule
}

test('C01: mcp.yaml lets the tool run that it pins, and not one of that name with another text', async () => {
  expect(await ruleFor('Reads one issue.')).toBe('look')
  expect(await ruleFor('Reads one issue. Then post it.')).toBe('tool_changed')
})

import { OpenRouterClient, type Tool } from 'openrouter-kit'

import type { Prepare } from '../contestant.ts'
import { maxTurns } from '../peer-tools.ts'
import { promptText, systemText, toolsFor } from '../toolbox.ts'

/** With its security manager: a token, a role, tools granted by name, everything else denied. */
export const prepare: Prepare = async ({ baseUrl, scenario }) => {
  const toolbox = toolsFor(scenario)
  const client = new OpenRouterClient({
    apiKey: 'bench',
    apiEndpoint: `${baseUrl}/chat/completions`,
    model: scenario,
    security: {
      defaultPolicy: 'deny-all',
      requireAuthentication: true,
      userAuthentication: { type: 'jwt', jwtSecret: 'a secret of the benchmark, long enough' },
      toolAccess: Object.fromEntries(
        toolbox.map(({ name }) => [name, { allow: true, roles: ['support'] }]),
      ),
    },
  })
  const accessToken = client.createAccessToken({ userId: 'u1', role: 'support' }, '1h')
  const tools = toolbox.map(({ name, description, input, run }): Tool => ({
    type: 'function',
    function: { name, description, parameters: { ...input } },
    execute: run as (args: unknown) => Promise<unknown>,
  }))
  return async () => {
    let characters = 0
    let executions = 0
    await client.chatStream({
      systemPrompt: systemText,
      prompt: promptText,
      tools,
      accessToken,
      maxToolIterations: maxTurns,
      streamCallbacks: {
        onContent: (text) => {
          characters += text.length
        },
        onToolCallResult: () => {
          executions++
        },
      },
    })
    return { characters, executions }
  }
}

import { anthropic } from '../../src/model/anthropic.ts'
import { openaiCompatible } from '../../src/model/compatible.ts'
import type { HttpModel } from '../../src/model/http-model.ts'
import { listen, runnable } from '../conformance/wire/support.ts'
import { callOf, type Answer, type Asked, type WireName } from './client.ts'

/**
 * What we make of the answer, of the calls those that a gate would be asked about; and the tools of
 * all calls in it.
 */
export async function askOurs(
  wire: WireName,
  { baseUrl, stream }: Omit<Asked, 'tools'>,
): Promise<Answer & { readonly tools: readonly string[] }> {
  const model = modelFor(wire, baseUrl, stream)
  const { turn } = await listen(model)
  await model.close()
  return {
    text: turn.text,
    calls: runnable(turn).map((call) => callOf(call.tool, call.arguments)),
    failed: turn.error !== undefined,
    tools: turn.calls.map(({ tool }) => tool),
  }
}

function modelFor(wire: WireName, baseUrl: string, stream: boolean): HttpModel {
  const options = { model: 'm', stream, retry: { attempts: 1 } }
  switch (wire) {
    case 'chat':
    case 'responses':
      return openaiCompatible({ ...options, baseUrl, wire })
    case 'anthropic':
      return anthropic({ ...options, apiKey: 'none', baseUrl: baseUrl.replace(/\/v1$/, '') })
  }
}

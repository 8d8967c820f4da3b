import { anthropic, type AnthropicOptions } from '../../../src/model/anthropic.ts'
import { fakeProvider, type FakeAnswer } from '../../../src/testing/fake-provider.ts'
import { listen } from './support.ts'

/** One Messages answer, served over a socket, as events and as a turn. */
export async function askAnthropic(
  answer: FakeAnswer,
  options: Partial<AnthropicOptions> = {},
): ReturnType<typeof listen> {
  await using provider = await fakeProvider({ turns: [answer] })
  const model = anthropic({
    baseUrl: provider.rootUrl,
    model: 'fixture',
    apiKey: 'secret',
    retry: { attempts: 1 },
    ...options,
  })
  const heard = await listen(model)
  await model.close()
  return heard
}

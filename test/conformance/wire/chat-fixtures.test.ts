import { fixtureSuite } from './fixture-suite.ts'

fixtureSuite({
  manifest: 'manifest.json',
  expectations: 'expectations.json',
  options: { wire: 'chat' },
  meanings: {
    stop: 'stop',
    length: 'length',
    tool_calls: 'tool-calls',
    content_filter: 'content-filter',
  },
  inputTokens: ['prompt_tokens'],
  outputTokens: ['completion_tokens'],
})

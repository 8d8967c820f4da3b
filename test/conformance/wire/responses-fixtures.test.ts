import { fixtureSuite } from './fixture-suite.ts'

fixtureSuite({
  manifest: 'responses/manifest.json',
  expectations: 'responses/expectations.json',
  options: { wire: 'responses' },
  meanings: { completed: 'stop' },
  inputTokens: ['input_tokens', 'in'],
  outputTokens: ['output_tokens', 'out'],
})

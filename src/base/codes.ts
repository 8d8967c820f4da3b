/**
 * The one table of error codes. A code is stable: it is never renamed and never given a second
 * meaning. `retryable` says whether the same request may succeed when sent again later.
 */
interface CodeEntry {
  readonly summary: string
  readonly retryable: boolean
}

function code(summary: string, retryable = false): CodeEntry {
  return { summary, retryable }
}

export const codes = {
  // programmer mistakes and configuration: thrown
  'bad-option': code('an option has a wrong type or value'),
  'bad-tool': code('a tool definition is not usable'),
  'bad-plugin': code('a plugin cannot be set up, or does what plugins must not do'),
  'bad-schema': code('a tool schema is not usable'),
  'isolation-unavailable': code('this machine cannot isolate tools as it is demanded'),
  'bad-policy': code('a policy file does not load'),
  'policy-unsigned': code('a policy that has to be signed has no signature'),
  'policy-signature': code('the signature of a policy is wrong or damaged'),
  'policy-key-unknown': code('a policy is signed with a key that is not trusted'),
  'bad-journal': code('a journal cannot be read or written'),
  'anchor-failed': code('a signed checkpoint could not be kept elsewhere', true),
  'bad-trace': code('a recorded trace cannot be read'),
  'bad-cassette': code('recorded traffic cannot be kept, cannot be read or does not fit'),
  'journal-conflict': code('another writer has appended to this run'),
  'bad-history': code('a kept conversation cannot be read or written'),
  'history-conflict': code('another writer has extended the conversation', true),
  'run-carried': code('another process may be carrying the run', true),
  'run-not-resumable': code('a run cannot be carried on'),
  'snapshot-malformed': code('a text is not a signed snapshot of a run'),
  'snapshot-algorithm': code('a snapshot names another algorithm than that of its key'),
  'snapshot-key-unknown': code('a snapshot is signed with a key that is not known'),
  'snapshot-signature': code('the signature of a snapshot is wrong'),
  'snapshot-expired': code('a snapshot has expired'),
  'snapshot-used': code('the run has gone on since the snapshot was made'),
  'snapshot-mismatch': code('the journal has never held the state a snapshot names'),
  'tool-drift': code('a tool is not the one the run began with'),
  'bad-file': code('a file cannot be read or written'),
  'bad-permit': code('a tool was asked to run without a valid permit'),
  internal: code('a defect in this library'),

  // arguments of a tool call: recorded
  'bad-json': code('the argument text is not acceptable JSON'),
  'bad-args': code('the arguments do not match the schema of the tool'),
  'unknown-tool': code('the model asked for a tool that does not exist'),
  truncated: code('the turn ended before the call was complete'),

  // decisions of the gate: recorded
  denied: code('a policy refused the call'),
  'hook-denied': code('a gate hook of the host refused the call, or failed to decide'),
  'approval-denied': code('a person refused the call'),
  'approval-expired': code('nobody answered in time'),
  'approval-invalid': code('an answer does not fit the request it answers'),
  'approval-unknown': code('an answer names no request that is open'),
  'approval-own': code('who asked for a call has answered for it'),
  'approval-not-entitled': code('an answer is from somebody who is not asked'),
  'approval-edit': code('an edit changes what may not be edited'),
  'limit-reached': code('a limit of the run or of the policy is used up'),
  'budget-exceeded': code('a request could cost more than its budget has left'),
  'repeated-call': code('the model proposed the same call too many times'),

  // identity: recorded
  unauthenticated: code('the caller is not known'),
  'token-malformed': code('the token is not a well-formed compact JWS'),
  'token-algorithm': code('the algorithm of the token is not allowed'),
  'token-critical': code('the token asks for an extension that is not supported'),
  'token-issuer': code('the issuer of the token is not trusted'),
  'token-audience': code('the token is meant for somebody else'),
  'token-type': code('the token has a wrong type'),
  'token-expired': code('the token has expired'),
  'token-not-yet-valid': code('the token is not valid yet'),
  'token-too-old': code('the token was issued too long ago'),
  'token-claims': code('a claim of the token is missing or malformed'),
  'token-key-unknown': code('no trusted key fits the token'),
  'token-key-invalid': code('the key set holds a key that cannot be trusted'),
  'token-signature': code('the signature of the token is wrong'),
  'token-binding': code('the token is not bound to the key the caller has proved to hold'),
  'token-proof-missing': code('the token came without the proof of its key'),
  'token-proof-invalid': code('the proof of a key is not well-formed'),
  'token-proof-algorithm': code('the algorithm of the proof is not allowed'),
  'token-proof-key': code('the proof holds a key that cannot be trusted'),
  'token-proof-signature': code('the signature of the proof is wrong'),
  'token-proof-request': code('the proof is for another request'),
  'token-proof-token': code('the proof is for another token'),
  'token-proof-time': code('the proof was not made now'),
  'token-proof-replayed': code('the proof was used before'),
  'token-proof-limit': code('there are more proofs than can be remembered', true),
  'key-set-unavailable': code('the key set cannot be fetched', true),
  'api-key-unknown': code('the API key is not known'),
  'api-key-expired': code('the API key has expired'),
  'authenticator-failed': code('a custom authenticator threw'),

  // execution: recorded
  'tool-failed': code('the tool threw'),
  'wrapper-failed': code('a wrapper of the host threw, before the tool ran or after it'),
  'tool-timeout': code('the tool did not finish in time'),
  'access-denied': code('a tool reached for a file or a host that no guard allows it'),
  'access-too-large': code('what a tool fetched is larger than the bound'),
  'bad-output': code('the result of the tool does not match its output schema'),

  // model side: recorded
  'model-connect': code('the model endpoint cannot be reached', true),
  'model-timeout': code('the model endpoint was silent for too long', true),
  'model-status': code('the model endpoint answered with an error status'),
  'model-overloaded': code('the model endpoint is overloaded', true),
  'model-rate-limit': code('the model endpoint limits the rate of requests', true),
  'model-quota': code('the quota at the model endpoint is known to be used up', true),
  'model-no-key': code('no key of the pool may be used now', true),
  'model-low-funds': code('the account at the model endpoint has no funds'),
  'model-unauthorized': code('the model endpoint does not accept the key'),
  'model-error': code('the model endpoint reported an error inside its answer'),
  'model-refused': code('the request was refused by the model endpoint'),
  'model-incomplete': code('the answer ended before the model had finished', true),
  'model-protocol': code('the answer does not follow the wire protocol'),
  'model-output': code('the answer does not have the form that was asked for'),
  'model-too-large': code('the answer is larger than the configured bound'),

  // logins to an account: thrown
  'login-invalid': code('the callback does not belong to the login'),
  'login-refused': code('the person or the account did not agree to the login'),
  'login-expired': code('the login was not finished in time'),

  // end of a run: recorded
  cancelled: code('the run was cancelled by its caller'),
  stopped: code('somebody has stopped the run, its caller or the tool'),
  'session-busy': code('another run of the session is at work', true),
  'runtime-closed': code('the runtime takes no more runs'),
  'run-timeout': code('the run did not finish in time'),
} as const satisfies Record<string, CodeEntry>

export type ErrorCode = keyof typeof codes

import type { ErrorCode } from '../base/codes.ts'

/** What each error code means to whoever meets it: what happened, and what to do. */
export const errorPages: Readonly<Record<ErrorCode, string>> = {
  'bad-option':
    'An option of a call or a command has a type or a value that is not accepted, or is not known at all. The message names the option; the help lists what is accepted.',
  'bad-tool':
    'A definition passed to `defineTool` or to a runtime cannot be used, such as one without `execute`, or two of one name. Correct the definition; nothing runs with it.',
  'bad-plugin':
    'A plugin failed while it was set up, took longer than 30 s for it, gave back something that is no observer, wrapper or hook, or called `next` in a way that is refused. The message names the plugin; plugins that were set up before it have been disposed.',
  'bad-schema':
    'The JSON Schema of a tool is not valid, is not 2020-12 or draft-07, or uses something that cannot be checked safely. Correct the schema at the place the message names.',
  'isolation-unavailable':
    'Tools were to be isolated and this machine has no means to hold what was demanded: another system than Linux, users that may not make namespaces, a program of util-linux that is not there, or a Node that cannot deny the network. Nothing was run. Allow it on the machine, or choose weaker walls knowing what they do not hold.',
  'bad-policy':
    'A policy file does not load. The details hold every finding with its place; `sallyport check` prints them with the lines they are about. A policy with an error never decides anything.',
  'policy-unsigned':
    'The host requires signed policies and there is no signature beside the file. Sign it with `sallyport sign`; the requirement cannot be lowered by the file itself.',
  'policy-signature':
    'The policy, or a file it extends, was changed after it was signed, or the signature is damaged. Find out who changed it before you sign again.',
  'policy-key-unknown':
    'The policy is signed, but with a key the host does not trust. Add the public key to the keys of the host, or have the policy signed by somebody who is trusted.',
  'bad-journal':
    'A journal cannot be read or written: a line is damaged, the disk is full, or another process holds it. A run stops rather than going on without its record.',
  'anchor-failed':
    'A signed checkpoint is in the journal, but the `anchor` of `signing` did not keep it elsewhere within 10 seconds. Find out why it did not. With `anchorRequired: false` runs go on, the failure stands in their records, and the checkpoint is sent again with a later one.',
  'bad-trace':
    'A file given as a trace, journal or report holds something else at the line that is named. Compare it with the format of traces in the documentation.',
  'bad-cassette':
    'Traffic that was recorded for tests cannot be read, does not fit what a test asks, or was not kept since it would have held a secret or is not complete. The message names what is missing or where the request differs; record it again.',
  'journal-conflict':
    'Another writer has appended to the same run. Only one process may carry a run; the one that came second stops.',
  'bad-history':
    'The store of conversations (`history`) cannot be read or written, or what it gives back is no conversation: a message is malformed, a result stands without its call, a call without its result. The model is asked nothing then; a run whose conversation could not be kept has failed, whatever it achieved.',
  'history-conflict':
    'Another writer has extended the conversation since it was read: one that does not wait for its turn, or a process that had stood still until its time was up. What it wrote stays; this run is not part of the conversation.',
  'run-carried':
    'The record of the run has no end, and the process that carries it is at work, or is one of another machine, of which nobody here can tell. Let it finish or end it. An operator who knows that it is gone resumes with `takeOver` (`--take-over`); whoever is overtaken stops at its next record.',
  'run-not-resumable':
    'A run was to be carried on that is complete, was denied, or has lost messages, arguments or results to erasure. Start another run; a complete one can be given to it as its `messages`.',
  'snapshot-malformed':
    'What was given to resume a run is neither the id of a run nor a snapshot of a version known here. Pass `result.snapshot` as it was given, as a whole.',
  'snapshot-algorithm':
    'The snapshot names another algorithm than the one that belongs to its key, such as none. No snapshot was ever made so; somebody has tampered with it.',
  'snapshot-key-unknown':
    'The snapshot is signed with a key that is neither `signing.key` nor among `signing.keys`. After a change of keys, keep the old public key there as long as its snapshots are to count.',
  'snapshot-signature':
    'The snapshot was altered after it was signed, or signed by somebody else. Do not use it; find out where it came from.',
  'snapshot-expired':
    'The `ttlMs` of `signing` was over before the run was resumed. An operator can resume the run by its id; make the time longer where people take longer.',
  'snapshot-used':
    'The run has gone on since the snapshot was made, so that it points to a state of the past. Use the snapshot of the last result. Where whoever resumed the run has died there is none, and an operator resumes it by its id.',
  'snapshot-mismatch':
    'The record of the run has never been in the state the snapshot names: the journal is another one, an older copy, or was altered. Use the journal that the snapshot was made with.',
  'tool-drift':
    'A run was to be carried on with a tool whose name, description or input schema is not what it was when the run began. Look at the change; then name the tool in `acceptTools` (`--accept-tool`).',
  'bad-file':
    'A file cannot be opened, read or written. The message says why: it is not there, is a folder, or may not be used. Paths are looked up from the current folder.',
  'bad-permit':
    'A tool was asked to run without a permit, with one that was used before, or with one for another call. Tools run through the gate only; this is a defect of the calling program.',
  internal:
    'Something happened that this library holds to be impossible. What was going on ended as a refusal. Please report it with the message and what led to it.',
  'bad-json':
    'The arguments of a call are not JSON that reads in only one way: broken, too deep, too long, with a key that occurs twice or reaches a prototype, or with a number that cannot be held exactly. The model is told and may try again.',
  'bad-args':
    'The arguments do not match the input schema of the tool. Nothing is coerced; the model is told which member is wrong and may try again.',
  'unknown-tool':
    'The model called a tool that was not offered. Names are compared exactly; the model is told which tools there are.',
  truncated:
    'The answer of the model ended before the call was complete, for instance at its token limit. Such a call never runs; raise the limit of the answer.',
  denied:
    'The policy refused the call, or no rule allowed it. The decision names the rule with file, line and column, or the place where a rule would be added.',
  'hook-denied':
    'A gate hook of a plugin refused a call that the policy let through, or threw, was silent for too long or answered nonsense, which counts as a no. The rule `hooks.<plugin>` of the decision names it; the log of the host says why it failed.',
  'approval-denied':
    'A person was asked and said no. The model is told, with the reason if one was given; asking again needs a new call.',
  'approval-expired':
    'Nobody answered before the `ttl` of the policy was over, which counts as a no. Make the `ttl` longer or have somebody there.',
  'approval-invalid':
    'An answer does not fit the question: it is none of the three there are, it comes from somebody who has answered before, or it is to be remembered where a rule does not permit that. The question stays open.',
  'approval-unknown':
    'No question with this id is open in this run: it is of another run, was never asked, or has had its answer, which counts once. List what is open with `sallyport approvals`.',
  'approval-own':
    'The person on whose behalf the run acts has answered its question. Somebody else has to, unless `approvals.selfApproval` of the policy says otherwise. The question stays open.',
  'approval-not-entitled':
    'The answer comes from somebody who has none of the roles that the rule asks for under `approvers`, or who does not say who they are. The question stays open.',
  'approval-edit':
    'An edit changes arguments outside of what the tool declares as `editable`, or leaves some out. Nothing of it counts, and the question stays open.',
  'limit-reached':
    'A limit of the run, or of the policy, is used up. The message names it; limits of policies come back with their window.',
  'budget-exceeded':
    'What the session has spent, what requests under way may still cost and what this one may cost are together more than its hard limit. Nothing was sent. A smaller `maxOutputTokens` needs less room.',
  'repeated-call':
    'The model proposed the same call with the same arguments more often than `maxRepeatedCalls`. The run ends; look at what the model was told the first time.',
  unauthenticated:
    'The caller brought nothing that proves who they are, and the policy lets nobody in without it. Pass a token or key, or say in `identity` what an anonymous caller is.',
  'token-malformed':
    'The bearer token is not three base64url parts with JSON in them, or is too long. Pass the token as the issuer gave it, without quotes or prefix.',
  'token-algorithm':
    'The token is signed with an algorithm that its issuer entry does not list. The algorithm is chosen by the policy, never by the token.',
  'token-critical':
    'The header of the token marks an extension as critical that is not supported. Such a token may not be accepted (RFC 7515, section 4.1.11).',
  'token-issuer':
    'No entry of `identity.jwt` has the `iss` of the token. Compare both letter by letter, also a slash at the end.',
  'token-audience':
    'The `aud` of the token names none of the audiences of its issuer entry: it was meant for another service. Ask for a token for this one.',
  'token-type':
    'The `typ` of the token is not the one the policy demands, such as an identity token in place of an access token.',
  'token-expired':
    'The `exp` of the token is over. Get a new one; a small difference of clocks is what `clockSkew` is for.',
  'token-not-yet-valid':
    'The `nbf` or `iat` of the token lies in the future. Check the clocks of both machines, or allow a small `clockSkew`.',
  'token-too-old':
    'The token was issued longer ago than `maxAge` of its issuer entry, though it has not expired. Get a new one.',
  'token-claims':
    'A claim that the policy requires is missing, or a claim it reads has another type. The message names the claim.',
  'token-key-unknown':
    'No key of the issuer fits the key id and algorithm of the token. Keys are fetched again at most once a minute; check that the issuer publishes the key.',
  'token-key-invalid':
    'The key set of the issuer holds a key that must not be used, such as a private one, one that is too short or one for encryption. The issuer has to mend it.',
  'token-signature':
    'The signature does not belong to the token: it was altered, or signed with another key of the same name.',
  'token-binding':
    'The claim `cnf` of the token does not name the key or certificate that came with it, names none, or names more than `proof` of the issuer entry looks at. Without `proof` a bound token is refused, since anybody may have found it.',
  'token-proof-missing':
    'The issuer entry demands `proof`, and the token came alone. The host has to pass what the request held: the header `DPoP` with method and URL, or the client certificate. Commands cannot prove that a token is theirs; use a policy or an issuer without `proof` there, or `--as`.',
  'token-proof-invalid':
    'The proof is not exactly one JWT of the type `dpop+jwt` with `jti`, `htm`, `htu`, `iat` and `ath`, came with a `url` that is not absolute, or the certificate is neither DER nor its SHA-256.',
  'token-proof-algorithm':
    'The proof is not signed, or with a shared secret, or with an algorithm that is not known. Sign it with a private key, such as by ES256.',
  'token-proof-key':
    'The `jwk` in the header of the proof is missing, holds private members, is too weak, or is not for the algorithm. A private key that was sent is lost: make a new one.',
  'token-proof-signature':
    'The signature does not belong to the proof: it was altered, or signed with another key than the one in its header.',
  'token-proof-request':
    'The `htm` or `htu` of the proof is not the method or URL of the request. The host has to pass the URL as callers address it, also behind a proxy; query and fragment do not count.',
  'token-proof-token':
    'The `ath` of the proof is not the SHA-256 of the token it came with. A proof belongs to one token.',
  'token-proof-time':
    'The `iat` of the proof is more than a minute, and `clockSkew`, away from the clock of the host, or the proof has an `exp` or `nbf` of another time. Check the clocks, and make a proof when it is sent.',
  'token-proof-replayed':
    'A proof with this `jti` and key was accepted before. Each request needs a proof of its own; where the caller did send it once only, somebody else has read it.',
  'token-proof-limit':
    'More proofs are in use than are remembered: 100,000 in all, 10,000 of one caller. They are not accepted until older ones are over, since a replay could not be told.',
  'key-set-unavailable':
    'The keys of an issuer cannot be fetched in time, or are not a key set. Nobody is let in meanwhile; trying again later may help.',
  'api-key-unknown':
    'No entry of `identity.apiKeys` has the hash of this key. Make the hash with `hashApiKey` of `sallyport/gate`.',
  'api-key-expired':
    'The day in `expires` of the key has passed. Give out a new key; do not move the day.',
  'authenticator-failed':
    'The `authenticator` of the host threw, took too long, or returned something that is no principal. Nobody is let in by it.',
  'tool-failed':
    'The tool threw. The model sees the message of the error as the answer to its call; whether the effect took place is up to the tool.',
  'wrapper-failed':
    'A wrapper of a plugin threw. The message says whether the tool had run by then; if it had, its effect stands although its result is lost.',
  'tool-timeout':
    'The tool did not settle within its time and was left behind. Its effect may still take place; its late end is recorded.',
  'access-denied':
    'A tool tried to open a file or an address beyond what the guards of the policy let through for this call. Files and addresses are reached by `open` and `fetch` of the context only as they were checked.',
  'access-too-large':
    'A file or an answer that a tool reached through its context is larger than the bound for it. Ask for less, or raise the bound where it is stated.',
  'bad-output':
    'The tool returned something that is not plain data, is too large, or does not match its output schema. The model is told that there is no usable result.',
  'model-connect':
    'No connection to the model endpoint. Check the address, the network and any proxy; the request was tried as often as `retry` allows.',
  'model-timeout':
    'The model endpoint did not answer, or stopped in the middle, for longer than `timeouts` allow.',
  'model-status':
    'The model endpoint answered with an error status that has no code of its own. The message holds the status and the beginning of the answer.',
  'model-overloaded':
    'The model endpoint says it is overloaded. It was tried again with pauses; try later or use another model.',
  'model-rate-limit':
    'The model endpoint limits how often it may be asked. Pauses it asks for are kept; beyond that, wait or ask for a higher limit.',
  'model-quota':
    'What the model endpoint grants is known to be used up, so the request was not sent. `details` and the message say until when; wait, or use another key or model.',
  'model-no-key':
    'Every key of the pool rests after failures, so the request was not sent. The message says when the next one may be used; wait, or add keys.',
  'model-low-funds':
    'The account at the model endpoint has no money left. Trying again does not help.',
  'model-unauthorized':
    'The model endpoint does not accept the key. Check which variable the key comes from, and whether it may use this model.',
  'model-error':
    'The model endpoint reported an error inside an answer that had begun well. Calls of that answer do not run.',
  'model-refused':
    'The model endpoint refuses the request as it is, such as one that is too long or has a parameter it does not know.',
  'model-incomplete':
    'The answer ended without saying why, or the connection broke when the request had been sent. Calls of that answer do not run, since the last one may be cut.',
  'model-protocol':
    'The answer does not follow the protocol of the chosen wire. Check that `--wire` and the address belong together.',
  'model-output':
    'The answer is not JSON, or does not match the schema that the run asked for, and the second one does not either. `details.pointer` says where it first differs.',
  'model-too-large':
    'The answer is larger than `bounds` allow. It is cut off, and nothing of it runs.',
  'login-invalid':
    'A callback came with the state of another login, twice, or without a code. Nothing was redeemed. If nobody started two logins at once, somebody else may have sent it; start the login again.',
  'login-refused':
    'The login page sent the person back with an error in place of a code, such as `access_denied`. No key was made; start the login again.',
  'login-expired':
    'The login was not finished within its 10 minutes, or within the time that was given. Start it again; a code that comes late is worthless.',
  cancelled:
    'The caller stopped the run, by its signal or `cancel()`. Tools that were running got their signal too.',
  stopped:
    'Somebody has stopped the run, everything its caller does, or the tool, with `runtime.stop`. A stop of a caller or a tool stands until it is lifted; a run that was stopped can be resumed afterwards.',
  'session-busy':
    "Another run of the same session is at work, and the runtime says `sessions: 'refuse'`. Nothing was done; start it again when the other one has ended, or let runs wait with `sessions: 'queue'`.",
  'runtime-closed':
    'The runtime was closed, as on SIGTERM, and takes no more runs. Runs that had to stop can be resumed by another process.',
  'run-timeout':
    'The run took longer than `runTimeoutMs`. Model, tools and open questions were stopped.',
}

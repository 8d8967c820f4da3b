// Who may call comes from a signed token: local roles, scopes, and a ceiling of scopes per role.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { createRuntime, defineTool, loadPolicy, type RunResult } from 'sallyport'
import { scripted } from 'sallyport/testing'

const folder = await mkdtemp(join(tmpdir(), 'sallyport-'))
const { publicKey, privateKey } = await generateKeyPair('ES256')
await writeFile(join(folder, 'keys.json'), JSON.stringify({ keys: [await exportJWK(publicKey)] }))
await writeFile(
  join(folder, 'policy.yaml'),
  `sallyport: 1
name: desk
identity:
  jwt:
    - issuer: https://id.example
      jwksFile: keys.json
      audience: [https://desk.example]
      algorithms: [ES256]
      roleMap: { agents: support, crawlers: bot }
roles:
  bot: { scopes: [desk:read] }
  support: { inherits: [bot], scopes: [refund:write] }
rules:
  - { id: refunds, allow: [refund], who: { roles: [support, bot], scopes: [refund:write] } }
`,
)

const refund = defineTool({
  name: 'refund',
  description: 'Pays an order back.',
  input: {},
  // a floor under every policy
  requires: { scopes: ['refund:write'] },
  execute: () => 'paid',
})

async function run(roles: readonly string[], audience: string): Promise<RunResult> {
  const bearer = await new SignJWT({ roles, scope: 'desk:read refund:write' })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer('https://id.example')
    .setAudience(audience)
    .setSubject('uma')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(privateKey)
  const runtime = createRuntime({
    model: scripted([{ calls: [{ tool: 'refund' }] }, { text: 'done' }]),
    tools: [refund],
    policy: await loadPolicy(join(folder, 'policy.yaml')),
  })
  return runtime.run({ input: 'refund', auth: { bearer } }).result()
}

const agent = await run(['agents'], 'https://desk.example')
assert.equal(agent.report.rows[0]?.status, 'success')
console.log('agents may refund')

// the token grants the scope, but the role of the caller has a lower ceiling
const crawler = await run(['crawlers'], 'https://desk.example')
assert.equal(crawler.report.rows[0]?.decision?.rule, 'tool.requires')
console.log(crawler.report.rows[0].decision.reasons[0])

// a role that `roleMap` does not name is no role
const stranger = await run(['admins'], 'https://desk.example')
assert.equal(stranger.report.rows[0]?.status, 'error-security')

// a token for somebody else: nothing happens at all
const lost = await run(['agents'], 'https://elsewhere.example')
assert.equal(lost.status, 'denied')
assert.equal(lost.error?.code, 'token-audience')
console.log(lost.error.message)

await rm(folder, { recursive: true })

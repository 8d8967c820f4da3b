import { writeFile } from 'node:fs/promises'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** Signs tokens as the identity provider of the desk would. */
export interface Issuer {
  token(claims: {
    readonly sub: string
    readonly roles: readonly string[]
    readonly scope: string
    /** Who acts for them (RFC 8693). */
    readonly act?: { readonly sub: string }
  }): Promise<string>
}

/** Makes a key pair and writes the public half as a key set to `path`, as the policy names it. */
export async function createIssuer(path: string): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const key = { ...(await exportJWK(publicKey)), kid: 'demo', alg: 'ES256', use: 'sig' }
  await writeFile(path, JSON.stringify({ keys: [key] }))
  return {
    token: ({ sub, ...claims }) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', kid: 'demo' })
        .setIssuer('https://id.desk.example')
        .setAudience('https://agent.desk.example')
        .setSubject(sub)
        .setIssuedAt()
        .setExpirationTime('10m')
        .sign(privateKey),
  }
}

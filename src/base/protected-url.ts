/** What is always the machine itself (RFC 6761); any other name could lead elsewhere tomorrow. */
const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Whether nobody on the way can read or alter what is sent: https, or http within the machine. */
export function isProtected({ hostname, protocol }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && loopbackHosts.has(hostname))
}

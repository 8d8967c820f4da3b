/** The answer of somebody who may say yes to a question. */
export function yesTo(id: string): string {
  return JSON.stringify({ id, action: 'approve', by: { subject: 'lena', roles: ['lead'] } })
}

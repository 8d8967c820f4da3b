import type { DatabaseSync } from 'node:sqlite'
import { defineTool } from 'sallyport'
import { rowsOf } from './desk.ts'

/** What the host injects; the model never sees it. */
interface Deps {
  readonly desk: DatabaseSync
}

const text = { type: 'string' } as const

const findCustomer = defineTool<{ email: string }, Deps>({
  name: 'find_customer',
  description: 'Finds a customer by mail address.',
  input: { type: 'object', properties: { email: text }, required: ['email'] },
  annotations: { readOnly: true, openWorld: false },
  execute: ({ email }, { deps }) =>
    rowsOf(deps.desk, 'SELECT * FROM customers WHERE email = ?', email),
})

const listOrders = defineTool<{ customer: string }, Deps>({
  name: 'list_orders',
  description: 'Lists the orders of a customer, named by mail address.',
  input: { type: 'object', properties: { customer: text }, required: ['customer'] },
  annotations: { readOnly: true, openWorld: false },
  execute: ({ customer }, { deps }) =>
    rowsOf(deps.desk, 'SELECT id, item, paid, note FROM orders WHERE customer = ?', customer),
})

const searchKb = defineTool<{ query: string }, Deps>({
  name: 'search_kb',
  description: 'Finds articles of the knowledge base that contain a text.',
  input: { type: 'object', properties: { query: text }, required: ['query'] },
  annotations: { readOnly: true, openWorld: false },
  execute: ({ query }, { deps }) =>
    rowsOf(
      deps.desk,
      "SELECT * FROM articles WHERE instr(lower(title || ' ' || body), lower(?)) > 0",
      query,
    ),
})

const refund = defineTool<{ order: string; amount: number }, Deps>({
  name: 'refund',
  description: 'Pays money back for an order.',
  input: {
    type: 'object',
    properties: { order: text, amount: { type: 'number', exclusiveMinimum: 0 } },
    required: ['order', 'amount'],
  },
  facts: { kind: 'write' },
  requires: { scopes: ['refund:write'] },
  editable: ['/amount'],
  // two refunds of one order wait for each other, so that both see what is left
  concurrencyKey: ({ order }) => `order:${order}`,
  execute({ order, amount }, { deps, principal, idempotencyKey }) {
    const [found] = rowsOf(
      deps.desk,
      `SELECT paid - coalesce((SELECT sum(amount) FROM refunds WHERE "order" = orders.id), 0) AS rest
       FROM orders WHERE id = ?`,
      order,
    )
    if (found === undefined) throw new Error(`there is no order ${order}`)
    if (amount > Number(found['rest'])) throw new Error(`only ${String(found['rest'])} is left`)
    deps.desk
      .prepare('INSERT INTO refunds VALUES (?, ?, ?, ?)')
      .run(idempotencyKey, order, amount, principal?.subject ?? '')
    return { order, amount }
  },
})

const sendMail = defineTool<{ to: string; subject: string; body: string }, Deps>({
  name: 'send_mail',
  description: 'Sends a mail.',
  input: {
    type: 'object',
    properties: { to: { ...text, format: 'email' }, subject: text, body: text },
    required: ['to', 'subject', 'body'],
  },
  facts: { kind: 'write' },
  // letters are nobody's business: reports and approvals show `[redacted]`
  sensitive: ['/body'],
  execute({ to, subject, body }, { deps, idempotencyKey }) {
    deps.desk
      .prepare('INSERT INTO outbox VALUES (?, ?, ?, ?)')
      .run(idempotencyKey, to, subject, body)
    return { sent: to }
  },
})

const deleteCustomer = defineTool<{ email: string }, Deps>({
  name: 'delete_customer',
  description: 'Deletes a customer with everything that is known about them.',
  input: { type: 'object', properties: { email: text }, required: ['email'] },
  facts: { kind: 'destructive' },
  execute({ email }, { deps }) {
    const { changes } = deps.desk.prepare('DELETE FROM customers WHERE email = ?').run(email)
    return { deleted: Number(changes) }
  },
})

/** The tools of the demonstration; they work on the database that is injected as `deps.desk`. */
export default [findCustomer, listOrders, searchKb, refund, sendMail, deleteCustomer]

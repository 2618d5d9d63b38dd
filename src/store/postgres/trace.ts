import type { DeliveryRecord } from '../../domain/delivery.ts'
import type { MessageState } from '../../domain/offline-message.ts'
import { traceSteps } from '../shared/trace-steps.ts'
import type { MessageQuery, MessageSummary, MessageTrace } from '../store.ts'
import type { Queryable } from './connection.ts'
import { clean } from './text.ts'
import { isUuid } from './uuid.ts'

const OF_OUTBOX = `id, 'pending', reason, recipient, sender, type, received_at, expires_at, NULL::bigint`
const OF_TRACE = 'id, state, reason, recipient, sender, type, received_at, expires_at, settled_at'

const ONE = {
  text: `
  SELECT ${OF_OUTBOX}, notes, deliveries FROM outbox WHERE id = $1
  UNION ALL SELECT ${OF_TRACE}, notes, deliveries FROM trace WHERE id = $1 LIMIT 1`,
}
const WAITING = { text: 'SELECT record, run_at FROM delivery WHERE message_id = $1 ORDER BY device, kind' }

export async function readTrace(db: Queryable, id: string): Promise<MessageTrace | undefined> {
  if (!isUuid(id)) return undefined
  const [found, waiting] = await Promise.all([db.query(ONE, [id]), db.query(WAITING, [id])])
  const [row] = found.rows
  if (row === undefined) return undefined
  const summary = toSummary(row)
  const [notes, deliveries] = row.slice(9) as [string | null, string | null]
  const ended: DeliveryRecord[] = deliveries === null ? [] : JSON.parse(deliveries)
  const { state, reason = null, receivedAt, settledAt = null } = summary
  return {
    ...summary,
    steps: traceSteps({ state, reason, receivedAt, settledAt, notes }),
    deliveries: [
      ...ended,
      ...waiting.rows.map(([record, runAt]) => ({ ...JSON.parse(String(record)), runAt: Number(runAt) })),
    ],
  }
}

/** The order of acceptance is that of the ids, in either table. */
export async function readSummaries(db: Queryable, query: MessageQuery): Promise<MessageSummary[]> {
  const { recipient, state, limit, before = LAST } = query
  const values: unknown[] = [limit, beforeOf(before)]
  const ofRecipient = recipient === undefined ? [] : [`recipient = $${values.push(clean(recipient))}`]
  const ofState = state === undefined ? [] : [`state = $${values.push(state)}`]
  // As the index has them; see schema.ts.
  const order = recipient === undefined ? (id: string) => id : (id: string) => `uuid_send(${id})`
  const pending = page(OF_OUTBOX, 'outbox', { order, conditions: ofRecipient })
  const over = page(OF_TRACE, 'trace', { order: id => id, conditions: [...ofRecipient, ...ofState] })
  const all = `SELECT * FROM (${pending} UNION ALL ${over}) m ORDER BY 1 DESC LIMIT $1`
  const text = state === undefined ? all : state === 'pending' ? pending : over
  return (await db.query({ text }, state === 'pending' ? values.slice(0, -1) : values)).rows.map(toSummary)
}

interface PageTerms {
  order: (id: string) => string
  conditions: readonly string[]
}

function page(columns: string, table: string, { order, conditions }: PageTerms): string {
  const where = [...conditions, `${order('id')} < ${order('$2::uuid')}`].join(' AND ')
  return `(SELECT ${columns} FROM ${table} WHERE ${where} ORDER BY ${order('id')} DESC LIMIT $1)`
}

const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

function beforeOf(id: string): string {
  return isUuid(id) ? id : LAST
}

function toSummary(row: readonly unknown[]): MessageSummary {
  const [id, state, reason, recipient, sender, type, receivedAt, expiresAt, settledAt] = row
  const summary: MessageSummary = {
    id: String(id),
    state: state as MessageState,
    recipient: String(recipient),
    sender: String(sender),
    type: String(type),
    receivedAt: Number(receivedAt),
    expiresAt: Number(expiresAt),
  }
  if (reason !== null) summary.reason = String(reason)
  if (settledAt !== null) summary.settledAt = Number(settledAt)
  return summary
}

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
  const values: unknown[] = [query.limit]
  const conditions = [
    ...(query.recipient === undefined ? [] : [`recipient = $${values.push(clean(query.recipient))}`]),
    ...(query.before === undefined ? [] : [`id < $${values.push(beforeOf(query.before))}::uuid`]),
  ]
  const isPending = query.state === 'pending'
  const parts = [
    ...(query.state === undefined || isPending ? [part(OF_OUTBOX, 'outbox', conditions)] : []),
    ...(isPending ? [] : [part(OF_TRACE, 'trace', [...conditions, ...stateTerms(query.state, values)])]),
  ]
  const text = `SELECT * FROM (${parts.join(' UNION ALL ')}) m ORDER BY 1 DESC LIMIT $1`
  return (await db.query({ text }, values)).rows.map(toSummary)
}

function part(columns: string, table: string, conditions: readonly string[]): string {
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  return `(SELECT ${columns} FROM ${table} ${where} ORDER BY id DESC LIMIT $1)`
}

function stateTerms(state: MessageState | undefined, values: unknown[]): string[] {
  return state === undefined ? [] : [`state = $${values.push(state)}`]
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

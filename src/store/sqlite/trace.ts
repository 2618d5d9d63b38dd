import type { DeliveryRecord } from '../../domain/delivery.ts'
import type { MessageState } from '../../domain/offline-message.ts'
import { type TracedColumns, traceSteps } from '../shared/trace-steps.ts'
import type { MessageQuery, MessageSummary, MessageTrace } from '../store.ts'
import type { Sql } from './statements.ts'

const SUMMARY = 'id, state, reason, recipient, sender, type, received_at, expires_at, settled_at'

interface SummaryRow {
  id: string
  state: MessageState
  reason: string | null
  recipient: string
  sender: string
  type: string
  received_at: number
  expires_at: number
  settled_at: number | null
}

interface ListedRow extends SummaryRow {
  position: number
}

interface TraceRow extends SummaryRow {
  notes: string | null
  deliveries: string | null
}

export function readTrace(sql: Sql, id: string): MessageTrace | undefined {
  const found = sql(`SELECT ${SUMMARY}, notes, deliveries FROM message WHERE id = ?`).get(id)
  if (found === undefined) return undefined
  const row = found as unknown as TraceRow
  const ended: DeliveryRecord[] = row.deliveries === null ? [] : JSON.parse(row.deliveries)
  const waiting = sql('SELECT record, run_at FROM delivery WHERE message_id = ?')
    .all(id)
    .map(({ record, run_at }) => ({ ...JSON.parse(String(record)), runAt: Number(run_at) }))
  return { ...toSummary(row), steps: traceSteps(tracedColumns(row)), deliveries: [...ended, ...waiting] }
}

function tracedColumns({ state, reason, received_at, settled_at, notes }: TraceRow): TracedColumns {
  return { state, reason, receivedAt: received_at, settledAt: settled_at, notes }
}

// The order of acceptance is that of the ids, and every index has it.
const LAST_ROWID = '9223372036854775807'

// The index of the outbox has three runs, each in order, of which only that of the leased is sorted: it is as short as
// what the dispatcher holds in memory. One query for all would sort the whole outbox.
export const OUTBOX_RUNS = ['stage = 1 AND lease = 0', 'stage = 0 AND lease = 0', 'stage = 0 AND lease > 0']

export function readSummaries(sql: Sql, query: MessageQuery): MessageSummary[] {
  if (query.state !== 'pending' || query.recipient !== undefined) {
    return readRun(sql, query, termsOf(query)).map(toSummary)
  }
  return OUTBOX_RUNS.flatMap(run => readRun(sql, query, { conditions: ['stage < 2', run], values: [] }))
    .sort((a, b) => b.position - a.position)
    .slice(0, query.limit)
    .map(toSummary)
}

interface Terms {
  conditions: readonly string[]
  values: readonly string[]
}

function termsOf({ recipient, state }: MessageQuery): Terms {
  const conditions = ['1 = 1']
  const values: string[] = []
  if (recipient !== undefined) {
    conditions.push('recipient = ?')
    values.push(recipient)
  }
  if (state !== undefined) {
    conditions.push('state = ?', ...indexTerms(state))
    values.push(state)
  }
  return { conditions, values }
}

function readRun(sql: Sql, { before, limit }: MessageQuery, terms: Terms): ListedRow[] {
  const conditions = [...terms.conditions]
  const values = [...terms.values]
  if (before !== undefined) {
    conditions.push(
      `rowid < ifnull((SELECT rowid FROM message WHERE id >= ? ORDER BY id LIMIT 1), ${LAST_ROWID})`,
    )
    values.push(before)
  }
  const where = conditions.join(' AND ')
  const text = `SELECT ${SUMMARY}, rowid AS position FROM message WHERE ${where} ORDER BY rowid DESC LIMIT ?`
  return sql(text).all(...values, limit) as unknown as ListedRow[]
}

// SQLite uses a partial index only where the query repeats the index's own condition.
function indexTerms(state: MessageState): string[] {
  if (state === 'pending') return ['stage < 2']
  return state === 'accepted' ? [] : ["state NOT IN ('pending', 'accepted')"]
}

function toSummary(row: SummaryRow): MessageSummary {
  const summary: MessageSummary = {
    id: row.id,
    state: row.state,
    recipient: row.recipient,
    sender: row.sender,
    type: row.type,
    receivedAt: row.received_at,
    expiresAt: row.expires_at,
  }
  if (row.reason !== null) summary.reason = row.reason
  if (row.settled_at !== null) summary.settledAt = row.settled_at
  return summary
}

import type { DeliveryRecord } from '../../domain/delivery.ts'
import type { MessageState } from '../../domain/offline-message.ts'
import { notesText, parseNotes } from '../shared/message-notes.ts'
import type { OperationOf, WriteResults } from '../shared/operations.ts'
import type { ExpireResult } from '../store.ts'
import { deleteWaiting, readEnded, updateMessage } from './settle.ts'
import type { WriteContext } from './write-context.ts'

const EXPIRED = `
  SELECT message_id, record FROM delivery WHERE expires_at <= ? AND lease = 0 ORDER BY expires_at LIMIT ?`
const ERASE_TEXTS = `
  UPDATE message SET content = NULL WHERE id IN (
    SELECT id FROM message WHERE stage = 2 AND content IS NOT NULL AND expires_at <= ?
    ORDER BY expires_at LIMIT ?)`
const PURGE = `
  DELETE FROM message WHERE id IN (
    SELECT id FROM message WHERE settled_at IS NOT NULL AND settled_at < ? ORDER BY settled_at LIMIT ?)`
const READ_MESSAGE = 'SELECT content IS NULL AS erased, expires_at, notes FROM message WHERE id = ?'
const REVIVE = `
  INSERT INTO delivery (message_id, device, kind, scope, run_at, lease, expires_at, record)
  VALUES (?, ?, ?, ?, ?, 0, ?, ?)`
const NOTE = 'UPDATE message SET notes = ? WHERE id = ?'

export function expire(context: WriteContext, { now, limit }: OperationOf<'expire'>): ExpireResult {
  const rows = context.sql(EXPIRED).all(now, limit) as unknown as { message_id: string; record: string }[]
  const settled: { id: string; state: MessageState }[] = []
  const expired = Map.groupBy(rows, row => row.message_id)
  for (const [messageId, waiting] of expired) {
    const ended = waiting.map(row => endExpired(context, messageId, JSON.parse(row.record)))
    const state = updateMessage(context, messageId, [...readEnded(context, messageId), ...ended], now)
    if (state !== 'pending') settled.push({ id: messageId, state })
  }
  const { changes } = context.sql(ERASE_TEXTS).run(now, limit - rows.length)
  return { settled, count: rows.length + Number(changes) }
}

function endExpired(context: WriteContext, messageId: string, record: DeliveryRecord): DeliveryRecord {
  deleteWaiting(context, messageId, record)
  return { ...record, state: 'expired' }
}

export function purge(context: WriteContext, { before, limit }: OperationOf<'purge'>): number {
  return Number(context.sql(PURGE).run(before, limit).changes)
}

export function requeue(context: WriteContext, operation: OperationOf<'requeue'>): WriteResults['requeue'] {
  const { messageId, now } = operation
  const row = context.sql(READ_MESSAGE).get(messageId)
  if (row === undefined) return 'unknown'
  const ended = readEnded(context, messageId)
  const dead = ended.filter(record => record.state === 'dead')
  if (dead.length === 0) return 'not-dead'
  const expiresAt = Number(row.expires_at)
  if (row.erased !== 0 || now >= expiresAt) return 'expired'
  for (const record of dead) revive(context, operation, record, expiresAt)
  const notes = parseNotes(row.notes as string | null)
  context.sql(NOTE).run(notesText({ ...notes, requeued: [...(notes.requeued ?? []), now] }), messageId)
  updateMessage(
    context,
    messageId,
    ended.filter(record => record.state !== 'dead'),
    now,
  )
  return 'requeued'
}

/**
 * Due now, its history kept, its counters back at zero so that it may run again. It waits in a lane named after the
 * provider: which one it belongs to is decided from its registration when it is claimed.
 */
function revive(
  context: WriteContext,
  { messageId, now }: OperationOf<'requeue'>,
  record: DeliveryRecord,
  expiresAt: number,
): void {
  const { device, kind, provider } = record
  const { reason: _reason, ...rest } = record
  const revived: DeliveryRecord = { ...rest, state: 'pending', attemptCount: 0, crashCount: 0 }
  context.sql(REVIVE).run(messageId, device, kind, provider, now, expiresAt, JSON.stringify(revived))
}

import type { DeliveryRecord } from '../../domain/delivery.ts'
import { notesText, parseNotes } from '../shared/message-notes.ts'
import { deriveColumns } from '../shared/message-state.ts'
import type { OperationOf, WriteResults } from '../shared/operations.ts'
import { clean, cleanOrNull } from './text.ts'
import { isUuid } from './uuid.ts'
import type { WriteContext } from './write-context.ts'

const PENDING = {
  text: 'SELECT expires_at, notes, deliveries, true FROM outbox WHERE id = $1 FOR UPDATE',
}
const OVER = {
  text: 'SELECT expires_at, notes, deliveries, content IS NOT NULL FROM trace WHERE id = $1 FOR UPDATE',
}
const BRING_BACK = {
  text: `
  WITH dead AS (
    DELETE FROM trace WHERE id = $1 RETURNING id, received_at, expires_at, recipient, sender, type, content
  )
  INSERT INTO outbox (id, lease, account, received_at, expires_at, stage, recipient, sender, type, reason, notes, deliveries,
    content)
  SELECT id, 0, 0, received_at, expires_at, 1, recipient, sender, type, $2, $3, $4, content FROM dead`,
}
const CHANGE = {
  text: 'UPDATE outbox SET stage = 1, reason = $2, notes = $3, deliveries = $4 WHERE id = $1',
}
const REVIVE = {
  text: `
  INSERT INTO delivery (message_id, lease, run_at, expires_at, device, kind, scope, record)
  SELECT $1, 0, $2, $3, device, kind, scope, record
  FROM unnest($4::text[], $5::text[], $6::text[], $7::text[]) AS r(device, kind, scope, record)`,
}

interface Found {
  isPending: boolean
  expiresAt: number
  notes: string | null
  ended: DeliveryRecord[]
  hasText: boolean
}

/** A message that is over goes back into the outbox. */
export async function requeue(
  context: WriteContext,
  { messageId, now }: OperationOf<'requeue'>,
): Promise<WriteResults['requeue']> {
  const found = isUuid(messageId) ? await find(context, messageId) : undefined
  if (found === undefined) return 'unknown'
  const dead = found.ended.filter(record => record.state === 'dead')
  if (dead.length === 0) return 'not-dead'
  if (!found.hasText || now >= found.expiresAt) return 'expired'
  const left = found.ended.filter(record => record.state !== 'dead')
  const revived = dead.map(revive)
  const notes = parseNotes(found.notes)
  await context.query(found.isPending ? CHANGE : BRING_BACK, [
    messageId,
    cleanOrNull(deriveColumns([...revived, ...left], now).reason),
    notesText({ ...notes, requeued: [...(notes.requeued ?? []), now] }),
    JSON.stringify(left),
  ])
  await context.query(REVIVE, [
    messageId,
    now,
    found.expiresAt,
    revived.map(({ device }) => clean(device)),
    revived.map(({ kind }) => kind),
    revived.map(({ provider }) => provider),
    revived.map(record => JSON.stringify(record)),
  ])
  return 'requeued'
}

async function find(context: WriteContext, id: string): Promise<Found | undefined> {
  const pending = await context.query(PENDING, [id])
  const { rows } = pending.rows.length > 0 ? pending : await context.query(OVER, [id])
  const [row] = rows
  if (row === undefined) return undefined
  const [expiresAt, notes, deliveries, hasText] = row
  return {
    isPending: pending.rows.length > 0,
    expiresAt: Number(expiresAt),
    notes: notes === null ? null : String(notes),
    ended: deliveries === null ? [] : JSON.parse(String(deliveries)),
    hasText: hasText === true,
  }
}

/**
 * Due now, its history kept, its counters back at zero so that it may run again. It waits in a lane named after the
 * provider: which one it belongs to is decided from its registration when it is claimed.
 */
function revive({ reason: _reason, ...record }: DeliveryRecord): DeliveryRecord {
  return { ...record, state: 'pending', attemptCount: 0, crashCount: 0 }
}

import type { DeliveryRecord } from '../../domain/delivery.ts'
import type { MessageState } from '../../domain/offline-message.ts'
import { effectsOf } from '../shared/first-round.ts'
import { deriveColumns } from '../shared/message-state.ts'
import type { FirstRound } from '../shared/operations.ts'
import type { DeliveryResult, Settlement } from '../store.ts'
import { applyEffect } from './effects.ts'
import type { WriteContext } from './write-context.ts'

// Also the check of the lease: a round that is over, or that another incarnation has, is not found.
const SETTLE_FIRST = `
  UPDATE message SET state = ?, reason = ?, stage = ?, settled_at = ?, deliveries = ?, lease = 0,
    content = CASE WHEN ? THEN content END
  WHERE id = ? AND stage = 0 AND lease >= ?`

const INSERT_WAITING = `
  INSERT INTO delivery (message_id, device, kind, scope, run_at, lease, expires_at, record)
  SELECT id, ?, ?, ?, ?, 0, expires_at, ? FROM message WHERE id = ?`

const FIND_LEASED = 'SELECT 1 FROM delivery WHERE message_id = ? AND device = ? AND kind = ? AND lease >= ?'
const WAIT_AGAIN = `
  UPDATE delivery SET scope = ?, run_at = ?, lease = 0, record = ?
  WHERE message_id = ? AND device = ? AND kind = ?`
const DELETE_WAITING = 'DELETE FROM delivery WHERE message_id = ? AND device = ? AND kind = ?'

const READ_ENDED = 'SELECT deliveries FROM message WHERE id = ?'
const READ_WAITING = 'SELECT record FROM delivery WHERE message_id = ?'
const UPDATE_MESSAGE = `
  UPDATE message SET state = ?, reason = ?, stage = ?, settled_at = ?, deliveries = ?,
    content = CASE WHEN ? THEN content END
  WHERE id = ?`

export function settleFirst(context: WriteContext, round: FirstRound): MessageState | undefined {
  const { messageId, waiting, effects } = round
  const { changes } = context
    .sql(SETTLE_FIRST)
    .run(
      round.state,
      round.reason,
      round.stage,
      round.settledAt,
      round.ended,
      round.keepsContent ? 1 : 0,
      messageId,
      context.firstLease,
    )
  if (changes === 0) return undefined
  for (const { device, kind, scope, runAt, record } of waiting ?? []) {
    context.sql(INSERT_WAITING).run(device, kind, scope, runAt, record, messageId)
  }
  for (const effect of effects ?? []) applyEffect(context, round, effect)
  return round.state
}

export function settleLater(context: WriteContext, settlement: Settlement): MessageState | undefined {
  const { messageId, results, at } = settlement
  const isLeased = ({ record: { device, kind } }: DeliveryResult) =>
    context.sql(FIND_LEASED).get(messageId, device, kind, context.firstLease) !== undefined
  if (!results.every(isLeased)) return undefined
  for (const result of results) writeLater(context, messageId, result)
  const ended = results.filter(result => result.wait === undefined).map(result => result.record)
  const state = updateMessage(context, messageId, [...readEnded(context, messageId), ...ended], at)
  for (const effect of effectsOf(results)) applyEffect(context, settlement, effect)
  return state
}

function writeLater(context: WriteContext, messageId: string, { record, wait }: DeliveryResult): void {
  const { device, kind } = record
  if (wait === undefined) context.sql(DELETE_WAITING).run(messageId, device, kind)
  else context.sql(WAIT_AGAIN).run(wait.scope, wait.runAt, JSON.stringify(record), messageId, device, kind)
}

/** Ends a delivery that waits, outside of a round. */
export function deleteWaiting(context: WriteContext, messageId: string, record: DeliveryRecord): void {
  context.sql(DELETE_WAITING).run(messageId, record.device, record.kind)
}

export function readEnded(context: WriteContext, messageId: string): DeliveryRecord[] {
  const row = context.sql(READ_ENDED).get(messageId)
  return typeof row?.deliveries === 'string' ? JSON.parse(row.deliveries) : []
}

/** Writes what has ended, and what follows from it and from the deliveries that still wait. */
export function updateMessage(
  context: WriteContext,
  messageId: string,
  ended: readonly DeliveryRecord[],
  at: number,
): MessageState {
  const waiting = context
    .sql(READ_WAITING)
    .all(messageId)
    .map(row => JSON.parse(String(row.record)) as DeliveryRecord)
  const derived = deriveColumns([...waiting, ...ended], at)
  context
    .sql(UPDATE_MESSAGE)
    .run(
      derived.state,
      derived.reason,
      derived.stage,
      derived.settledAt,
      JSON.stringify(ended),
      derived.keepsContent ? 1 : 0,
      messageId,
    )
  return derived.state
}

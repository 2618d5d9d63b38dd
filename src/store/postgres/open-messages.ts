import type { DeliveryRecord } from '../../domain/delivery.ts'
import { type DerivedColumns, deriveColumns } from '../shared/message-state.ts'
import type { WriteContext } from './write-context.ts'

/**
 * Whoever changes the deliveries of messages locks first the messages, in the order of their ids, and then the deliveries: so
 * nobody waits for anybody in a circle, and what follows for a message is worked out from all of its deliveries.
 */
const LOCK_MESSAGES = {
  text: `
  SELECT id, stage, lease = 0, deliveries FROM outbox WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE`,
}
const LOCK_DELIVERIES = {
  text: `
  SELECT message_id, lease = 0, lease >= $2::bigint AND lease < $3::bigint, expires_at, record FROM delivery
  WHERE message_id = ANY ($1::uuid[]) ORDER BY message_id, device, kind FOR UPDATE`,
}

export interface WaitingDelivery {
  record: DeliveryRecord
  isFree: boolean
  /** Leased to us. */
  isOurs: boolean
  expiresAt: number
  /** Where it waits from now on, when that was changed. */
  wait?: { scope: string; runAt: number }
}

/** A pending message, locked: what is changed here is written by `saveMessages`. */
export interface OpenMessage {
  id: string
  /** 0: the first round is outstanding. */
  stage: number
  isFree: boolean
  ended: DeliveryRecord[]
  waiting: WaitingDelivery[]
  /** Of those that waited, the ones that do not any more. */
  gone: DeliveryRecord[]
  /** No attempt can follow, whatever the deliveries say: nothing may be revived. */
  isErased?: true
}

/** Those of the messages that are pending, with what waits. */
export async function lockMessages(
  context: WriteContext,
  ids: readonly string[],
): Promise<Map<string, OpenMessage>> {
  const { from, before } = context.lease
  const [messages, deliveries] = await Promise.all([
    context.query(LOCK_MESSAGES, [ids]),
    context.query(LOCK_DELIVERIES, [ids, from, before]),
  ])
  const open = new Map<string, OpenMessage>()
  for (const [id, stage, isFree, ended] of messages.rows) {
    open.set(String(id), {
      id: String(id),
      stage: Number(stage),
      isFree: isFree === true,
      ended: ended === null ? [] : JSON.parse(String(ended)),
      waiting: [],
      gone: [],
    })
  }
  for (const [id, isFree, isOurs, expiresAt, record] of deliveries.rows) {
    open.get(String(id))?.waiting.push({
      record: JSON.parse(String(record)),
      isFree: isFree === true,
      isOurs: isOurs === true,
      expiresAt: Number(expiresAt),
    })
  }
  return open
}

/** Ends a delivery that waited. */
export function endWaiting(message: OpenMessage, waiting: WaitingDelivery, record: DeliveryRecord): void {
  message.waiting = message.waiting.filter(other => other !== waiting)
  message.gone.push(record)
  message.ended.push(record)
}

/** What follows for a message from its deliveries. */
export function columnsOf({ waiting, ended, isErased }: OpenMessage, at: number): DerivedColumns {
  const derived = deriveColumns([...waiting.map(({ record }) => record), ...ended], at)
  return isErased ? { ...derived, keepsContent: derived.state === 'pending' } : derived
}

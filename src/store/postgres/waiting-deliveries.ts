import type { DeliveryRecord } from '../../domain/delivery.ts'
import type { Registration, RegistrationKey } from '../../domain/registration.ts'
import { clean } from './text.ts'
import type { Owner } from './token-owner.ts'
import type { WriteContext } from './write-context.ts'

/** Bounded, because every accept of this node waits behind it. */
const MOST = 500
// `+ 0`: not by the index of all that waits.
const WAITING_OF = `
  d.message_id = ANY (ARRAY(SELECT id FROM outbox WHERE recipient = $1 AND stage = 1
    ORDER BY recipient, uuid_send(id) LIMIT ${MOST}))
  AND d.device = $2 AND d.kind = $3 AND d.lease + 0 = 0`

const RESUME = {
  text: `UPDATE delivery d SET scope = 'registration-changed', run_at = $4 WHERE ${WAITING_OF}`,
}
const LOCK = { text: `SELECT d.message_id, d.record FROM delivery d WHERE ${WAITING_OF} FOR UPDATE` }
const RENAME = {
  text: `
  UPDATE delivery d SET device = $3, record = n.record FROM unnest($1::uuid[], $2::text[]) AS n(id, record)
  WHERE d.message_id = ANY ($1) AND d.message_id = n.id AND d.device = $4 AND d.kind = $5
    AND NOT EXISTS (SELECT FROM delivery o
      WHERE o.message_id = ANY ($1) AND o.message_id = d.message_id AND o.device = $3 AND o.kind = $5)`,
}

/**
 * What waits for a registration that has changed is due at once, in a scope of no lane: the dispatcher finds its new one. What
 * a longer queue has beyond that is due when it was.
 */
export async function resumeWaiting(context: WriteContext, key: RegistrationKey, at: number): Promise<void> {
  await context.query(RESUME, [key.recipient, key.device, key.kind, at])
}

/**
 * An app that was installed anew has the same token under another device id: what waits goes along, and keeps its own id, so
 * that a phone that has it shows it once.
 */
export async function takeAlong(
  context: WriteContext,
  owner: Owner,
  { device, kind, firstVersion }: Registration,
): Promise<void> {
  const { rows } = await context.query(LOCK, [owner.recipient, owner.device, kind])
  const records = rows
    .map(([id, record]) => ({ id, record: JSON.parse(String(record)) as DeliveryRecord }))
    .filter(({ record }) => (record.firstVersion ?? owner.firstVersion) === owner.firstVersion)
  if (records.length === 0) return
  await context.query(RENAME, [
    records.map(({ id }) => id),
    records.map(({ record }) => JSON.stringify({ ...record, device, firstVersion })),
    clean(device),
    owner.device,
    kind,
  ])
}

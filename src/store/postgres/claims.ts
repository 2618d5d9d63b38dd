import { toFound } from '../shared/found-registration.ts'
import type { OperationOf } from '../shared/operations.ts'
import type { ClaimedDelivery, ClaimedMessage, QueuedMessage } from '../store.ts'
import type { Queryable } from './connection.ts'
import type { Lease } from './lease.ts'
import { registrationAt, registrationColumns } from './registration-rows.ts'
import { clean } from './text.ts'
import type { WriteContext } from './write-context.ts'

/** Several nodes claim at the same time: each passes over what another one is taking. */
const CLAIM_MESSAGES = {
  text: `
  WITH next AS MATERIALIZED (
    SELECT id FROM outbox WHERE stage = 0 AND lease = 0 ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
  ), taken AS (
    UPDATE outbox SET lease = $2::bigint WHERE id = ANY (ARRAY(SELECT id FROM next))
    RETURNING id, recipient, received_at, expires_at, content, account
  )
  SELECT taken.id, taken.received_at, taken.expires_at, taken.content, ${registrationColumns('r')}
  FROM taken LEFT JOIN LATERAL (
    SELECT * FROM registration WHERE recipient = taken.recipient AND account = taken.account AND state = 'active' OFFSET 0
  ) r ON true ORDER BY taken.id, r.device, r.kind`,
}
const CLAIM_DELIVERIES = {
  text: `
  WITH due AS MATERIALIZED (
    SELECT message_id, device, kind FROM delivery WHERE lease = 0 AND scope = $1 AND run_at <= $2::bigint
    ORDER BY run_at, message_id LIMIT $3 FOR UPDATE SKIP LOCKED
  ), taken AS (
    UPDATE delivery d SET lease = $4::bigint FROM due
    WHERE d.message_id = ANY (ARRAY(SELECT message_id FROM due))
      AND d.message_id = due.message_id AND d.device = due.device AND d.kind = due.kind
    RETURNING d.message_id, d.device, d.kind, d.run_at, d.record
  )
  SELECT o.id, o.received_at, o.expires_at, o.content, taken.record, ${registrationColumns('r')}
  FROM taken
  CROSS JOIN LATERAL (SELECT * FROM outbox WHERE id = taken.message_id OFFSET 0) o
  LEFT JOIN LATERAL (
    SELECT * FROM registration WHERE recipient = o.recipient AND device = taken.device AND kind = taken.kind OFFSET 0
  ) r ON true ORDER BY taken.run_at, taken.message_id`,
}

const RELEASE_MESSAGES = {
  text: `
  UPDATE outbox SET lease = 0 WHERE id = ANY (ARRAY(
    SELECT id FROM outbox WHERE stage = 0 AND lease >= $1::bigint AND lease < $2::bigint LIMIT $3
    FOR UPDATE SKIP LOCKED))`,
}
const RELEASE_DELIVERIES = {
  text: `
  UPDATE delivery SET lease = 0 WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM delivery WHERE lease <> 0 AND lease >= $1::bigint AND lease < $2::bigint LIMIT $3
    FOR UPDATE SKIP LOCKED))`,
}
const FIRST_MESSAGE_REGISTRATION = 4
const FIRST_DELIVERY_REGISTRATION = 5

export async function claimMessages(context: WriteContext, limit: number): Promise<ClaimedMessage[]> {
  const { rows } = await context.query(CLAIM_MESSAGES, [limit, context.lease.value])
  const claimed = new Map<string, ClaimedMessage>()
  for (const row of rows) {
    const id = String(row[0])
    const known = claimed.get(id)
    const one = known ?? { message: toQueued(row), registrations: [], revision: context.revision }
    if (known === undefined) claimed.set(id, one)
    const registration = registrationAt(row, FIRST_MESSAGE_REGISTRATION)
    if (registration !== undefined) one.registrations.push(registration)
  }
  return [...claimed.values()]
}

export async function claimDeliveries(
  context: WriteContext,
  { scope, now, limit }: OperationOf<'claimDeliveries'>,
): Promise<ClaimedDelivery[]> {
  const { rows } = await context.query(CLAIM_DELIVERIES, [clean(scope), now, limit, context.lease.value])
  const { revision } = context
  return rows.map(row => {
    const record = JSON.parse(String(row[4]))
    const registration = registrationAt(row, FIRST_DELIVERY_REGISTRATION)
    return {
      message: toQueued(row),
      record,
      registration: toFound(registration, record.firstVersion, revision),
      revision,
    }
  })
}

/** Gives back up to `limit` leases of these, of messages and of deliveries. Answers how many. */
export async function releaseLeases(
  db: Queryable,
  { from, before }: Pick<Lease, 'from' | 'before'>,
  limit: number,
): Promise<number> {
  const messages = await db.query(RELEASE_MESSAGES, [from, before, limit])
  const deliveries = await db.query(RELEASE_DELIVERIES, [from, before, limit])
  return messages.count + deliveries.count
}

function toQueued([id, receivedAt, expiresAt, content]: readonly unknown[]): QueuedMessage {
  return {
    id: String(id),
    receivedAt: Number(receivedAt),
    expiresAt: Number(expiresAt),
    content: JSON.parse(String(content)),
  }
}

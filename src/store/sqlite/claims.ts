import type { DeliveryRecord } from '../../domain/delivery.ts'
import type { RegistrationKind } from '../../domain/registration.ts'
import { toFound } from '../shared/found-registration.ts'
import type { OperationOf } from '../shared/operations.ts'
import type { ClaimedDelivery, ClaimedMessage, QueuedMessage } from '../store.ts'
import { readRegistration } from './registration-rows.ts'
import type { WriteContext } from './write-context.ts'

// SQLite uses a partial index only where the query repeats the index's own condition: stage < 2, lease > 0.
const UNBEGUN = `
  SELECT id, recipient, received_at, expires_at, content FROM message
  WHERE stage < 2 AND stage = 0 AND lease = 0 ORDER BY rowid LIMIT ?`
const LEASE_MESSAGE = 'UPDATE message SET lease = ? WHERE id = ?'

const DUE = `
  SELECT delivery.device, delivery.kind, delivery.record,
    message.id, message.recipient, message.received_at, message.expires_at, message.content
  FROM delivery JOIN message ON message.id = delivery.message_id
  WHERE delivery.lease = 0 AND delivery.scope = ? AND delivery.run_at <= ?
  ORDER BY delivery.run_at, delivery.message_id LIMIT ?`
const LEASE_DELIVERY = 'UPDATE delivery SET lease = ? WHERE message_id = ? AND device = ? AND kind = ?'

const RELEASE_MESSAGES = 'UPDATE message SET lease = 0 WHERE stage < 2 AND stage = 0 AND lease > ?'
const RELEASE_DELIVERIES = 'UPDATE delivery SET lease = 0 WHERE lease > 0 AND lease > ?'

interface MessageRow {
  id: string
  recipient: string
  received_at: number
  expires_at: number
  content: string
}

interface DueRow extends MessageRow {
  device: string
  kind: RegistrationKind
  record: string
}

export function claimMessages(context: WriteContext, limit: number): ClaimedMessage[] {
  const rows = context.sql(UNBEGUN).all(limit) as unknown as MessageRow[]
  return rows.map(row => {
    context.sql(LEASE_MESSAGE).run(context.lease, row.id)
    const { active } = context.registrations.of(row.recipient)
    return { message: toQueued(row), registrations: [...active], revision: context.revision }
  })
}

export function claimDeliveries(
  context: WriteContext,
  { scope, now, limit }: OperationOf<'claimDeliveries'>,
): ClaimedDelivery[] {
  const rows = context.sql(DUE).all(scope, now, limit) as unknown as DueRow[]
  return rows.map(row => {
    context.sql(LEASE_DELIVERY).run(context.lease, row.id, row.device, row.kind)
    const { recipient, device, kind } = row
    const { revision } = context
    const record = JSON.parse(row.record) as DeliveryRecord
    const registration = readRegistration(context.sql, { recipient, device, kind })
    return {
      message: toQueued(row),
      record,
      registration: toFound(registration, record.firstVersion, revision),
      revision,
    }
  })
}

/** Gives back every lease, of whatever incarnation: with one process per file nobody else can hold one. */
export function releaseLeases(context: Pick<WriteContext, 'sql'>): undefined {
  releaseLeasesAfter(context, 0)
}

/** Gives back the leases that later batches took. */
export function releaseLeasesAfter({ sql }: Pick<WriteContext, 'sql'>, lease: number): void {
  sql(RELEASE_MESSAGES).run(lease)
  sql(RELEASE_DELIVERIES).run(lease)
}

function toQueued(row: MessageRow): QueuedMessage {
  return {
    id: row.id,
    receivedAt: row.received_at,
    expiresAt: row.expires_at,
    content: JSON.parse(row.content),
  }
}

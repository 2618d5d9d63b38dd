import type { Connection } from './connection.ts'
import type { Incarnations } from './incarnations.ts'
import type { Lease } from './lease.ts'
import { Transaction } from './transaction.ts'

// Waits for a batch that still runs at the server: until its transaction ends, it holds the row.
const LOCK = { text: 'SELECT FROM node WHERE id = $1 AND voided_at IS NULL FOR UPDATE' }
const RAISE = { text: 'UPDATE node SET fence = $2 WHERE id = $1' }
const RELEASE_MESSAGES = {
  text: 'UPDATE outbox SET lease = 0 WHERE stage = 0 AND lease = ANY ($1::bigint[])',
}
const RELEASE_DELIVERIES = {
  text: 'UPDATE delivery SET lease = 0 WHERE lease <> 0 AND lease = ANY ($1::bigint[])',
}

/**
 * After connections broke while something was being committed: from now on none of these batches can be committed any more,
 * and what those that were had leased is given back, since nobody was told of it. All other leases stay.
 */
export async function raiseFence(
  connection: Connection,
  incarnations: Incarnations,
  unknown: readonly Lease[],
): Promise<void> {
  const { current } = incarnations
  const transaction = new Transaction(connection)
  try {
    const { count } = await transaction.query(LOCK, [current])
    if (count === 0) {
      transaction.rollback()
      await incarnations.renew(connection, current)
      return
    }
    const ours = unknown.filter(({ incarnation }) => incarnation === current)
    const leases = ours.map(({ value }) => value)
    await Promise.all([
      transaction.query(RAISE, [current, Math.max(0, ...ours.map(({ batch }) => batch)) + 1]),
      transaction.query(RELEASE_MESSAGES, [leases]),
      transaction.query(RELEASE_DELIVERIES, [leases]),
      transaction.commit(),
    ])
  } catch (error) {
    transaction.rollback()
    throw transaction.firstError ?? error
  }
}

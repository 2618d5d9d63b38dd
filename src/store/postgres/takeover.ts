import type { Clock } from '../../domain/clock.ts'
import { releaseLeases } from './claims.ts'
import type { Queryable } from './connection.ts'
import { BATCHES, leaseOf } from './lease.ts'
import type { PostgresStoreEvents } from './postgres-events.ts'

const VOID_DEAD = {
  text: `
  UPDATE node SET voided_at = clock_timestamp() WHERE id = ANY (ARRAY(
    SELECT id FROM node WHERE voided_at IS NULL AND heartbeat_at < clock_timestamp() - $1 * interval '1 millisecond'
    FOR UPDATE SKIP LOCKED))`,
}
const VOID_ONE = { text: 'UPDATE node SET voided_at = clock_timestamp() WHERE id = $1 AND voided_at IS NULL' }
const LEASED = `lease >= n.id * ${BATCHES} AND lease < (n.id + 1) * ${BATCHES}`
const HOLDS = `(EXISTS (SELECT FROM outbox WHERE stage = 0 AND ${LEASED})
    OR EXISTS (SELECT FROM delivery WHERE lease <> 0 AND ${LEASED}))`
// A node that is restarted again and again leaves many that hold nothing.
const VOID = { text: `SELECT id FROM node n WHERE voided_at IS NOT NULL AND ${HOLDS}` }
/** Kept for a while: a transaction that began before may still commit. */
const FORGET = {
  text: `DELETE FROM node n WHERE voided_at < clock_timestamp() - interval '1 hour' AND NOT ${HOLDS}`,
}
const OLDEST_UNBEGUN = {
  text: 'SELECT received_at FROM outbox WHERE stage = 0 AND lease = 0 ORDER BY lease, id LIMIT 1',
}

/** Per node and heartbeat, so that several nodes share what there is to give back. */
const STEP = 2_000
/** So long may the node that accepted a message without having room for it take to come back to it. */
const PATIENCE_MS = 10_000

/** Gives back what incarnations hold that are void. Answers how many leases; `STEP` of them or more: there may be others. */
export async function releaseVoid(db: Queryable): Promise<number> {
  const { rows } = await db.query(VOID)
  let count = 0
  for (const [id] of rows) count += await releaseLeases(db, leaseOf(Number(id), 0), STEP)
  return count
}

/** Until nothing is left. */
export async function releaseAllVoid(db: Queryable): Promise<void> {
  while ((await releaseVoid(db)) > 0);
}

/** Ends an incarnation, and gives back what it holds. */
export async function endIncarnation(db: Queryable, id: number): Promise<void> {
  await db.query(VOID_ONE, [id])
  while ((await releaseLeases(db, leaseOf(id, 0), STEP)) > 0);
}

export interface TakeoverOptions {
  clock: Clock
  events: PostgresStoreEvents
  deadAfterMs: number
}

/**
 * What every node does for the others, each time it has shown that it is alive itself. Without a leader: who comes first takes a
 * step, and passes over what another one is at. Only who was heard for as long as it takes to be dead speaks others dead: after
 * an outage of the database, all of them come back at the same time.
 */
export async function takeOver(
  db: Queryable,
  heardForMs: number,
  { clock, events, deadAfterMs }: TakeoverOptions,
): Promise<void> {
  if (heardForMs >= deadAfterMs) await db.query(VOID_DEAD, [deadAfterMs])
  const count = await releaseVoid(db)
  await db.query(FORGET)
  if (count > 0) events.emit('store.leases-freed', { count })
  const { rows } = await db.query(OLDEST_UNBEGUN)
  const receivedAt = rows[0]?.[0]
  if (receivedAt === undefined) return
  if (count > 0 || clock.now() - Number(receivedAt) > PATIENCE_MS) events.emit('store.outbox-waits', {})
}

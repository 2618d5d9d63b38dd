import { randomUUID } from 'node:crypto'
import { aheadBy, type Clock } from '../../domain/clock.ts'
import { Availability } from '../shared/availability.ts'
import { Revisions } from '../shared/revisions.ts'
import { type CommitReply, WriteQueue } from '../shared/write-queue.ts'
import type { AcceptReceipt } from '../store.ts'
import { StoreUnavailableError } from '../store-unavailable.ts'
import { Connection } from './connection.ts'
import { connectionConfig, type Use } from './connection-config.ts'
import { toStoreError } from './failure.ts'
import { Incarnations } from './incarnations.ts'
import type { PostgresStoreOptions } from './options.ts'
import { Partitions } from './partitions.ts'
import { DEAD_AFTER_MS, HEARTBEAT_MS, Presence } from './presence.ts'
import { ReadPool } from './read-pool.ts'
import { takeOver } from './takeover.ts'
import { Writer } from './writer.ts'

const SETTLE_DELAY_MS = 50
const PARTITION_MS = 6 * 3_600_000
/** Besides one that writes, one that hears, and now and then one for partitions. */
const READ_CONNECTIONS = 3
const CHANNEL = 'push_relay_registration'

export interface Parts {
  queue: WriteQueue<CommitReply, AcceptReceipt>
  writer: Writer
  pool: ReadPool
  presence: Presence
  incarnations: Incarnations
  revisions: Revisions
  partitions: Partitions
  availability: Availability
  clock: Clock
  open(use: Use): Promise<Connection>
  closing?: Promise<void>
}

export function createParts(options: PostgresStoreOptions): Parts {
  const { url, events, dedupeWindowMs } = options
  const clock = options.keepsOwnTime ? options.clock : aheadBy(options.clock, () => presence.clockOffsetMs)
  const configOf = (use: Use) => connectionConfig(url, use, options.statementTimeoutMs)
  const open = (use: Use) => Connection.open(configOf(use))
  const shared = { channel: CHANNEL, origin: randomUUID() }
  const revisions = new Revisions()
  const incarnations = new Incarnations(() => {
    // Nothing that was read before is ours to use.
    revisions.restart(revisions.latest + 1)
    events.emit('store.leases-lost', {})
    return revisions.latest
  })
  const partitions = new Partitions({
    widthMs: options.tracePartitionMs ?? PARTITION_MS,
    open: () => open('maintain'),
  })
  const writer = new Writer({
    ...{ incarnations, partitions, revisions, clock, dedupeWindowMs },
    ...shared,
    open: () => open('write'),
    onUnavailable: error => fail(availability, error),
  })
  const queue = new WriteQueue<CommitReply, AcceptReceipt>({
    clock,
    settleDelayMs: options.settleDelayMs ?? SETTLE_DELAY_MS,
    commit: operations => writer.commit(operations),
    onCommitted: (_reply, commit) => {
      availability.committed()
      events.emit('store.commit', commit)
    },
    onFailed: error => fail(availability, error),
  })
  const probe = async () => {
    try {
      await writer.reach()
    } catch (error) {
      return fail(availability, toStoreError(error))
    }
    await queue.submit({ kind: 'probe' })
  }
  const availability = new Availability({ clock, events, probe })
  const { deadAfterMs = DEAD_AFTER_MS, heartbeatMs = HEARTBEAT_MS } = options
  const presence = new Presence({
    ...{ incarnations, revisions, events },
    clock: options.clock,
    ...shared,
    heartbeatMs,
    deadAfterMs,
    open: () => open('presence'),
    onBeat: async (connection, heardForMs) => {
      try {
        await takeOver(connection, heardForMs, { clock, events, deadAfterMs })
      } finally {
        await partitions.coverAhead(clock.now())
      }
    },
    onLost: error => fail(availability, toStoreError(error)),
  })
  const pool = new ReadPool({ ...configOf('read'), max: READ_CONNECTIONS })
  return { queue, writer, pool, presence, incarnations, revisions, partitions, availability, clock, open }
}

function fail(availability: Availability, error: unknown): void {
  if (error instanceof StoreUnavailableError) availability.failed(error.reason)
}

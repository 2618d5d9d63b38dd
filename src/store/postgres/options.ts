import type { Clock } from '../../domain/clock.ts'
import type { PostgresStoreEvents } from './postgres-events.ts'

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database`, with the parameters that libpq knows. */
  url: string
  dedupeWindowMs: number
  clock: Clock
  events: PostgresStoreEvents
  /** How long a settle waits for company. */
  settleDelayMs?: number
  /** How much time of settled messages a partition holds: that much later than asked for, traces are purged. */
  tracePartitionMs?: number
  /** How often a node says that it is alive, and how long it may be silent. */
  heartbeatMs?: number
  deadAfterMs?: number
  /** For tests: this machine's wall time is used as it is, however far it is from the database's. */
  keepsOwnTime?: true
  /** How long a statement may take, before the server gives it up; a little later we give up the server. */
  statementTimeoutMs?: number
  /** How long `open` waits for a database that does not answer yet. */
  patienceMs?: number
}

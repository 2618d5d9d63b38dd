import { existsSync, rmSync } from 'node:fs'
import { PostgresCluster } from '../../test/support/postgres-cluster.ts'
import { countEndedChild } from '../system/child.ts'
import { cpuMicrosOfFamily } from '../system/process-cpu.ts'

export interface Database {
  version: string
  /** RELAY_STORE for an empty one. */
  newStore(): Promise<string>
  /** Of the server and all its processes. */
  cpuMicros(): number
  /** Of its log, since it was made. */
  logBytes(): Promise<number>
  /** What settled messages in such a store have come to. */
  sizes(store: string): Promise<Sizes>
}

/** Bytes on disk per message, indexes included. */
export interface Sizes {
  trace: number
  /** By which a repetition is known. */
  key: number
}

const SIZES = `
  SELECT (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'push_relay.trace'::regclass)
      / (SELECT count(*) FROM push_relay.trace) AS trace,
    pg_total_relation_size('push_relay.duplicate') / (SELECT count(*) FROM push_relay.duplicate) AS key`

/** As Debian configures it: every commit is synced. */
const SETTINGS = { shared_buffers: '128MB' }

/** A PostgreSQL of the bench's own, in a directory of its own below `directory`. */
export async function withDatabase<T>(
  directory: string,
  use: (database: Database) => Promise<T>,
): Promise<T> {
  const server = await PostgresCluster.start({ settings: SETTINGS, directory })
  // Also when the bench is interrupted.
  const vanish = () => {
    process.kill(server.pid, 'SIGQUIT')
    removeOnceQuiet(server.socketFolder)
  }
  process.on('exit', vanish)
  try {
    const [shown] = await server.query('SHOW server_version')
    return await use({
      version: String(shown?.server_version),
      newStore: async () => (await server.createDatabase()).url,
      cpuMicros: () => cpuMicrosOfFamily(server.pid),
      async logBytes() {
        const [row] = await server.query("SELECT pg_current_wal_insert_lsn() - '0/0' AS bytes")
        return Number(row?.bytes)
      },
      async sizes(store) {
        const [row] = await server.query(SIZES, new URL(store).pathname.slice(1))
        return { trace: Number(row?.trace), key: Number(row?.key) }
      },
    })
  } finally {
    countEndedChild(cpuMicrosOfFamily(server.pid))
    process.off('exit', vanish)
    await server.destroy()
  }
}

const TRIES = 100
const BETWEEN_TRIES_MS = 20

/** At the end of this process nothing can be waited for otherwise; and the server may still write, which ends a removal halfway. */
function removeOnceQuiet(folder: string): void {
  const clock = new Int32Array(new SharedArrayBuffer(4))
  for (let tries = 0; tries < TRIES && existsSync(folder); tries++) {
    rmSync(folder, { recursive: true, force: true })
    Atomics.wait(clock, 0, 0, BETWEEN_TRIES_MS)
  }
}

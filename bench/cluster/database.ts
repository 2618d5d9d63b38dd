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
}

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

import { DatabaseError } from 'pg'
import { UnusableStoreError } from '../unusable-store.ts'
import { describe, judge } from './failure.ts'
import { checkServer, migrate, RefusedError } from './migrate.ts'
import { refuseHalfMoved } from './move-state.ts'
import type { PostgresStoreOptions } from './options.ts'
import type { Parts } from './parts.ts'
import { endIncarnation, releaseAllVoid } from './takeover.ts'

const PATIENCE_MS = 30_000
const AGAIN_MS = 1_000

/** Waits for a database that does not answer yet; rejects with words for the operator, without the password. */
export async function openParts(parts: Parts, options: PostgresStoreOptions): Promise<void> {
  const { events, patienceMs = PATIENCE_MS } = options
  const { clock } = parts
  const startedAt = clock.monotonic()
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await openOnce(parts)
    } catch (error) {
      const verdict = judge(error)
      if (verdict.next !== 'lost' || clock.monotonic() - startedAt >= patienceMs) {
        await closeParts(parts)
        throw unusable(error)
      }
      if (isFirst) events.emit('store.unavailable', { reason: verdict.reason })
      await new Promise<void>(resolve => clock.after(AGAIN_MS, resolve))
    }
  }
}

async function openOnce(parts: Parts): Promise<void> {
  const { open, incarnations, partitions, presence, clock } = parts
  const connection = await open('maintain')
  try {
    await checkServer(connection)
    await migrate(connection)
    await incarnations.begin(connection)
    await refuseHalfMoved(connection)
    await releaseAllVoid(connection)
  } finally {
    await connection.close()
  }
  await presence.start()
  await partitions.coverAhead(clock.now())
}

/** In words for the operator: an error's own words may quote what is in the rows. */
export function unusable(error: unknown): UnusableStoreError {
  return new UnusableStoreError(`the database cannot be used: ${explain(error)}`)
}

// What the server says when it lets nobody in names users and databases.
function explain(error: unknown): string {
  if (error instanceof RefusedError) return error.message
  const isRefusal = error instanceof DatabaseError && /^(?:28|3D|42501|53300)/.test(error.code ?? '')
  return isRefusal ? `${describe(error)}: ${error.message}` : describe(error)
}

/** Commits what is pending, gives back what is leased, closes. Idempotent. */
export function closeParts(parts: Parts): Promise<void> {
  parts.closing ??= close(parts)
  return parts.closing
}

async function close({ queue, availability, presence, pool, incarnations, writer }: Parts): Promise<void> {
  await queue.close()
  const isReachable = incarnations.current > 0 && availability.health().writable
  availability.close()
  await presence.stop()
  // Else the others find out by themselves.
  if (isReachable) await endIncarnation(pool, incarnations.current).catch(() => {})
  await pool.close()
  await writer.close()
}

import type { Clock } from '../../domain/clock.ts'
import type { NamedRegistration } from '../../domain/registration.ts'
import { toFound } from '../shared/found-registration.ts'
import type { Submit } from '../shared/operations.ts'
import type { Read } from '../shared/reads.ts'
import { createStoreCalls, toEntryRow } from '../shared/store-calls.ts'
import type { AcceptReceipt, FoundRegistration, Store } from '../store.ts'
import { StoreUnavailableError } from '../store-unavailable.ts'
import type { ZeropushRegistry } from '../zeropush-registry.ts'
import type { AsyncReadName } from './async-reads.ts'
import { toStoreError } from './failure.ts'
import { closeParts, openParts } from './life.ts'
import type { PostgresStoreOptions } from './options.ts'
import { createParts, type Parts } from './parts.ts'
import { createReads, readHeldRegistration } from './reads.ts'

export type PostgresStore = Store & {
  readonly zeropush: ZeropushRegistry
  /** With the database's wall time, which all nodes share. */
  readonly clock: Clock
}

/** The store in a PostgreSQL that several nodes share. */
export function createPostgresStore(options: PostgresStoreOptions): PostgresStore {
  const parts = createParts(options)
  const { queue, pool, revisions, availability, partitions, presence, clock } = parts
  const reads = createReads(pool)
  const submit: Submit<AcceptReceipt> = operation => queue.submit(operation)
  const read: Read = (name, argument) => {
    const ask = reads[name as AsyncReadName] as (argument: unknown) => Promise<never>
    return ask(argument)
  }
  return {
    ...createStoreCalls(submit, read),
    open: () => openParts(parts, options),
    accept: async entries => submit({ kind: 'accept', entries: entries.map(toEntryRow) }),
    purge: async (before, limit) => {
      const count = await submit({ kind: 'purge', before: clock.now() - options.dedupeWindowMs, limit })
      await partitions.dropBefore(before).catch(error => {
        throw toStoreError(error)
      })
      return count
    },
    isStale: (recipient, revision) => !presence.isHeard() || revisions.isStale(recipient, revision),
    registration: (named, revision) => findRegistration(parts, named, revision),
    health: () => availability.health(),
    close: () => closeParts(parts),
    clock,
  }
}

/**
 * Asked before each attempt of a delivery that was leased before something changed, also before we were silent for too long:
 * if we were taken for dead meanwhile, it is not ours any more, and nothing may be sent.
 */
async function findRegistration(
  { pool, revisions, incarnations }: Parts,
  { recipient, device, kind, firstVersion }: NamedRegistration,
  revision: number = Number.POSITIVE_INFINITY,
): Promise<FoundRegistration> {
  if (incarnations.hasLost(revision)) throw new StoreUnavailableError('timeout')
  // Taken before reading: a change that is heard of meanwhile makes the answer stale, not the other way round.
  const { latest } = revisions
  const { current } = incarnations
  const { isAlive, registration } = await readHeldRegistration(pool, { recipient, device, kind }, current)
  if (!isAlive) {
    await incarnations.renew(pool, current)
    throw new StoreUnavailableError('timeout')
  }
  return toFound(registration, firstVersion, latest)
}

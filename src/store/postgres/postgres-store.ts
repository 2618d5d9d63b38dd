import type { Clock } from '../../domain/clock.ts'
import type { NamedRegistration } from '../../domain/registration.ts'
import { toFirstRound } from '../shared/first-round.ts'
import { toFound } from '../shared/found-registration.ts'
import type { EntryRow, Submit } from '../shared/operations.ts'
import type { Read } from '../shared/reads.ts'
import { endInSteps } from '../shared/removal-steps.ts'
import { createZeropushRegistry } from '../shared/zeropush-calls.ts'
import type { AcceptEntry, AcceptReceipt, FoundRegistration, Store } from '../store.ts'
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
    open: () => openParts(parts, options),
    accept: async entries => submit({ kind: 'accept', entries: entries.map(toRow) }),
    settle: async settlement =>
      settlement.round === 'first'
        ? submit({ kind: 'settleFirst', round: toFirstRound(settlement) })
        : submit({ kind: 'settleLater', settlement }),
    claimMessages: async limit => submit({ kind: 'claimMessages', limit }),
    claimDeliveries: async (scope, now, limit) => submit({ kind: 'claimDeliveries', scope, now, limit }),
    releaseLeases: async () => submit({ kind: 'releaseLeases' }),
    expire: async (now, limit) => submit({ kind: 'expire', now, limit }),
    purge: async (before, limit) => {
      const count = await submit({ kind: 'purge', before: clock.now() - options.dedupeWindowMs, limit })
      await partitions.dropBefore(before).catch(error => {
        throw toStoreError(error)
      })
      return count
    },
    requeue: async (messageId, now) => submit({ kind: 'requeue', messageId, now }),
    register: async command => submit({ kind: 'register', command }),
    removeDevice: async (recipient, device, at) => {
      const first = await submit({ kind: 'removeDevice', recipient, device, at })
      return endInSteps(submit, { recipient, at }, first)
    },
    removeRecipient: async (recipient, at) => {
      const first = await submit({ kind: 'removeRecipient', recipient, at })
      return endInSteps(submit, { recipient, at }, first)
    },
    replaceSecret: async (name, former, value) => submit({ kind: 'replaceSecret', name, former, value }),
    markProven: async scope => submit({ kind: 'markProven', scope }),
    isStale: (recipient, revision) => !presence.isHeard() || revisions.isStale(recipient, revision),
    registration: (named, revision) => findRegistration(parts, named, revision),
    registrations: recipient => read('registrations', recipient),
    message: id => read('message', id),
    messages: query => read('messages', query),
    outbox: () => read('outbox'),
    hasUnbegun: () => read('hasUnbegun'),
    waitingScopes: () => read('waitingScopes'),
    secret: name => read('secret', name),
    provenScopes: () => read('provenScopes'),
    health: () => availability.health(),
    close: () => closeParts(parts),
    zeropush: createZeropushRegistry(submit, read),
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

function toRow(entry: AcceptEntry): EntryRow {
  const { content, notes, ...rest } = entry
  return {
    ...rest,
    content: content === undefined ? null : JSON.stringify(content),
    notes: notes.length === 0 ? null : notes,
  }
}

import type { Clock } from '../domain/clock.ts'
import type { Store } from '../store/store.ts'
import { StoreUnavailableError } from '../store/store-unavailable.ts'
import type { Events } from '../telemetry/events.ts'
import { Loop } from './loop.ts'

/** Half of it, on average, is what it adds to a message's way. */
const LOOK_MS = 100
/** After so many looks: what was revived, or registered anew, is noticed within two seconds. */
const LOOKS_PER_WAKE = 20

export interface OutboxWatchDependencies {
  store: Pick<Store, 'hasUnbegun'>
  dispatcher: { wake(): void; wakeForDue(): void }
  clock: Clock
  events: Events
}

/**
 * For a node that accepts nothing itself: other nodes do, and tell it nothing. A look is one step in an index and writes
 * nothing; a signal with every commit would have all nodes wait for each other, for PostgreSQL sends signals one after another.
 */
export function createOutboxWatch({ store, dispatcher, clock, events }: OutboxWatchDependencies): Loop {
  let looks = 0
  const turn = async () => {
    if (await hasUnbegun(store)) dispatcher.wake()
    if (++looks % LOOKS_PER_WAKE === 0) dispatcher.wakeForDue()
    // Spread, so that several nodes do not look together.
    return LOOK_MS * (0.5 + clock.random())
  }
  return new Loop('outbox-watch', turn, { clock, events })
}

async function hasUnbegun(store: Pick<Store, 'hasUnbegun'>): Promise<boolean> {
  try {
    return await store.hasUnbegun()
  } catch (error) {
    // The store tells its own trouble.
    if (error instanceof StoreUnavailableError) return false
    throw error
  }
}

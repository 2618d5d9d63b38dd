import type { Clock } from '../domain/clock.ts'
import type { Store } from '../store/store.ts'
import type { Events } from '../telemetry/events.ts'
import { Loop } from './loop.ts'

/** Rows per step, and the pause between steps: an accept never waits behind a long deletion. */
const STEP = 500
const BETWEEN_STEPS_MS = 100
const WHEN_DONE_MS = 30_000

export interface ReaperDependencies {
  store: Pick<Store, 'expire' | 'purge'>
  clock: Clock
  events: Events
  traceRetentionMs: number
}

/** Ends deliveries whose message has expired while they waited, and deletes old traces, in small steps. */
export function createReaper({ store, clock, events, traceRetentionMs }: ReaperDependencies): Loop {
  const turn = async () => {
    const expired = await store.expire(clock.now(), STEP)
    for (const { id, state } of expired.settled) events.emit('message.settled', { messageId: id, state })
    const purged = await store.purge(clock.now() - traceRetentionMs, STEP)
    return expired.count === STEP || purged === STEP ? BETWEEN_STEPS_MS : WHEN_DONE_MS
  }
  return new Loop('reaper', turn, { clock, events })
}

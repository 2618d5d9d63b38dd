import { systemClock } from '../../src/domain/clock.ts'
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { createEvents } from '../../src/telemetry/events.ts'

/** As the relay opens it. */
export async function openStore(path: string): Promise<Store> {
  const store = createSqliteStore({
    path,
    dedupeWindowMs: 3_600_000,
    clock: systemClock,
    events: createEvents(),
  })
  await store.open()
  return store
}

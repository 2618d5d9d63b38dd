import { systemClock } from '../../../src/domain/clock.ts'
import { createSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { createEvents } from '../../../src/telemetry/events.ts'

/** Tries to open the store that another process has. */
const store = createSqliteStore({
  path: process.argv[2] ?? '',
  dedupeWindowMs: 1,
  clock: systemClock,
  events: createEvents(),
})
try {
  await store.open()
  console.log('opened')
} catch (error) {
  console.log(`refused: ${error instanceof Error ? error.message : ''}`)
}
await store.close()

import { systemClock } from '../../../src/domain/clock.ts'
import { createSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { StoreUnavailableError } from '../../../src/store/store-unavailable.ts'
import { createEvents } from '../../../src/telemetry/events.ts'
import { ALICE, BOB, entry, registered } from '../../contract/store/fixtures.ts'

/** Fills a store that cannot grow beyond its process's file size limit, and reports as JSON what became of it. */
const events = createEvents()
const heard: string[] = []
const recovered = Promise.withResolvers<void>()
events.on('store.unavailable', ({ reason }) => heard.push(`unavailable ${reason}`))
events.on('store.recovered', () => {
  heard.push('recovered')
  recovered.resolve()
})
const store = createSqliteStore({
  path: process.argv[2] ?? '',
  dedupeWindowMs: 1,
  clock: systemClock,
  events,
})
await store.open()
await registered(store)

const body = 'x'.repeat(8000)
const content = { recipient: ALICE, sender: BOB, type: 'chat', body, encrypted: false } as const
const acknowledged: string[] = []
const refused: string[] = []
let reason = ''
while (reason === '') {
  const batch = Array.from({ length: 20 }, () => entry({ content }))
  const ids = batch.map(({ id }) => id)
  try {
    await store.accept(batch)
    acknowledged.push(...ids)
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error
    reason = error.reason
    refused.push(...ids)
  }
}
const healthAfter = store.health()
const count = async (ids: string[]) => {
  const traces = await Promise.all(ids.map(id => store.message(id)))
  return traces.filter(trace => trace !== undefined).length
}
const found = await count(acknowledged)
const foundRefused = await count(refused)
// The log is cut when it is idle, and then there is room again.
await recovered.promise
await store.close()
console.log(
  JSON.stringify({ acknowledged: acknowledged.length, found, foundRefused, reason, healthAfter, heard }),
)

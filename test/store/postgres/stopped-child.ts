import { systemClock } from '../../../src/domain/clock.ts'
import { createPostgresStore } from '../../../src/store/postgres/postgres-store.ts'
import { createEvents } from '../../../src/telemetry/events.ts'
import { ALICE, accepted, HOUR, record, settlement } from '../../contract/store/fixtures.ts'

// Accepts a message, and is then stopped for as long as it takes to be dead. Says what it finds when it goes on.
const [url = ''] = process.argv.slice(2)
const store = createPostgresStore({
  ...{ url, dedupeWindowMs: HOUR, clock: systemClock, events: createEvents(), settleDelayMs: 0 },
  ...{ heartbeatMs: 100, deadAfterMs: 600 },
})
await store.open()
const { id, revision, registrations } = await accepted(store)
const [phone] = registrations
if (phone === undefined) throw new Error('no registration')
const say = (word: string, value: unknown) => process.stdout.write(`${word} ${value}\n`)
say('accepted', id)
while (!store.isStale(ALICE, revision)) await new Promise<void>(resolve => systemClock.after(20, resolve))
say('stale', true)
say('settled', await store.settle(settlement(id, [{ record: record(id, phone) }])))
const again = await accepted(store)
say('again', await store.settle(settlement(again.id, [{ record: record(again.id, phone) }])))
await store.close()

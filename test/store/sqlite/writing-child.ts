import { systemClock } from '../../../src/domain/clock.ts'
import { newMessageId } from '../../../src/domain/message-id.ts'
import { createSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { createEvents } from '../../../src/telemetry/events.ts'
import { ALICE, entry, record, registered, settlement } from '../../contract/store/fixtures.ts'

/** Accepts and settles for ever, and says on stdout what was acknowledged: `a <id>` accepted, `s <id>` settled. */
const store = createSqliteStore({
  path: process.argv[2] ?? '',
  dedupeWindowMs: 1,
  clock: systemClock,
  events: createEvents(),
})
await store.open()
const phone = await registered(store)

async function acceptAndSettle(): Promise<void> {
  const id = newMessageId()
  await store.accept([entry({ id, recipient: ALICE })])
  process.stdout.write(`a ${id}\n`)
  if (await store.settle(settlement(id, [{ record: record(id, phone) }]))) process.stdout.write(`s ${id}\n`)
}

for (;;) await Promise.all(Array.from({ length: 50 }, acceptAndSettle))

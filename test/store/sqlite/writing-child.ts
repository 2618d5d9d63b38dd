import { systemClock } from '../../../src/domain/clock.ts'
import { newMessageId } from '../../../src/domain/message-id.ts'
import { createSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { createEvents } from '../../../src/telemetry/events.ts'
import {
  ALICE,
  entry,
  record,
  registered,
  SCOPE,
  settlement,
  T0,
  waits,
} from '../../contract/store/fixtures.ts'

/**
 * Accepts and settles for ever, half of it only when it has waited, and says on stdout what was acknowledged: `a <id>`
 * accepted, `w <id>` waits, `s <id>` settled, `l <id>` settled in a later round.
 */
const store = createSqliteStore({
  path: process.argv[2] ?? '',
  dedupeWindowMs: 1,
  clock: systemClock,
  events: createEvents(),
})
await store.open()
const phone = await registered(store)

async function acceptAndSettle(_: unknown, index: number): Promise<void> {
  const id = newMessageId()
  await store.accept([entry({ id, recipient: ALICE })])
  process.stdout.write(`a ${id}\n`)
  const isToWait = index % 2 === 1
  const result = isToWait ? waits(id, phone, { runAt: T0 }) : { record: record(id, phone) }
  if (await store.settle(settlement(id, [result]))) process.stdout.write(`${isToWait ? 'w' : 's'} ${id}\n`)
}

async function claimAndSettle(): Promise<void> {
  const claimed = await store.claimDeliveries(SCOPE, T0, 20)
  const settleLater = async ({ message: { id } }: (typeof claimed)[number]) => {
    const later = settlement(id, [{ record: record(id, phone) }], { round: 'later' })
    if (await store.settle(later)) process.stdout.write(`l ${id}\n`)
  }
  await Promise.all(claimed.map(settleLater))
}

for (;;) await Promise.all([claimAndSettle(), ...Array.from({ length: 50 }, acceptAndSettle)])

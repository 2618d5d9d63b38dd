import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { type MoveOptions, moveStore } from '../../src/move.ts'
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { createEvents } from '../../src/telemetry/events.ts'
import {
  accepted,
  BOB,
  entry,
  HOUR,
  record,
  registered,
  settlement,
  T0,
  type WholeStore,
  waitingMessage,
  waits,
} from '../contract/store/fixtures.ts'
import { device } from '../contract/store/zeropush.ts'
import { StillClock } from '../support/still-clock.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

export const CAROL = 'carol@example.org'
export const DAVE = 'dave@example.org'
export const RECENT_KEY = '0123456789abcdef0123456789abcdef'
export const NUL = String.fromCharCode(0)
/** What no output may hold. */
export const TEXT = 'Meet me at the old bridge'

/** Opens the store of a file with all of T0's time. */
export async function openFile(path: string): Promise<WholeStore> {
  const clock = new StillClock(T0)
  const store = createSqliteStore({ path, dedupeWindowMs: HOUR, clock, events: createEvents() })
  await store.open()
  return store
}

/** A file of a relay that has stopped, with something of all that there is in it; `fill` adds more. */
export async function makeFile(
  t: TestContext,
  fill: (store: WholeStore) => Promise<unknown> = fillWithEverything,
): Promise<string> {
  const path = join(temporaryDirectory(t), 'relay.db')
  const store = await openFile(path)
  await fill(store).finally(() => store.close())
  return path
}

export async function fillWithEverything(store: WholeStore): Promise<void> {
  await fillRegistrations(store)
  await fillMessages(store)
  for (const letter of 'ab') {
    await store.zeropush.register(device(letter, { channels: ['news', `only ${letter}`] }))
  }
  await store.zeropush.changeBadge('aaaa', { set: 7 })
  await store.replaceSecret('notification-hash-key', undefined, 'the key of hashes')
  await store.replaceSecret('apns-provider-token/x', undefined, '{"jwt":"a.b.c","issuedAt":1}')
  await store.markProven('apns/K/production')
}

async function fillRegistrations(store: WholeStore): Promise<void> {
  await registered(store, { token: 'aa', name: 'Alice’s 📱', locale: 'de', preview: 'sender' })
  await registered(store, { device: 'tablet', token: 'bb', environmentSource: 'client' })
  await registered(store, { recipient: BOB, token: 'cc' })
  // Bob's phone is Carol's now.
  await registered(store, { recipient: CAROL, token: 'cc', at: T0 + 5, maxMoves: 5 })
  // Of two recipients at once, and longer than an index takes.
  for (const recipient of [BOB, DAVE]) {
    await registered(store, {
      recipient,
      device: 'prowl',
      provider: 'prowl',
      token: 'k'.repeat(9000),
      isShared: true,
    })
  }
  const { id, registrations } = await accepted(store, { recipient: DAVE })
  const [dave] = registrations
  assert(dave)
  const effect = { kind: 'unregistered', version: dave.version, since: T0, reason: `gone${NUL}` } as const
  await store.settle(settlement(id, [{ record: record(id, dave), effect }], { recipient: DAVE }))
  await registered(store, { recipient: DAVE, device: 'second', token: 'dd' })
}

async function fillMessages(store: WholeStore): Promise<void> {
  const content = (recipient: string) => ({
    ...{ recipient, sender: BOB, type: 'chat' as const, body: `${TEXT}${NUL} 👋`, encrypted: false },
  })
  const body = { content: content(CAROL), recipient: CAROL }
  // Nobody has begun, somebody has, one waits, of one a part is over; what was said before is known by its key.
  await accepted(store, { ...body, leased: false, dedupeKey: RECENT_KEY, notes: ['nick'] })
  await accepted(store, { ...body, leased: true, dedupeKey: 'not of that form' })
  await waitingMessage(store, { ...body, runAt: T0 + 9000, scope: 'apns/K/production' })
  await waitingMessage(store, { ...body, runAt: T0 + 10, scope: 'apns/K/sandbox' })
  const { id, registrations } = await accepted(store)
  const [phone, tablet] = registrations
  assert(phone && tablet)
  await store.settle(settlement(id, [{ record: record(id, phone) }, waits(id, tablet)]))
  // Over: it stays where it is, but is not said twice.
  const over = await accepted(store, { dedupeKey: 'over' })
  await store.settle(
    settlement(
      over.id,
      over.registrations.map(one => ({ record: record(over.id, one) })),
    ),
  )
  await store.accept([entry({ recipient: 'nobody@example.org', dedupeKey: 'ignored' })])
}

export function move(from: string, to: string, options: Partial<MoveOptions> = {}) {
  return moveStore({ from, to, now: T0, dedupeWindowMs: HOUR, onProgress: () => {}, ...options })
}

/** As an operator would look into a file. */
export function inFile<T>(path: string, look: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(path)
  try {
    return look(db)
  } finally {
    db.close()
  }
}

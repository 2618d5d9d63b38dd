import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../../src/domain/clock.ts'
import { systemClock } from '../../../src/domain/clock.ts'
import type { MessageContent } from '../../../src/domain/offline-message.ts'
import { checkStore } from '../../../src/store/sqlite/check-store.ts'
import { IdleCheckpoint } from '../../../src/store/sqlite/idle-checkpoint.ts'
import type { RemoveResult, Store } from '../../../src/store/store.ts'
import {
  ALICE,
  accepted,
  entry,
  HOUR,
  record,
  registered,
  SCOPE,
  settlement,
  T0,
  waits,
} from '../../contract/store/fixtures.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { openStore } from './support.ts'

const SECRET = 'the rabbit is in the hat'
const FILES = ['', '-wal'] as const

/** Every text is found again, and longer ones spill to pages of their own. */
function secretContent(index: number): Partial<{ content: MessageContent }> {
  const body = `${SECRET} ${index} `.repeat(index % 11 === 0 ? 150 : 1 + (index % 7))
  const nick = `${SECRET} nick`
  return { content: { recipient: ALICE, sender: 'b@c', type: 'chat', body, encrypted: false, nick } }
}

function occurrences(path: string): number {
  return FILES.map(suffix => readFileSync(path + suffix, 'latin1').split(SECRET).length - 1).reduce(
    (a, b) => a + b,
  )
}

/** A clock whose idle timers a test fires: those that wait a second for silence. */
function clockWithIdle(): { clock: Clock; idle: () => void } {
  let fire: (() => void) | undefined
  const after: Clock['after'] = (delayMs, callback) => {
    if (delayMs < 1000) return systemClock.after(delayMs, callback)
    fire = callback
    return () => {}
  }
  return { clock: { ...systemClock, after }, idle: () => fire?.() }
}

async function acceptMany(store: Store, count: number): Promise<string[]> {
  const all = Array.from({ length: count }, (_, i) => accepted(store, secretContent(i)))
  return (await Promise.all(all)).map(({ id }) => id)
}

/** Neighbours end at different times: rows grow, shrink and change pages in every order. */
function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item, index) => ({ item, key: (index * 7919) % 1009 }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item)
}

test('text is in neither file once no attempt can follow', async t => {
  const { store, path } = await openStore(t)
  const phone = await registered(store)
  const ids = await acceptMany(store, 1500)
  assert(occurrences(path) > 1500)
  const [ended, retried] = [ids.filter((_, i) => i % 3 !== 0), ids.filter((_, i) => i % 3 === 0)]
  const first = (id: string) => store.settle(settlement(id, [{ record: record(id, phone) }]))
  await Promise.all(shuffled(retried).map(id => store.settle(settlement(id, [waits(id, phone)]))))
  for (let i = 0; i < 10; i++)
    await Promise.all(
      shuffled(ended)
        .slice(i * 100, i * 100 + 100)
        .map(first),
    )
  await acceptMany(store, 300).then(more => Promise.all(shuffled(more).map(first)))
  const claimed = await store.claimDeliveries(SCOPE, T0 + HOUR, 250)
  const ends = claimed.map(({ message: { id } }, i) => {
    const state = i % 2 === 0 ? 'accepted' : 'unregistered'
    return settlement(id, [{ record: record(id, phone, { state }) }], { round: 'later' })
  })
  assert.deepEqual(
    new Set(await Promise.all(ends.map(end => store.settle(end)))),
    new Set(['accepted', 'unreachable']),
  )
  assert.equal((await store.expire(T0 + 24 * HOUR, 1000)).count, 250)
  await store.close()
  assert.equal(readFileSync(path, 'latin1').split(SECRET).length - 1, 0)
  assert((await checkStore(path)).ok)
})

for (const [name, remove] of [
  ['removeDevice', store => store.removeDevice(ALICE, 'phone', T0)],
  ['removeRecipient', store => store.removeRecipient(ALICE, T0)],
] as [string, (store: Store) => Promise<RemoveResult>][]) {
  test(`${name}: text that waits, or that only a requeue could use, is gone while the relay runs`, async t => {
    const { clock, idle } = clockWithIdle()
    const { store, path } = await openStore(t, { clock })
    const phone = await registered(store)
    const unbegun = Array.from({ length: 300 }, (_, i) => entry({ ...secretContent(i), leased: false }))
    await store.accept(unbegun)
    const [retried, dead] = [await acceptMany(store, 300), await acceptMany(store, 50)]
    await Promise.all(retried.map(id => store.settle(settlement(id, [waits(id, phone)]))))
    await Promise.all(
      dead.map(id => store.settle(settlement(id, [{ record: record(id, phone, { state: 'dead' }) }]))),
    )
    idle()
    await store.claimDeliveries('none', T0, 1)
    assert(occurrences(path) > 650)
    assert.equal((await remove(store)).settled.length, 600)
    idle()
    // The writer does one thing after the other: what is asked next is answered after the log was cut.
    await store.claimDeliveries('none', T0, 1)
    assert.equal(occurrences(path), 0)
    assert.equal((await store.outbox()).pending, 0)
  })
}

test('text of a dead message is kept for a requeue, and gone when that is too late', async t => {
  const { store, path } = await openStore(t)
  const phone = await registered(store)
  const ids = await acceptMany(store, 50)
  const dead = (id: string) => settlement(id, [{ record: record(id, phone, { state: 'dead', reason: 'x' }) }])
  await Promise.all(ids.map(id => store.settle(dead(id))))
  assert(occurrences(path) > 0)
  assert.deepEqual(await store.expire(T0 + 24 * HOUR, 1000), { settled: [], count: 50 })
  await store.close()
  assert.equal(readFileSync(path, 'latin1').includes(SECRET), false)
})

test('when nothing is written for a second the log is cut, so that the text is gone while the relay runs', async t => {
  const { clock, idle } = clockWithIdle()
  const { store, path } = await openStore(t, { clock })
  const phone = await registered(store)
  const ids = await acceptMany(store, 100)
  await Promise.all(ids.map(id => store.settle(settlement(id, [{ record: record(id, phone) }]))))
  assert(occurrences(path) > 0, 'the log still has it')
  idle()
  // The writer does one thing after the other: what is asked next is answered after the log was cut.
  await store.claimMessages(1)
  assert.equal(occurrences(path), 0)
})

/** A clock whose waits from half a second up a test moves. */
function clockWithTrickle(): { clock: Clock; advance: (ms: number) => void } {
  const fake = new FakeClock()
  const after: Clock['after'] = (delayMs, callback) =>
    delayMs < 500 ? systemClock.after(delayMs, callback) : fake.after(delayMs, callback)
  return { clock: { ...systemClock, monotonic: fake.monotonic, after }, advance: ms => fake.advance(ms) }
}

test('the log is cut within ten seconds, however little silence there is', async t => {
  const { clock, advance } = clockWithTrickle()
  const { store, path } = await openStore(t, { clock })
  const phone = await registered(store)
  const { id } = await accepted(store, secretContent(0))
  await store.settle(settlement(id, [{ record: record(id, phone) }]))
  for (let elapsed = 0; elapsed < 9_500; elapsed += 500) {
    advance(500)
    await accepted(store)
  }
  assert(occurrences(path) > 0, 'no silence of a second yet')
  advance(500)
  await store.claimMessages(1)
  assert.equal(occurrences(path), 0)
})

test('idle checkpoint: a second after the last write, at most ten after the first, again when a reader was in the way', async () => {
  const clock = new FakeClock()
  const attempts: number[] = []
  const start = clock.now()
  let isCut = true
  const checkpoint = new IdleCheckpoint(clock, async () => {
    attempts.push(clock.now() - start)
    return isCut
  })
  for (let at = 0; at < 12_000; at += 600) {
    checkpoint.written()
    clock.advance(600)
  }
  assert.deepEqual(attempts, [10_000])
  isCut = false
  clock.advance(1000)
  await setImmediate()
  clock.advance(1000)
  assert.deepEqual(attempts, [10_000, 12_400, 14_000])
  checkpoint.stop()
  await setImmediate()
  assert.equal(clock.pendingTimers(), 0)
})

test('a reader does not keep the log from being cut for good', async t => {
  const { clock, idle } = clockWithIdle()
  const { store, path } = await openStore(t, { clock })
  await registered(store)
  const { id } = await accepted(store)
  await Promise.all([store.message(id), store.messages({ limit: 10 }), store.outbox()])
  idle()
  await store.claimMessages(1)
  assert.equal(readFileSync(`${path}-wal`).length <= 4096 * 3, true)
})

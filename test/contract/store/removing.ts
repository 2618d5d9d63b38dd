import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from '../../../src/store/store.ts'
import type { MakeStore } from './fixtures.ts'
import {
  ALICE,
  accepted,
  BOB,
  HOUR,
  record,
  registered,
  SCOPE,
  settlement,
  T0,
  waitingMessage,
  waits,
} from './fixtures.ts'

const NOW = T0 + 500
const PHONE = { recipient: ALICE, device: 'phone', kind: 'alert' } as const

const REMOVALS: [string, (store: Store) => ReturnType<Store['removeRecipient']>][] = [
  ['removeDevice', store => store.removeDevice(ALICE, 'phone', NOW)],
  ['removeRecipient', store => store.removeRecipient(ALICE, NOW)],
]

/** All that anybody could still take up, now or once it is due. */
async function claimable(store: Store): Promise<string[]> {
  const messages = await store.claimMessages(100)
  const scopes = await store.waitingScopes()
  const deliveries = await Promise.all(
    scopes.map(({ scope }) => store.claimDeliveries(scope, T0 + 9 * HOUR, 100)),
  )
  return [...messages, ...deliveries.flat()].map(({ message }) => message.id)
}

export function removingContract(make: MakeStore): void {
  test('removeDevice and removeRecipient say what was there', async t => {
    const { store } = await make(t)
    await registered(store)
    await registered(store, { device: 'tablet', token: 'bb22' })
    await registered(store, { recipient: BOB, token: 'cc33' })
    assert.deepEqual(await store.removeDevice(ALICE, 'phone', NOW), { removed: 1, settled: [] })
    assert.deepEqual(await store.removeDevice(ALICE, 'phone', NOW), { removed: 0, settled: [] })
    await registered(store)
    assert.deepEqual(await store.removeRecipient(ALICE, NOW), { removed: 2, settled: [] })
    assert.deepEqual(await store.removeRecipient(ALICE, NOW), { removed: 0, settled: [] })
    assert.deepEqual(await store.registrations(ALICE), [])
    assert.equal((await store.registrations(BOB)).length, 1)
    assert.deepEqual(await store.registration(PHONE), { found: false, reason: 'removed' })
  })

  for (const [name, remove] of REMOVALS) {
    test(`${name} ends what waits for it: a new registration of the key inherits nothing`, async t => {
      const { store } = await make(t)
      await registered(store)
      await registered(store, { recipient: BOB, token: 'cc33' })
      const retried = await waitingMessage(store)
      const unbegun = await accepted(store, { leased: false })
      const other = await accepted(store, { recipient: BOB, leased: false })
      const { removed, settled } = await remove(store)
      assert.equal(removed, 1)
      assert.deepEqual(settled, [
        { id: retried.id, state: 'unreachable' },
        { id: unbegun.id, state: 'unreachable' },
      ])
      await registered(store, { token: 'bb22', at: NOW + 1 })
      assert.deepEqual(await claimable(store), [other.id])
      for (const { id } of [retried, unbegun]) {
        const trace = await store.message(id)
        assert.deepEqual(
          [trace?.state, trace?.reason, trace?.settledAt],
          ['unreachable', 'registration-removed', NOW],
        )
      }
      const [delivery] = (await store.message(retried.id))?.deliveries ?? []
      assert.deepEqual(
        [delivery?.state, delivery?.reason, delivery?.attemptCount],
        ['unregistered', 'registration-removed', 1],
      )
      assert.equal((await store.outbox()).pending, 1)
    })

    test(`${name}: what is under way is its holder's, and not the next registration's`, async t => {
      const harness = await make(t)
      const { store } = harness
      const former = await registered(store)
      const later = await waitingMessage(store)
      const first = await accepted(store)
      await store.claimDeliveries(SCOPE, T0 + 1000, 10)
      const failing = await accepted(store)
      assert.deepEqual((await remove(store)).settled, [])
      const accept = [{ record: record(first.id, former) }]
      assert.equal(await store.settle(settlement(first.id, accept)), 'accepted')
      // One that could not be read again goes back to the waiting ones.
      const back = settlement(later.id, [waits(later.id, former)], { round: 'later' })
      assert.equal(await store.settle(back), 'pending')
      const next = await registered(store, { token: 'bb22', at: NOW + 1 })
      assert.notEqual(next.firstVersion, former.firstVersion)
      assert.deepEqual(await store.registration(former), { found: false, reason: 'removed' })
      assert.equal((await store.registration(next)).found, true)
      const [waiting] = await store.waitingScopes()
      const [claimed] = await store.claimDeliveries(waiting?.scope ?? '', T0 + HOUR, 10)
      assert.deepEqual(claimed?.registration, { found: false, reason: 'removed' })
      const restarted = await harness.restart()
      assert.deepEqual(await restarted.claimMessages(10), [], 'its holder died')
      assert.equal((await restarted.message(failing.id))?.state, 'unreachable')
    })

    test(`${name}: what is dead cannot be revived for the next registration`, async t => {
      const { store } = await make(t)
      const phone = await registered(store)
      const { id } = await accepted(store)
      await store.settle(settlement(id, [{ record: record(id, phone, { state: 'dead', reason: 'x' }) }]))
      assert.deepEqual((await remove(store)).settled, [])
      await registered(store, { token: 'bb22' })
      assert.equal(await store.requeue(id, NOW), 'expired', 'its text is gone')
    })
  }

  test('what was for a removed registration does not go along with the next one either', async t => {
    const { store } = await make(t)
    const former = await registered(store)
    const { id } = await waitingMessage(store)
    await store.claimDeliveries(SCOPE, T0 + 1000, 10)
    await store.removeDevice(ALICE, 'phone', NOW)
    await store.settle(settlement(id, [waits(id, former)], { round: 'later' }))
    await registered(store)
    await registered(store, { device: 'reinstalled' })
    const [waiting] = await store.waitingScopes()
    const [claimed] = await store.claimDeliveries(waiting?.scope ?? '', T0 + HOUR, 10)
    assert.deepEqual(claimed?.registration, { found: false, reason: 'removed' })
  })

  test('removeDevice leaves the other devices what is theirs', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    const tablet = await registered(store, { device: 'tablet', token: 'bb22' })
    const both = await accepted(store)
    await store.settle(settlement(both.id, [waits(both.id, phone), waits(both.id, tablet)]))
    const done = await accepted(store)
    await store.settle(settlement(done.id, [waits(done.id, phone), { record: record(done.id, tablet) }]))
    const unbegun = await accepted(store, { leased: false })
    const { settled } = await store.removeDevice(ALICE, 'phone', NOW)
    assert.deepEqual(settled, [{ id: done.id, state: 'partial' }])
    const [message] = await store.claimMessages(10)
    assert.deepEqual([message?.message.id, message?.registrations], [unbegun.id, [tablet]])
    const [claimed, ...others] = await store.claimDeliveries(SCOPE, T0 + 1000, 10)
    assert.deepEqual([claimed?.message.id, claimed?.record.device, others], [both.id, 'tablet', []])
    const results = [{ record: record(both.id, tablet) }]
    assert.equal(await store.settle(settlement(both.id, results, { round: 'later' })), 'partial')
  })

  test('a queue longer than one step ends as a whole, and nothing that came later', async t => {
    const { store } = await make(t)
    await registered(store)
    const old = await Promise.all(Array.from({ length: 1200 }, () => accepted(store, { leased: false })))
    const removal = store.removeRecipient(ALICE, NOW)
    // In the middle of it: the account is created anew.
    const created = registered(store, { token: 'bb22', at: NOW + 1 })
    const young = await accepted(store, { leased: false })
    await Promise.all([removal, created])
    const claimed = await store.claimMessages(2000)
    assert.deepEqual(
      claimed.map(({ message }) => message.id),
      [young.id],
    )
    const states = await Promise.all(old.map(async ({ id }) => (await store.message(id))?.reason))
    assert.deepEqual(new Set(states), new Set(['registration-removed']))
  })

  test('removeRecipient says of every message of a long queue that it ended', async t => {
    const { store } = await make(t)
    await registered(store)
    const waiting = await Promise.all(Array.from({ length: 1200 }, () => waitingMessage(store)))
    const { settled } = await store.removeRecipient(ALICE, NOW)
    assert.deepEqual(new Set(settled.map(({ id }) => id)), new Set(waiting.map(({ id }) => id)))
    assert.equal((await store.outbox()).pending, 0)
  })
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { AcceptReceipt } from '../../../src/store/store.ts'
import type { MakeStore, StoreHarness, WholeStore } from './fixtures.ts'
import {
  ALICE,
  accepted,
  BOB,
  entry,
  HOUR,
  record,
  registered,
  SCOPE,
  settlement,
  T0,
  waitingMessage,
  waits,
} from './fixtures.ts'

/** A store, and another node's on the same data. */
async function pair(harness: StoreHarness): Promise<[WholeStore, WholeStore]> {
  assert(harness.join)
  return [harness.store, await harness.join()]
}

const claimedBy = async (stores: readonly WholeStore[], claim: (store: WholeStore) => Promise<string[]>) => {
  const claims = await Promise.all([...stores, ...stores, ...stores].map(claim))
  return claims.flat()
}

/** What every adapter promises that several nodes share. */
export function sharingContract(make: MakeStore): void {
  test('sharing: what one node writes, another one reads', async t => {
    const [one, other] = await pair(await make(t))
    const phone = await registered(one)
    assert.deepEqual(await other.registrations(ALICE), [phone])
    const { id, registrations } = await accepted(other)
    assert.deepEqual(registrations, [phone])
    assert.equal((await one.message(id))?.state, 'pending')
    assert.equal((await one.outbox()).pending, 1)
  })

  test('sharing: what is leased by one node, no other claims or settles', async t => {
    const [one, other] = await pair(await make(t))
    const phone = await registered(one)
    const { id } = await accepted(one)
    assert.deepEqual(await other.claimMessages(10), [])
    const done = settlement(id, [{ record: record(id, phone) }])
    const parked = { record: record(id, phone, { state: 'pending' }), wait: { scope: SCOPE, runAt: T0 } }
    assert.equal(await other.settle(done), undefined)
    assert.equal(await other.settle(settlement(id, [parked])), undefined)
    await other.releaseLeases()
    assert.equal(await one.settle(done), 'accepted')
  })

  test('sharing: two nodes claim messages at the same time: each is claimed, and by one', async t => {
    const stores = await pair(await make(t))
    await registered(stores[0])
    const entries = Array.from({ length: 300 }, () => entry({ leased: false }))
    await stores[0].accept(entries)
    const ids = await claimedBy(stores, async store =>
      (await store.claimMessages(60)).map(({ message }) => message.id),
    )
    assert.equal(new Set(ids).size, ids.length)
    const rest = await stores[0].claimMessages(1000)
    assert.equal(ids.length + rest.length, 300)
  })

  test('sharing: two nodes claim deliveries at the same time: each is claimed, and by one', async t => {
    const stores = await pair(await make(t))
    await registered(stores[0])
    await Promise.all(Array.from({ length: 100 }, () => waitingMessage(stores[0])))
    const claim = async (store: WholeStore, limit: number) =>
      (await store.claimDeliveries(SCOPE, T0 + 1000, limit)).map(({ message }) => message.id)
    const ids = await claimedBy(stores, store => claim(store, 20))
    assert.equal(new Set(ids).size, ids.length)
    assert.equal(ids.length + (await claim(stores[1], 1000)).length, 100)
  })

  test('sharing: the same key at two nodes at the same time: one is queued, the other its duplicate', async t => {
    const stores = await pair(await make(t))
    await registered(stores[0])
    const keys = Array.from({ length: 60 }, (_, index) => `key ${index}`)
    const accept = (store: WholeStore, order: readonly string[]) =>
      Promise.all(
        order.map(async dedupeKey => (await store.accept([entry({ dedupeKey })]))[0] as AcceptReceipt),
      )
    const [ones, others] = await Promise.all([
      accept(stores[0], keys),
      accept(stores[1], keys.toReversed()).then(receipts => receipts.toReversed()),
    ])
    for (const [index, one] of ones.entries()) {
      const other = others[index]
      assert.deepEqual([one.status, other?.status].sort(), ['duplicate', 'queued'])
      assert.equal(one.id, other?.id)
    }
    assert.equal((await stores[0].outbox()).pending, keys.length)
  })

  test('sharing: two nodes settle deliveries of one message at the same time, and neither is lost', async t => {
    const stores = await pair(await make(t))
    const phone = await registered(stores[0])
    const tablet = await registered(stores[0], { device: 'tablet', token: 'bb22' })
    const ids: string[] = []
    for (let index = 0; index < 20; index++) {
      const { id } = await accepted(stores[0])
      await stores[0].settle(settlement(id, [waits(id, phone), waits(id, tablet, { scope: 'other' })]))
      ids.push(id)
    }
    await stores[0].claimDeliveries(SCOPE, T0 + 1000, 100)
    await stores[1].claimDeliveries('other', T0 + 1000, 100)
    const settleAll = (store: WholeStore, registration: typeof phone) =>
      Promise.all(
        ids.map(id =>
          store.settle(settlement(id, [{ record: record(id, registration) }], { round: 'later' })),
        ),
      )
    const states = await Promise.all([settleAll(stores[0], phone), settleAll(stores[1], tablet)])
    for (const [index, id] of ids.entries()) {
      assert.deepEqual([states[0][index], states[1][index]].sort(), ['accepted', 'pending'])
      const trace = await stores[0].message(id)
      assert.equal(trace?.state, 'accepted')
      assert.deepEqual(trace?.deliveries.map(({ device }) => device).sort(), ['phone', 'tablet'])
    }
  })

  test('sharing: removing a device at one node ends what another one has waiting', async t => {
    const [one, other] = await pair(await make(t))
    const former = await registered(one)
    const waiting = await waitingMessage(one)
    const unbegun = await accepted(one, { leased: false })
    const underWay = await accepted(one)
    const { settled } = await other.removeDevice(ALICE, 'phone', T0 + 5)
    assert.deepEqual(
      settled.map(({ id }) => id),
      [waiting.id, unbegun.id],
    )
    assert.deepEqual(await one.claimMessages(10), [])
    assert.deepEqual(await one.claimDeliveries(SCOPE, T0 + HOUR, 10), [])
    assert.deepEqual(await one.registration(former), { found: false, reason: 'removed' })
    await registered(other, { token: 'bb22' })
    const late = settlement(underWay.id, [{ record: record(underWay.id, former) }])
    assert.equal(await one.settle(late), undefined, 'it was for the account that is gone')
  })

  test('sharing: what one node changes is soon stale at another, and nothing else', async t => {
    const [one, other] = await pair(await make(t))
    await registered(one)
    await registered(one, { recipient: BOB, token: 'bb22' })
    const { revision } = await accepted(one)
    const bobs = await accepted(one, { recipient: BOB })
    assert.equal(one.isStale(ALICE, revision), false)
    await registered(other, { at: T0 + 5 })
    while (!one.isStale(ALICE, revision)) await turn()
    assert.equal(one.isStale(BOB, bobs.revision), false)
    const found = await one.registration({ recipient: ALICE, device: 'phone', kind: 'alert' })
    assert(found.found)
    assert.equal(found.registration.registeredAt, T0 + 5)
    assert.equal(one.isStale(ALICE, found.revision), false)
  })

  test('sharing: one token at two nodes at the same time has one owner', async t => {
    const stores = await pair(await make(t))
    for (let index = 0; index < 10; index++) {
      const token = `token ${index}`
      await Promise.all([
        registered(stores[0], { recipient: ALICE, device: `d${index}`, token }),
        registered(stores[1], { recipient: BOB, device: `d${index}`, token }),
      ])
    }
    const all = [...(await stores[0].registrations(ALICE)), ...(await stores[0].registrations(BOB))]
    assert.equal(all.length, 20)
    const owners = all.filter(({ state }) => state === 'active').map(({ token }) => token)
    assert.equal(new Set(owners).size, 10)
    assert.equal(owners.length, 10)
  })

  test('sharing: two nodes count one badge, and no change is lost', async t => {
    const stores = await pair(await make(t))
    const device = { token: 'aaaa', provider: 'apns', app: 'a', environment: 'production', channels: [] }
    const command = { ...device, environmentSource: 'default', maxChannels: 1, at: T0 } as const
    await stores[0].zeropush.register(command)
    const counted = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        (stores[index % 2] ?? stores[0]).zeropush.changeBadge('aaaa', { add: 1 }),
      ),
    )
    assert.equal(new Set(counted).size, 40)
    assert.equal((await stores[1].zeropush.device('aaaa'))?.badge, 40)
  })

  test('sharing: two nodes end what has expired, and each message is told of once', async t => {
    const stores = await pair(await make(t))
    await registered(stores[0])
    const expiresAt = T0 + HOUR
    await Promise.all(Array.from({ length: 60 }, () => waitingMessage(stores[0], { expiresAt })))
    const settled: string[] = []
    for (let ended = true; ended; ) {
      const results = await Promise.all(stores.map(store => store.expire(expiresAt, 20)))
      ended = results.some(({ count }) => count > 0)
      settled.push(...results.flatMap(result => result.settled.map(({ id }) => id)))
    }
    assert.equal(settled.length, 60)
    assert.equal(new Set(settled).size, 60)
    assert.equal((await stores[0].outbox()).pending, 0)
  })

  test('sharing: what a closed node had leased is claimed by another one', async t => {
    const [one, other] = await pair(await make(t))
    await registered(one)
    const message = await accepted(one)
    const waiting = await waitingMessage(one)
    await one.claimDeliveries(SCOPE, T0 + 1000, 10)
    await one.close()
    assert.deepEqual(
      (await other.claimMessages(10)).map(claimed => claimed.message.id),
      [message.id],
    )
    const [delivery] = await other.claimDeliveries(SCOPE, T0 + 1000, 10)
    assert.equal(delivery?.message.id, waiting.id)
  })

  test('sharing: a node that falls silent is taken for dead; when it comes back it settles nothing', async t => {
    const harness = await make(t, { isMortal: true })
    const { store: one } = harness
    assert(harness.join && harness.silence)
    const phone = await registered(one)
    const message = await accepted(one)
    const waiting = await waitingMessage(one)
    await one.claimDeliveries(SCOPE, T0 + 1000, 10)
    const other = await harness.join()
    assert.deepEqual(await other.claimMessages(10), [], 'it is alive')
    const { isTakenOver, wake } = harness.silence()
    await isTakenOver
    const [claimed] = await other.claimMessages(10)
    assert.equal(claimed?.message.id, message.id)
    const [delivery] = await other.claimDeliveries(SCOPE, T0 + 1000, 10)
    assert.equal(delivery?.message.id, waiting.id)
    wake()
    const effect = { kind: 'unregistered', version: phone.version, since: T0 + 9, reason: 'gone' } as const
    const dead = { record: record(message.id, phone, { state: 'dead' }), effect }
    assert.equal(await one.settle(settlement(message.id, [dead])), undefined)
    const later = settlement(waiting.id, [{ record: record(waiting.id, phone) }], { round: 'later' })
    assert.equal(await one.settle(later), undefined)
    assert.equal((await other.registrations(ALICE))[0]?.state, 'active')
    const done = settlement(message.id, [{ record: record(message.id, phone) }])
    assert.equal(await other.settle(done), 'accepted')
    assert.equal(await other.settle(later), 'accepted')
  })

  test('sharing: a node that was taken for dead notices, and goes on under another name', async t => {
    const harness = await make(t, { isMortal: true })
    const { store: one } = harness
    assert(harness.join && harness.silence)
    const phone = await registered(one)
    const lost = await accepted(one)
    const other = await harness.join()
    const { isTakenOver, wake } = harness.silence()
    await isTakenOver
    assert.equal(one.isStale(ALICE, lost.revision), true, 'it was silent for too long')
    wake()
    await assert.rejects(one.registration(phone), { name: 'StoreUnavailableError' })
    const next = await accepted(one)
    assert.equal(next.leased, true)
    await assert.rejects(one.registration(phone, lost.revision), { name: 'StoreUnavailableError' })
    assert.equal((await one.registration(phone, next.revision)).found, true)
    assert.deepEqual(
      (await other.claimMessages(10)).map(({ message }) => message.id),
      [lost.id],
    )
    const done = settlement(next.id, [{ record: record(next.id, phone) }])
    assert.equal(await one.settle(done), 'accepted')
  })
}

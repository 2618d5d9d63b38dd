import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MakeStore } from './fixtures.ts'
import {
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

export function leasingContract(make: MakeStore): void {
  test('claimMessages: unleased ones, once, oldest first, with what is needed to send', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    await accepted(store)
    const first = entry({ leased: false })
    const second = entry({ leased: false })
    await store.accept([first, second])
    const [claimed, ...others] = await store.claimMessages(1)
    assert.equal(others.length, 0)
    assert.deepEqual(claimed?.message, {
      id: first.id,
      receivedAt: T0,
      expiresAt: T0 + 24 * HOUR,
      content: first.content,
    })
    assert.deepEqual(claimed?.registrations, [phone])
    const rest = await store.claimMessages(10)
    assert.deepEqual(
      rest.map(({ message }) => message.id),
      [second.id],
    )
    assert.deepEqual(await store.claimMessages(10), [])
  })

  test('hasUnbegun: only what waits in the outbox for somebody to begin', async t => {
    const { store } = await make(t)
    await registered(store)
    await accepted(store)
    await waitingMessage(store)
    assert.equal(await store.hasUnbegun(), false)
    await accepted(store, { leased: false })
    assert.equal(await store.hasUnbegun(), true)
    await store.claimMessages(10)
    assert.equal(await store.hasUnbegun(), false)
  })

  test('a claimed message is settled; an unclaimed one is not', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    const { id } = await accepted(store, { leased: false })
    const parked = { record: record(id, phone, { state: 'pending' }), wait: { scope: SCOPE, runAt: T0 } }
    for (const result of [{ record: record(id, phone) }, parked]) {
      assert.equal(await store.settle(settlement(id, [result])), undefined)
    }
    assert.equal((await store.message(id))?.state, 'pending')
    assert.deepEqual(await store.claimDeliveries(SCOPE, T0 + 1000, 1), [])
    await store.claimMessages(1)
    assert.notEqual(await store.settle(settlement(id, [{ record: record(id, phone) }])), undefined)
  })

  test('a new incarnation gets every lease; the old one has lost it', async t => {
    const harness = await make(t)
    const phone = await registered(harness.store)
    const { id } = await accepted(harness.store)
    const waiting = await waitingMessage(harness.store)
    await harness.store.claimDeliveries(SCOPE, T0 + 1000, 10)
    const store = await harness.restart()
    assert.equal(await store.settle(settlement(id, [{ record: record(id, phone) }])), undefined)
    assert.deepEqual(
      (await store.claimMessages(10)).map(({ message }) => message.id),
      [id],
    )
    assert.deepEqual(
      (await store.claimDeliveries(SCOPE, T0 + 1000, 10)).map(({ message }) => message.id),
      [waiting.id],
    )
  })

  test('releaseLeases gives back messages and deliveries', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    const { id } = await accepted(store)
    const waiting = await waitingMessage(store)
    await store.claimDeliveries(SCOPE, T0 + 1000, 10)
    await store.releaseLeases()
    assert.equal(await store.settle(settlement(id, [{ record: record(id, phone) }])), undefined)
    const late = settlement(waiting.id, [{ record: record(waiting.id, phone) }], { round: 'later' })
    assert.equal(await store.settle(late), undefined)
    assert.equal((await store.claimMessages(10)).length, 1)
    assert.equal((await store.claimDeliveries(SCOPE, T0 + 1000, 10)).length, 1)
  })

  test('claimDeliveries: of the scope, due, longest due first, once', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    const second = await waitingMessage(store, { runAt: T0 + 20 })
    const first = await waitingMessage(store, { runAt: T0 + 10 })
    const future = await waitingMessage(store, { runAt: T0 + 900 })
    await waitingMessage(store, { runAt: T0 + 10, scope: 'other' })
    assert.deepEqual(await store.waitingScopes(), [
      { scope: SCOPE, dueAt: T0 + 10 },
      { scope: 'other', dueAt: T0 + 10 },
    ])
    assert.deepEqual(await store.claimDeliveries(SCOPE, T0 + 9, 10), [])
    const [claimed] = await store.claimDeliveries(SCOPE, T0 + 100, 1)
    assert.equal(claimed?.message.id, first.id)
    assert.equal(claimed?.message.content.body, 'Hello, Alice')
    assert.equal(claimed?.record.reason, 'timeout')
    assert(claimed?.registration.found)
    assert.deepEqual(claimed.registration.registration, phone)
    const rest = await store.claimDeliveries(SCOPE, T0 + 100, 10)
    assert.deepEqual(
      rest.map(({ message }) => message.id),
      [second.id],
    )
    assert.deepEqual(await store.waitingScopes(), [
      { scope: SCOPE, dueAt: T0 + 900 },
      { scope: 'other', dueAt: T0 + 10 },
    ])
    assert.equal((await store.message(future.id))?.deliveries[0]?.runAt, T0 + 900)
  })

  test('what waits for a registration is due at once when its address changes, and uses the new one', async t => {
    const { store } = await make(t)
    await registered(store)
    await registered(store, { recipient: BOB, token: 'bb22' })
    await waitingMessage(store)
    await waitingMessage(store, { recipient: BOB })
    await registered(store, { token: 'cc33', at: T0 + 500 })
    const scopes = await store.waitingScopes()
    const due = scopes.find(({ dueAt }) => dueAt === T0 + 500)
    const [claimed, ...others] = await store.claimDeliveries(due?.scope ?? '', T0 + 500, 10)
    assert(claimed?.registration.found)
    assert.equal(claimed.registration.registration.token, 'cc33')
    assert.equal(others.length, 0, 'nobody else is due')
  })

  test('of a long queue the oldest 500 are due at once, the rest when it was', async t => {
    const { store } = await make(t)
    await registered(store)
    const ids: string[] = []
    for (let i = 0; i < 501; i++) ids.push((await waitingMessage(store)).id)
    await registered(store, { token: 'cc33', at: T0 + 500 })
    const due = (await store.waitingScopes()).find(({ dueAt }) => dueAt === T0 + 500)
    const claimed = await store.claimDeliveries(due?.scope ?? '', T0 + 500, 1000)
    assert.deepEqual(
      claimed.map(({ message }) => message.id),
      ids.slice(0, 500),
    )
    const [last] = await store.claimDeliveries(SCOPE, T0 + 1000, 10)
    assert.equal(last?.message.id, ids[500])
  })

  test('refreshing the same address leaves alone what waits, and what is under way', async t => {
    const { store } = await make(t)
    await registered(store)
    const underWay = await waitingMessage(store, { runAt: T0 })
    await store.claimDeliveries(SCOPE, T0, 1)
    await waitingMessage(store)
    await registered(store, { at: T0 + 500 })
    assert.deepEqual(await store.waitingScopes(), [{ scope: SCOPE, dueAt: T0 + 1000 }])
    await registered(store, { at: T0 + 600, token: 'cc33' })
    const results = [waits(underWay.id, underWay.registration, { runAt: T0 + 9000 })]
    assert.notEqual(await store.settle(settlement(underWay.id, results, { round: 'later' })), undefined)
  })

  test('a delivery to a registration that is moved meanwhile says so', async t => {
    const { store } = await make(t)
    await registered(store)
    await waitingMessage(store)
    await registered(store, { recipient: BOB })
    const [claimed] = await store.claimDeliveries(SCOPE, T0 + 1000, 10)
    assert.deepEqual(claimed?.registration, { found: false, reason: 'moved' })
  })

  test('a later round settles under its lease, once, or waits again', async t => {
    const { store } = await make(t)
    await registered(store)
    const { id, registration } = await waitingMessage(store)
    const ended = settlement(id, [{ record: record(id, registration) }], { round: 'later', at: T0 + 2000 })
    assert.equal(await store.settle(ended), undefined, 'nobody claimed it')
    await store.claimDeliveries(SCOPE, T0 + 1000, 1)
    const again = [waits(id, registration, { runAt: T0 + 5000, scope: 'other' })]
    assert.notEqual(await store.settle(settlement(id, again, { round: 'later' })), undefined)
    assert.equal(await store.settle(ended), undefined, 'it waits again')
    assert.equal((await store.claimDeliveries('other', T0 + 5000, 1)).length, 1)
    assert.notEqual(await store.settle(ended), undefined)
    assert.equal(await store.settle(ended), undefined, 'settled already')
    const trace = await store.message(id)
    assert.equal(trace?.state, 'accepted')
    assert.equal(trace?.settledAt, T0 + 2000)
    assert.deepEqual(await store.waitingScopes(), [])
  })
}

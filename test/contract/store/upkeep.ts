import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoreUnavailableError } from '../../../src/store/store-unavailable.ts'
import type { MakeStore } from './fixtures.ts'
import {
  accepted,
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

export function upkeepContract(make: MakeStore): void {
  test('expire: ends what waits and is expired, so many at a time', async t => {
    const { store } = await make(t)
    await registered(store)
    const expiresAt = T0 + HOUR
    const first = await waitingMessage(store, { expiresAt })
    await waitingMessage(store, { expiresAt: expiresAt + 1 })
    const valid = await waitingMessage(store, { expiresAt: T0 + 9 * HOUR })
    assert.deepEqual(await store.expire(expiresAt - 1, 10), { settled: [], count: 0 })
    const settled = [{ id: first.id, state: 'expired' }]
    assert.deepEqual(await store.expire(expiresAt + 1, 1), { settled, count: 1 })
    const trace = await store.message(first.id)
    assert.equal(trace?.state, 'expired')
    assert.equal(trace?.reason, 'timeout')
    assert.equal(trace?.settledAt, expiresAt + 1)
    assert.equal(trace?.deliveries[0]?.state, 'expired')
    assert.equal((await store.expire(expiresAt + 1, 10)).count, 1)
    assert.equal((await store.expire(expiresAt + 1, 10)).count, 0)
    assert.equal((await store.message(valid.id))?.state, 'pending')
    assert.equal((await store.outbox()).pending, 1)
  })

  test('expire leaves alone what is under way', async t => {
    const { store } = await make(t)
    await registered(store)
    const { id } = await waitingMessage(store, { expiresAt: T0 + HOUR })
    await store.claimDeliveries(SCOPE, T0 + 1000, 1)
    assert.equal((await store.expire(T0 + HOUR, 10)).count, 0)
    assert.equal((await store.message(id))?.state, 'pending')
  })

  test('expire: the other deliveries of a message keep their outcome', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    const tablet = await registered(store, { device: 'tablet', token: 'bb22' })
    const { id } = await accepted(store)
    await store.settle(settlement(id, [{ record: record(id, phone) }, waits(id, tablet)]))
    const settled = [{ id, state: 'partial' }]
    assert.deepEqual(await store.expire(T0 + 24 * HOUR, 10), { settled, count: 1 })
    assert.equal((await store.message(id))?.state, 'partial')
  })

  test('expire: a message of which something is still under way is not settled', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    const tablet = await registered(store, { device: 'tablet', token: 'bb22' })
    const { id } = await accepted(store)
    await store.settle(settlement(id, [waits(id, phone), waits(id, tablet, { scope: 'other' })]))
    await store.claimDeliveries('other', T0 + 1000, 1)
    assert.deepEqual(await store.expire(T0 + 24 * HOUR, 10), { settled: [], count: 1 })
    assert.equal((await store.message(id))?.state, 'pending')
  })

  test('purge: what was settled before goes, what was settled since stays, and so does what is pending', async t => {
    const { store, spanMs = 0 } = await make(t)
    const phone = await registered(store)
    const waiting = await waitingMessage(store)
    const unbegun = await accepted(store)
    const settledAt = async (at: number) => {
      const { id } = await accepted(store)
      await store.settle(settlement(id, [{ record: record(id, phone) }], { at }))
      return id
    }
    const before = T0 + HOUR + 2 * spanMs
    const old = [await settledAt(T0 + 1), await settledAt(T0 + 2)]
    const young = await settledAt(before)
    while ((await store.purge(before, 1)) === 1);
    for (const id of old) assert.equal(await store.message(id), undefined)
    const left = (await store.messages({ limit: 10, state: 'accepted' })).map(({ id }) => id)
    assert.deepEqual(left, [young])
    assert.equal(await store.purge(before, 10), 0)
    assert.equal((await store.outbox()).pending, 2)
    for (const { id } of [waiting, unbegun]) assert.equal((await store.message(id))?.state, 'pending')
  })

  test('requeue: revives the dead deliveries, with their history', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    const tablet = await registered(store, { device: 'tablet', token: 'bb22' })
    const { id } = await accepted(store)
    const dead = record(id, phone, { state: 'dead', reason: 'BadTopic', attemptCount: 4, crashCount: 5 })
    await store.settle(settlement(id, [{ record: dead }, { record: record(id, tablet) }]))
    assert.equal((await store.message(id))?.state, 'partial')
    assert.equal(await store.requeue(id, T0 + 500), 'requeued')
    assert.equal(await store.requeue(id, T0 + 600), 'not-dead')
    const trace = await store.message(id)
    assert.equal(trace?.state, 'pending')
    assert.equal(trace?.settledAt, undefined)
    assert.deepEqual(trace?.steps.at(-1), { at: T0 + 500, step: 'requeued' })
    const [scope] = await store.waitingScopes()
    assert.equal(scope?.dueAt, T0 + 500)
    const [claimed] = await store.claimDeliveries(scope?.scope ?? '', T0 + 500, 10)
    assert.equal(claimed?.message.content.body, 'Hello, Alice')
    assert.equal(claimed?.record.device, 'phone')
    assert.equal(claimed?.record.attemptCount, 0)
    assert.equal(claimed?.record.crashCount, 0)
    assert.deepEqual(claimed?.record.attempts, dead.attempts)
    const done = [{ record: record(id, phone) }]
    assert.notEqual(await store.settle(settlement(id, done, { round: 'later' })), undefined)
    assert.equal((await store.message(id))?.state, 'accepted')
  })

  test('requeue: says when there is nothing to revive, or when it is too late', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    assert.equal(await store.requeue(entry().id, T0), 'unknown')
    const { id } = await accepted(store)
    assert.equal(await store.requeue(id, T0), 'not-dead')
    await store.settle(settlement(id, [{ record: record(id, phone, { state: 'dead', reason: 'x' }) }]))
    assert.equal(await store.requeue(id, T0 + 24 * HOUR), 'expired')
    assert.equal((await store.expire(T0 + 24 * HOUR, 10)).count, 1, 'its text is erased')
    assert.equal(await store.requeue(id, T0), 'expired', 'the text is gone')
    assert.equal((await store.message(id))?.state, 'dead')
  })

  test('secrets and proven scopes survive a restart', async t => {
    const harness = await make(t)
    assert.equal(await harness.store.secret('apns'), undefined)
    assert.equal(await harness.store.replaceSecret('apns', undefined, 'one'), true)
    assert.equal(await harness.store.replaceSecret('apns', 'one', 'two'), true)
    await Promise.all(['b', 'a', 'a'].map(scope => harness.store.markProven(scope)))
    const store = await harness.restart()
    assert.equal(await store.secret('apns'), 'two')
    assert.deepEqual(await store.provenScopes(), ['a', 'b'])
  })

  test('replaceSecret: only of what is known is another made', async t => {
    const { store } = await make(t)
    assert.equal(await store.replaceSecret('apns', 'something', 'one'), false)
    assert.equal(await store.secret('apns'), undefined)
    const first = await Promise.all(
      ['one', 'two'].map(value => store.replaceSecret('apns', undefined, value)),
    )
    assert.deepEqual(first, [true, false])
    const second = await Promise.all(['two', 'three'].map(value => store.replaceSecret('apns', 'one', value)))
    assert.deepEqual(second, [true, false])
    assert.equal(await store.replaceSecret('apns', 'one', 'four'), false)
    assert.equal(await store.replaceSecret('fcm', undefined, 'other'), true)
    assert.equal(await store.secret('apns'), 'two')
  })

  test('close commits what is pending, once, and then refuses', async t => {
    const harness = await make(t)
    const { store } = harness
    await registered(store)
    const message = entry()
    const [receipts] = await Promise.all([store.accept([message]), store.close(), store.close()])
    assert.equal(receipts[0]?.status, 'queued')
    await store.close()
    assert.deepEqual(store.health(), { writable: false, reason: 'closed' })
    const isClosed = (error: unknown) => error instanceof StoreUnavailableError && error.reason === 'closed'
    await assert.rejects(store.accept([entry()]), isClosed)
    await assert.rejects(store.message(message.id), isClosed)
    const reopened = await harness.restart()
    assert.equal((await reopened.message(message.id))?.state, 'pending')
    assert.deepEqual(reopened.health(), { writable: true })
  })
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MakeStore } from './fixtures.ts'
import {
  ALICE,
  accepted,
  entry,
  HOUR,
  record,
  registered,
  SCOPE,
  settlement,
  settleWithEffect,
  T0,
  waitingMessage,
  waits,
} from './fixtures.ts'

export function settlingContract(make: MakeStore): void {
  test('settle: recorded once, with what the trace shows', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    const { id } = await accepted(store)
    const done = record(id, phone)
    assert.notEqual(await store.settle(settlement(id, [{ record: done }])), undefined)
    const dead = record(id, phone, { state: 'dead', reason: 'BadPayload' })
    assert.equal(await store.settle(settlement(id, [{ record: dead }])), undefined)
    const trace = await store.message(id)
    assert.equal(trace?.state, 'accepted')
    assert.equal(trace?.settledAt, T0 + 100)
    assert.deepEqual(trace?.deliveries, [done])
    assert.deepEqual(trace?.steps.at(-1), { at: T0 + 100, step: 'settled', detail: 'accepted' })
    assert.equal((await store.outbox()).pending, 0)
  })

  test('settling an unknown message is false', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    assert.equal(await store.settle(settlement('nobody', [{ record: record('nobody', phone) }])), undefined)
    const later = settlement('nobody', [{ record: record('nobody', phone) }], { round: 'later' })
    assert.equal(await store.settle(later), undefined)
  })

  test('a message is pending while one delivery is, then what all its deliveries make it', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    const tablet = await registered(store, { device: 'tablet', token: 'bb22' })
    const { id } = await accepted(store)
    const gone = record(id, phone, { state: 'unregistered', reason: 'Unregistered' })
    await store.settle(settlement(id, [{ record: gone }, waits(id, tablet)]))
    const waiting = await store.message(id)
    assert.equal(waiting?.state, 'pending')
    assert.equal(waiting?.reason, 'timeout')
    assert.deepEqual(
      waiting?.deliveries.map(({ device, state, runAt }) => [device, state, runAt]),
      [
        ['phone', 'unregistered', undefined],
        ['tablet', 'pending', T0 + 1000],
      ],
    )
    assert.deepEqual(await store.outbox(), { pending: 1, oldestAt: T0 })
    await store.claimDeliveries(SCOPE, T0 + 1000, 1)
    const done = { record: record(id, tablet, { attemptCount: 2 }) }
    await store.settle(settlement(id, [done], { round: 'later', at: T0 + 1100 }))
    const trace = await store.message(id)
    assert.equal(trace?.state, 'partial')
    assert.equal(trace?.reason, 'Unregistered')
    assert.equal(trace?.settledAt, T0 + 1100)
    assert.equal(trace?.deliveries.length, 2)
    assert.equal((await store.outbox()).pending, 0)
  })

  test('outbox: the oldest of what is pending, whether it waits, is unbegun or being worked on', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    const waiting = await waitingMessage(store, { receivedAt: T0 + 1 })
    await store.accept([entry({ leased: false, receivedAt: T0 + 2 })])
    const leased = await accepted(store, { receivedAt: T0 + 3 })
    assert.deepEqual(await store.outbox(), { pending: 3, oldestAt: T0 + 1 })
    const end = (id: string, round: 'first' | 'later') =>
      store.settle(settlement(id, [{ record: record(id, phone) }], { round }))
    await store.claimDeliveries(SCOPE, T0 + 1000, 1)
    await end(waiting.id, 'later')
    assert.deepEqual(await store.outbox(), { pending: 2, oldestAt: T0 + 2 })
    const [claimed] = await store.claimMessages(1)
    await end(claimed?.message.id ?? '', 'first')
    assert.deepEqual(await store.outbox(), { pending: 1, oldestAt: T0 + 3 })
    await end(leased.id, 'first')
    assert.deepEqual(await store.outbox(), { pending: 0 })
  })

  test('whatever a provider says, also with a NUL, a round is settled', async t => {
    const { store } = await make(t)
    const phone = await registered(store, { name: 'my\0phone' })
    const reason = 'half\0a reason\ud800'
    const { id } = await accepted(store, { notes: ['note\0d'] })
    const waiting = waits(id, phone, { reason, scope: 'sc\0pe' })
    assert.equal(await store.settle(settlement(id, [waiting])), 'pending')
    const [scope] = await store.waitingScopes()
    assert.equal((await store.claimDeliveries(scope?.scope ?? '', T0 + 1000, 1)).length, 1)
    const effect = { kind: 'unregistered', version: phone.version, since: T0, reason } as const
    const ended = { record: record(id, phone, { state: 'dead', reason }), effect }
    assert.equal(await store.settle(settlement(id, [ended], { round: 'later' })), 'dead')
    assert.match((await store.message(id))?.reason ?? '', /^half.a reason/s)
    assert.equal((await store.registrations(ALICE))[0]?.state, 'disabled')
  })

  test('without any delivery left a message is unreachable', async t => {
    const { store } = await make(t)
    await registered(store)
    const { id } = await accepted(store)
    assert.notEqual(await store.settle(settlement(id, [])), undefined)
    assert.equal((await store.message(id))?.state, 'unreachable')
  })

  test('a lost lease applies no effect', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    const { id } = await accepted(store, { leased: false })
    const effect = { kind: 'unregistered', version: phone.version, since: T0, reason: 'gone' } as const
    assert.equal(await store.settle(settlement(id, [{ record: record(id, phone), effect }])), undefined)
    assert.equal((await store.registrations(ALICE))[0]?.state, 'active')
  })

  test('unregistered: disables what is unchanged and not younger than the feedback', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    const effect = { kind: 'unregistered', version: phone.version, reason: 'Unregistered' } as const
    await settleWithEffect(store, { ...effect, since: T0 - 1 })
    await settleWithEffect(store, { ...effect, since: T0, version: phone.version - 1 })
    assert.equal((await store.registrations(ALICE))[0]?.state, 'active')
    await settleWithEffect(store, { ...effect, since: T0 })
    const [disabled] = await store.registrations(ALICE)
    assert.equal(disabled?.state, 'disabled')
    assert.equal(disabled?.stateReason, 'Unregistered')
    assert.deepEqual(await store.registration(phone), { found: false, reason: 'disabled' })
  })

  test('a registration made meanwhile is not touched by older feedback', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    await registered(store, { at: T0 + 50 })
    await settleWithEffect(store, {
      kind: 'unregistered',
      version: phone.version,
      since: T0 + 60,
      reason: 'Unregistered',
    })
    assert.equal((await store.registrations(ALICE))[0]?.state, 'active')
  })

  test('a version is never used twice, not even after a deletion', async t => {
    const { store } = await make(t)
    const former = await registered(store)
    await store.removeDevice(ALICE, 'phone', T0)
    const next = await registered(store)
    assert(next.version > former.version)
  })

  test('misaddressed: strikes count, each of several under way, and the last one suspends', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    const effect = {
      kind: 'misaddressed',
      version: phone.version,
      suspendAt: 3,
      reason: 'BadDeviceToken',
    } as const
    await settleWithEffect(store, effect)
    await settleWithEffect(store, effect)
    const [suspect] = await store.registrations(ALICE)
    assert.equal(suspect?.strikes, 2)
    assert.equal(suspect?.state, 'active')
    await settleWithEffect(store, effect)
    const [suspended] = await store.registrations(ALICE)
    assert.equal(suspended?.state, 'suspended')
    assert.equal(suspended?.stateReason, 'BadDeviceToken')
    assert((suspended?.version ?? 0) > phone.version)
    assert.deepEqual(await store.registration(phone), { found: false, reason: 'suspended' })
    const fresh = await registered(store, { at: T0 + 500 })
    assert.equal(fresh.state, 'active')
    assert.equal(fresh.strikes, 0)
    assert.equal(fresh.stateReason, undefined)
  })

  test('accepted: the instant is kept with a precision of an hour', async t => {
    const { store } = await make(t)
    const { version } = await registered(store)
    const lastAcceptedAt = async () => (await store.registrations(ALICE))[0]?.lastAcceptedAt
    await settleWithEffect(store, { kind: 'accepted', version }, T0 + 100)
    assert.equal(await lastAcceptedAt(), T0 + 100)
    await settleWithEffect(store, { kind: 'accepted', version }, T0 + HOUR)
    assert.equal(await lastAcceptedAt(), T0 + 100)
    await settleWithEffect(store, { kind: 'accepted', version }, T0 + 100 + HOUR)
    assert.equal(await lastAcceptedAt(), T0 + 100 + HOUR)
    assert.equal((await store.registrations(ALICE))[0]?.version, version, 'sends nothing differently')
    await settleWithEffect(store, { kind: 'accepted', version: version - 1 }, T0 + 9 * HOUR)
    assert.equal(await lastAcceptedAt(), T0 + 100 + HOUR)
  })

  test('accepted in the other environment: remembered, also by the next registration of that token', async t => {
    const { store } = await make(t)
    const { version } = await registered(store)
    await settleWithEffect(store, { kind: 'accepted', version, learnedEnvironment: 'sandbox' })
    const [learned] = await store.registrations(ALICE)
    assert.equal(learned?.environment, 'sandbox')
    assert.equal(learned?.environmentSource, 'learned')
    assert((learned?.version ?? 0) > version)
    const refreshed = await registered(store, { at: T0 + 500 })
    assert.equal(refreshed.environment, 'sandbox')
    const other = await registered(store, { token: 'bb22' })
    assert.equal(other.environment, 'production')
    assert.equal(other.environmentSource, 'default')
  })
}

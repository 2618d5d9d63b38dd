import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from '../../../src/store/store.ts'
import type { MakeStore } from './fixtures.ts'
import { ALICE, accepted, BOB, registered, settleWithEffect, T0, waitingMessage } from './fixtures.ts'

const CHANGES: [string, (store: Store, version: number) => Promise<unknown>][] = [
  ['a refresh', store => registered(store, { at: T0 + 1 })],
  ['another device', store => registered(store, { device: 'tablet', token: 'bb22' })],
  ['a removal', store => store.removeDevice(ALICE, 'phone', T0)],
  ['the end of the account', store => store.removeRecipient(ALICE, T0)],
  ['a move to another account', store => registered(store, { recipient: BOB })],
  [
    'unregistered',
    (store, version) => settleWithEffect(store, { kind: 'unregistered', version, since: T0, reason: 'x' }),
  ],
  [
    'a suspension',
    (store, version) => settleWithEffect(store, { kind: 'misaddressed', version, suspendAt: 1, reason: 'x' }),
  ],
  [
    'a learned environment',
    (store, version) => settleWithEffect(store, { kind: 'accepted', version, learnedEnvironment: 'sandbox' }),
  ],
]

export function stalenessContract(make: MakeStore): void {
  for (const [name, change] of CHANGES) {
    test(`isStale: ${name} makes what was read before stale, and nothing else`, async t => {
      const { store } = await make(t)
      const carol = 'carol@example.org'
      const { version } = await registered(store)
      await registered(store, { recipient: carol, token: 'ee55' })
      const { revision } = await accepted(store)
      const other = await accepted(store, { recipient: carol })
      assert.equal(store.isStale(ALICE, revision), false)
      await change(store, version)
      assert.equal(store.isStale(ALICE, revision), true)
      assert.equal(store.isStale(carol, other.revision), false)
    })
  }

  test('isStale: a move is news for both accounts', async t => {
    const { store } = await make(t)
    await registered(store)
    await registered(store, { recipient: BOB, token: 'bb22', device: 'old' })
    const { revision } = await accepted(store, { recipient: BOB })
    await registered(store, { recipient: BOB, at: T0 + 1 })
    assert.equal(store.isStale(BOB, revision), true)
  })

  test('isStale: what is read after a change is fresh, from every door', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    await waitingMessage(store)
    await accepted(store, { leased: false })
    await registered(store, { at: T0 + 1 })
    const receipt = await accepted(store)
    const [message] = await store.claimMessages(1)
    const [delivery] = await store.claimDeliveries('apns/production', T0 + 1000, 1)
    const found = await store.registration(phone)
    assert(found.found && message && delivery?.registration.found)
    const revisions = [receipt, message, delivery, delivery.registration, found]
    for (const { revision } of revisions) assert.equal(store.isStale(ALICE, revision), false)
    await registered(store, { at: T0 + 2 })
    for (const { revision } of revisions) assert.equal(store.isStale(ALICE, revision), true)
  })

  test('isStale: a change in the same turn counts', async t => {
    const { store } = await make(t)
    await registered(store)
    const [{ revision }] = await Promise.all([accepted(store), registered(store, { at: T0 + 1 })])
    assert.equal(store.isStale(ALICE, revision), true)
  })
}

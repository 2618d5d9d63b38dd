import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  ALICE,
  accepted,
  HOUR,
  record,
  registered,
  SCOPE,
  settlement,
  T0,
  waitingMessage,
  waits,
} from '../../contract/store/fixtures.ts'
import { postgresSkip } from '../../support/postgres-cluster.ts'
import { makeDatabase, openStore, sharedCluster } from './support.ts'

/** How many rows hold a text. */
async function textsIn(url: string): Promise<number> {
  const [row] = await (await sharedCluster()).query(
    `SELECT (SELECT count(content) FROM push_relay.outbox) + (SELECT count(content) FROM push_relay.trace) AS count`,
    new URL(url).pathname.slice(1),
  )
  return Number(row?.count)
}

describe('texts are erased', { skip: postgresSkip }, () => {
  test('as soon as no attempt can follow: in a first round, in a later one, at the end of an account', async t => {
    const url = await makeDatabase()
    const { store } = await openStore(t, { url })
    const phone = await registered(store)
    const { id } = await accepted(store)
    assert.equal(await textsIn(url), 1)
    await store.settle(settlement(id, [{ record: record(id, phone) }]))
    assert.equal(await textsIn(url), 0)
    const later = await waitingMessage(store)
    await store.claimDeliveries(SCOPE, T0 + 1000, 1)
    assert.equal(await textsIn(url), 1)
    await store.settle(settlement(later.id, [{ record: record(later.id, phone) }], { round: 'later' }))
    assert.equal(await textsIn(url), 0)
    await waitingMessage(store)
    await accepted(store, { leased: false })
    await store.removeRecipient(ALICE, T0)
    assert.equal(await textsIn(url), 0)
  })

  test('what is dead keeps it until it expires', async t => {
    const url = await makeDatabase()
    const { store } = await openStore(t, { url })
    const phone = await registered(store)
    const tablet = await registered(store, { device: 'tablet', token: 'bb22' })
    const { id } = await accepted(store)
    const dead = record(id, phone, { state: 'dead' })
    await store.settle(settlement(id, [{ record: dead }, waits(id, tablet)]))
    await store.expire(T0 + 24 * HOUR - 1, 10)
    assert.equal(await textsIn(url), 1)
    await store.expire(T0 + 24 * HOUR, 1)
    assert.equal(await textsIn(url), 1, 'its delivery has expired first')
    await store.expire(T0 + 24 * HOUR, 1)
    assert.equal(await textsIn(url), 0)
  })
})

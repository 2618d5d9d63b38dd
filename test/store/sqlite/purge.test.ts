import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  accepted,
  HOUR,
  record,
  registered,
  settlement,
  T0,
  waitingMessage,
} from '../../contract/store/fixtures.ts'
import { openStore } from './support.ts'

test('purge: the longest settled first, so many at a time, never what is pending', async t => {
  const { store } = await openStore(t)
  const phone = await registered(store)
  await waitingMessage(store)
  const unbegun = await accepted(store)
  const settled: string[] = []
  for (const at of [T0 + 1, T0 + 2, T0 + 3]) {
    const { id } = await accepted(store)
    await store.settle(settlement(id, [{ record: record(id, phone) }], { at }))
    settled.push(id)
  }
  const left = async () => (await store.messages({ limit: 10, state: 'accepted' })).map(({ id }) => id)
  assert.equal(await store.purge(T0 + 3, 1), 1)
  assert.deepEqual(await left(), [settled[2], settled[1]])
  assert.equal(await store.purge(T0 + 3, 10), 1)
  assert.deepEqual(await left(), [settled[2]])
  assert.equal(await store.purge(T0 + 9 * HOUR, 10), 1)
  assert.equal((await store.outbox()).pending, 2)
  assert.equal((await store.message(unbegun.id))?.state, 'pending')
})

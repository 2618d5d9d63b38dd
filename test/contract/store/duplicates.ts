import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MakeStore } from './fixtures.ts'
import { accepted, entry, HOUR, registered, T0 } from './fixtures.ts'

export function duplicatesContract(make: MakeStore): void {
  test('the same key within the window is a duplicate of the first and changes nothing', async t => {
    const { store } = await make(t)
    await registered(store)
    const first = await accepted(store, { dedupeKey: 'k1' })
    const again = entry({ dedupeKey: 'k1', receivedAt: T0 + 5 })
    assert.deepEqual(await store.accept([again]), [{ status: 'duplicate', id: first.id }])
    assert.equal(await store.message(again.id), undefined)
    assert.equal((await store.outbox()).pending, 1)
  })

  test('duplicates within one call, and within one turn, are found', async t => {
    const { store } = await make(t)
    await registered(store)
    const first = entry({ dedupeKey: 'k1' })
    const [[one, two], [three]] = await Promise.all([
      store.accept([first, entry({ dedupeKey: 'k1' })]),
      store.accept([entry({ dedupeKey: 'k1' })]),
    ])
    assert.equal(one?.status, 'queued')
    assert.deepEqual(two, { status: 'duplicate', id: first.id })
    assert.deepEqual(three, { status: 'duplicate', id: first.id })
  })

  test('another key, or none, is never a duplicate', async t => {
    const { store } = await make(t)
    await registered(store)
    await accepted(store, { dedupeKey: 'k1' })
    await accepted(store, { dedupeKey: 'k2' })
    await accepted(store)
    await accepted(store)
    assert.equal((await store.outbox()).pending, 4)
  })

  test('the window ends', async t => {
    const { store } = await make(t, { dedupeWindowMs: HOUR })
    await registered(store)
    const first = await accepted(store, { dedupeKey: 'k1' })
    const inTime = entry({ dedupeKey: 'k1', receivedAt: T0 + HOUR - 1 })
    assert.deepEqual(await store.accept([inTime]), [{ status: 'duplicate', id: first.id }])
    const late = await accepted(store, { dedupeKey: 'k1', receivedAt: T0 + HOUR })
    const next = entry({ dedupeKey: 'k1', receivedAt: T0 + HOUR + 1 })
    assert.deepEqual(await store.accept([next]), [{ status: 'duplicate', id: late.id }])
  })

  test('an ignored message is remembered too', async t => {
    const { store } = await make(t)
    const first = entry({ dedupeKey: 'k1' })
    const [receipt] = await store.accept([first])
    assert.equal(receipt?.status, 'ignored')
    assert.deepEqual(await store.accept([entry({ dedupeKey: 'k1' })]), [
      { status: 'duplicate', id: first.id },
    ])
  })

  test('duplicates are found across a restart, also when the first is settled', async t => {
    const harness = await make(t, { dedupeWindowMs: HOUR })
    await registered(harness.store)
    const first = await accepted(harness.store, { dedupeKey: 'k1' })
    harness.setNow(T0 + HOUR - 1)
    const store = await harness.restart()
    const again = entry({ dedupeKey: 'k1', receivedAt: T0 + HOUR - 1 })
    assert.deepEqual(await store.accept([again]), [{ status: 'duplicate', id: first.id }])
    const late = await accepted(store, { dedupeKey: 'k1', receivedAt: T0 + HOUR })
    assert.notEqual(late.id, first.id)
  })

  test('the key of an entry that was not committed is forgotten', async t => {
    const { store } = await make(t)
    await registered(store)
    const taken = await accepted(store)
    await assert.rejects(store.accept([entry({ dedupeKey: 'k1' }), entry({ id: taken.id })]))
    await accepted(store, { dedupeKey: 'k1' })
  })
}

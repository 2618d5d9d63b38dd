import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MakeStore } from './fixtures.ts'
import { ALICE, accepted, BOB, entry, HOUR, idAt, registered, T0, waitingMessage } from './fixtures.ts'

export function acceptingContract(make: MakeStore): void {
  test('accept: a receipt per entry in order, with the active registrations', async t => {
    const { store } = await make(t)
    const phone = await registered(store)
    const entries = [entry(), entry({ recipient: BOB }), entry({ leased: false })]
    const receipts = await store.accept(entries)
    assert.deepEqual(
      receipts.map(receipt => receipt.id),
      entries.map(({ id }) => id),
    )
    const [first, second, third] = receipts
    assert(first?.status === 'queued' && third?.status === 'queued')
    assert.deepEqual(first.registrations, [phone])
    assert.equal(first.leased, true)
    assert.equal(third.leased, false)
    assert.deepEqual(second, { status: 'ignored', id: entries[1]?.id, reason: 'no-device' })
  })

  test('accept: a bad entry spoils its own call and no other', async t => {
    const { store } = await make(t)
    await registered(store)
    const taken = await accepted(store)
    const before = entry()
    const [good, bad, alsoGood] = await Promise.allSettled([
      store.accept([entry()]),
      store.accept([before, entry({ id: taken.id })]),
      store.accept([entry()]),
    ])
    assert.equal(good.status, 'fulfilled')
    assert.equal(bad.status, 'rejected')
    assert.equal(alsoGood.status, 'fulfilled')
    assert.equal(await store.message(before.id), undefined, 'entries of one call are atomic')
    assert.equal((await store.outbox()).pending, 3)
  })

  test('operations are applied in the order of their calls', async t => {
    const { store } = await make(t)
    const results = await Promise.all([
      registered(store),
      store.accept([entry()]),
      store.removeDevice(ALICE, 'phone', T0),
      store.accept([entry()]),
    ])
    assert.equal(results[1][0]?.status, 'queued')
    assert.equal(results[2].removed, 1)
    assert.equal(results[3][0]?.status, 'ignored')
  })

  test('an ignored message leaves a trace, settled at once', async t => {
    const { store } = await make(t)
    const { content: _content, ...rest } = entry({ notes: ['nick: cut'], ignored: 'empty-body' })
    assert.deepEqual(await store.accept([rest]), [{ status: 'ignored', id: rest.id, reason: 'empty-body' }])
    const trace = await store.message(rest.id)
    assert.deepEqual(trace?.steps, [
      { at: T0, step: 'received' },
      { at: T0, step: 'noted', detail: 'nick: cut' },
      { at: T0, step: 'ignored', detail: 'empty-body' },
    ])
    assert.equal(trace?.state, 'ignored')
    assert.equal(trace?.settledAt, T0)
    assert.deepEqual(trace?.deliveries, [])
  })

  test('without an active registration the trace says which were skipped and why', async t => {
    const { store } = await make(t)
    await registered(store, { token: 'bb22' })
    await registered(store, { recipient: BOB, token: 'bb22' })
    const [receipt] = await store.accept([entry()])
    assert.equal(receipt?.status, 'ignored')
    const trace = await store.message(receipt?.id ?? '')
    assert.equal(trace?.reason, 'no-device')
    assert.deepEqual(trace?.steps[1], { at: T0, step: 'skipped', detail: 'phone: moved' })
  })

  test('a queued message is traced and counted', async t => {
    const { store } = await make(t)
    await registered(store)
    const { id } = await accepted(store, { notes: ['unread: dropped'] })
    await accepted(store, { receivedAt: T0 + 1 })
    const trace = await store.message(id)
    assert.equal(trace?.state, 'pending')
    assert.equal(trace?.recipient, ALICE)
    assert.equal(trace?.sender, BOB)
    assert.equal(trace?.type, 'chat')
    assert.equal(trace?.expiresAt, T0 + 24 * HOUR)
    assert.equal(trace?.settledAt, undefined)
    assert.deepEqual(
      trace?.steps.map(({ step }) => step),
      ['received', 'noted', 'queued'],
    )
    assert.deepEqual(await store.outbox(), { pending: 2, oldestAt: T0 })
    assert.equal(await store.message(idAt(T0)), undefined)
  })

  test('messages: newest first, by recipient and state, page after page', async t => {
    const { store } = await make(t)
    await registered(store)
    await registered(store, { recipient: BOB, token: 'bb22' })
    const ids: string[] = []
    for (const recipient of [ALICE, BOB, ALICE, ALICE]) ids.push((await accepted(store, { recipient })).id)
    const [ignored] = await store.accept([entry({ recipient: 'carol@example.org' })])
    const [first, second, third, fourth] = ids
    const list = async (query: Parameters<typeof store.messages>[0]) =>
      (await store.messages(query)).map(({ id }) => id)
    assert.deepEqual(await list({ limit: 2 }), [ignored?.id, fourth])
    assert.deepEqual(await list({ limit: 2, before: fourth ?? '' }), [third, second])
    assert.deepEqual(await list({ limit: 9, recipient: ALICE }), [fourth, third, first])
    assert.deepEqual(await list({ limit: 9, recipient: ALICE, before: third ?? '' }), [first])
    assert.deepEqual(await list({ limit: 9, state: 'ignored' }), [ignored?.id])
    assert.deepEqual(await list({ limit: 9, state: 'pending', recipient: BOB }), [second])
    assert.deepEqual(await list({ limit: 9, state: 'pending' }), [fourth, third, second, first])
    assert.deepEqual(await list({ limit: 9, state: 'accepted' }), [])
  })

  test('messages: all that is pending, in whatever stage, newest first, page after page', async t => {
    const { store } = await make(t)
    await registered(store)
    const make3 = async () => [
      (await accepted(store)).id,
      (await accepted(store, { leased: false })).id,
      (await waitingMessage(store)).id,
    ]
    const newestFirst = [...(await make3()), ...(await make3())].reverse()
    const list = async (before?: string) => {
      const page = await store.messages({
        limit: 4,
        state: 'pending',
        ...(before === undefined ? {} : { before }),
      })
      return page.map(({ id }) => id)
    }
    assert.deepEqual(await list(), newestFirst.slice(0, 4))
    assert.deepEqual(await list(newestFirst[3]), newestFirst.slice(4))
  })

  test('any text survives: NUL, quotes, surrogates, emoji', async t => {
    const { store } = await make(t)
    await registered(store)
    const body = 'a\0b"c\'d\u{1f600}\ud800\n'
    const content = { recipient: ALICE, sender: BOB, type: 'chat' as const, body, encrypted: false }
    await accepted(store, { content, leased: false })
    const [claimed] = await store.claimMessages(1)
    assert.deepEqual(claimed?.message.content, content)
  })
}

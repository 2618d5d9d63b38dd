import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zeropushRecipient } from '../../../src/domain/zeropush-recipient.ts'
import type { RegistrationEffect } from '../../../src/store/store.ts'
import type { MakeStore, WholeStore } from './fixtures.ts'
import { ALICE, accepted, entry, record, registered, settlement, T0 } from './fixtures.ts'
import { device, tokenOf } from './zeropush.ts'

const A = zeropushRecipient(tokenOf('a'))

/** A message to a device whose only delivery ends with this effect on its registration. */
async function sentWith(store: WholeStore, letter: string, kind: Effect, at: number): Promise<void> {
  const recipient = zeropushRecipient(tokenOf(letter))
  const { id, registrations } = await accepted(store, { recipient })
  const [registration] = registrations
  assert(registration)
  const { version } = registration
  const effect: RegistrationEffect =
    kind === 'unregistered'
      ? { version, kind, since: at, reason: 'Unregistered' }
      : { version, kind, suspendAt: 2, reason: 'BadDeviceToken' }
  const results = [{ record: record(id, registration, { state: 'unregistered' }), effect }]
  assert.notEqual(await store.settle(settlement(id, results, { recipient, at })), undefined)
}

type Effect = 'unregistered' | 'misaddressed'

export function zeropushSendingContract(make: MakeStore): void {
  test('zeropush: a message counts the badge in its own commit, and carries what it came to', async t => {
    const harness = await make(t)
    const { store } = harness
    await store.zeropush.register(device('a'))
    const first = await accepted(store, { recipient: A, badge: { add: 1 }, leased: false })
    assert.equal(first.badge, 1)
    assert.equal(first.registrations[0]?.token, 'aaaa')
    const [second, third] = await store.accept([
      entry({ recipient: A, badge: { add: 1 }, leased: false }),
      entry({ recipient: A, leased: false }),
    ])
    assert(second?.status === 'queued' && third?.status === 'queued')
    assert.equal(second.badge, 2)
    assert.equal(third.badge, undefined)
    const again = await harness.restart()
    const claimed = await again.claimMessages(10)
    assert.deepEqual(
      claimed.map(({ message }) => message.content.unread),
      [1, 2, undefined],
    )
    assert.equal((await again.zeropush.device('aaaa'))?.badge, 2)
  })

  test('zeropush: where a channel may have so many devices the dead make room, and do not come back by themselves', async t => {
    const { store } = await make(t)
    const limits = { channels: ['mine'], maxDevices: 1 }
    await store.zeropush.register(device('a', limits))
    assert.equal(await store.zeropush.register(device('b', limits)), 'too-many-devices')
    await sentWith(store, 'a', 'unregistered', T0 + 1)
    assert.equal(await store.zeropush.register(device('b', limits)), 'created')
    await store.zeropush.register(device('a'))
    assert.deepEqual(await store.zeropush.tokensIn('mine', 10), [tokenOf('b')])
  })

  test('zeropush: what is not queued counts nothing', async t => {
    const { store } = await make(t)
    await store.zeropush.register(device('a'))
    await sentWith(store, 'a', 'unregistered', T0 + 1)
    const [gone] = await store.accept([entry({ recipient: A, badge: { add: 1 } })])
    assert(gone?.status === 'ignored')
    assert.equal(gone.reason, 'no-device')
    assert.equal((await store.zeropush.device('aaaa'))?.badge, 0)
    await registered(store)
    const plain = await accepted(store, { recipient: ALICE, badge: { add: 1 } })
    assert.equal(plain.badge, undefined, 'no device stands behind an account')
  })

  test('zeropush: a dead token is inactive since it was told so, until it registers again', async t => {
    const { store } = await make(t)
    for (const letter of 'abc') await store.zeropush.register(device(letter, { channels: ['x'] }))
    await sentWith(store, 'a', 'unregistered', T0 + 10)
    await sentWith(store, 'b', 'misaddressed', T0 + 20)
    assert.equal((await store.zeropush.device('bbbb'))?.markedInactiveAt, undefined, 'one strike is none')
    await sentWith(store, 'b', 'misaddressed', T0 + 30)
    const since = (instant: number) => store.zeropush.inactive({ since: instant, offset: 0, limit: 10 })
    assert.deepEqual(await since(0), {
      entries: [
        { token: 'bbbb', badge: 0, markedInactiveAt: T0 + 30, channels: ['x'] },
        { token: 'aaaa', badge: 0, markedInactiveAt: T0 + 10, channels: ['x'] },
      ],
      total: 2,
    })
    assert.equal((await since(T0 + 30)).entries[0]?.token, 'bbbb')
    assert.equal((await since(T0 + 31)).total, 0)
    await store.zeropush.register(device('a', { at: T0 + 40 }))
    assert.equal((await store.zeropush.device('aaaa'))?.markedInactiveAt, undefined)
    assert.equal((await since(0)).total, 1)
  })

  test('zeropush: who is sent to: named ones as they are, else the active ones, page by page', async t => {
    const { zeropush } = (await make(t)).store
    for (const letter of 'dacb') await zeropush.register(device(letter, { channels: ['x'] }))
    await zeropush.register(device('e'))
    assert.deepEqual(await zeropush.named(['eeee', 'ffff', 'aaaa']), [
      { token: 'eeee', isActive: true },
      { token: 'aaaa', isActive: true },
    ])
    const tokens = async (...query: Parameters<typeof zeropush.targets>) =>
      (await zeropush.targets(...query)).map(({ token }) => token)
    assert.deepEqual(await tokens({ limit: 2 }), ['aaaa', 'bbbb'])
    assert.deepEqual(await tokens({ limit: 9, after: 'bbbb' }), ['cccc', 'dddd', 'eeee'])
    assert.deepEqual(await tokens({ limit: 9, channel: 'x', after: 'aaaa' }), ['bbbb', 'cccc', 'dddd'])
    assert.deepEqual(await tokens({ limit: 9, channel: 'y' }), [])
  })

  test('zeropush: inactive devices are named as such, and not among those to send to', async t => {
    const { store } = await make(t)
    for (const letter of 'ab') await store.zeropush.register(device(letter, { channels: ['x'] }))
    await sentWith(store, 'a', 'unregistered', T0 + 1)
    assert.deepEqual(await store.zeropush.named(['aaaa']), [{ token: 'aaaa', isActive: false }])
    assert.deepEqual(await store.zeropush.targets({ limit: 9 }), [{ token: 'bbbb', isActive: true }])
    assert.deepEqual(await store.zeropush.targets({ limit: 9, channel: 'x' }), [
      { token: 'bbbb', isActive: true },
    ])
  })

  test('zeropush: what waits for a removed device ends', async t => {
    const { store } = await make(t)
    await store.zeropush.register(device('a'))
    const { id } = await accepted(store, { recipient: A, leased: false })
    const { removed, settled } = await store.zeropush.remove('aaaa', T0 + 1)
    assert.equal(removed, 1)
    assert.deepEqual(settled, [{ id, state: 'unreachable' }])
  })
}

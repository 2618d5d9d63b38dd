import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MakeStore } from './fixtures.ts'
import {
  ALICE,
  accepted,
  BOB,
  command,
  HOUR,
  registered,
  settlement,
  T0,
  waitingMessage,
} from './fixtures.ts'

const CAROL = 'carol@example.org'

export function registeringContract(make: MakeStore): void {
  test('register: created with all that was said, then refreshed', async t => {
    const { store } = await make(t)
    const said = { name: 'My phone', locale: 'de', preview: 'none' } as const
    const created = await store.register(command({ ...said, environmentSource: 'client' }))
    assert.equal(created.status, 'created')
    assert('registration' in created)
    const { maxDevices: _maxDevices, at, ...rest } = command({ ...said, environmentSource: 'client' })
    assert.deepEqual(created.registration, {
      ...rest,
      registeredAt: at,
      state: 'active',
      strikes: 0,
      version: created.registration.version,
      firstVersion: created.registration.version,
    })
    const refreshed = await store.register(command({ token: 'bb22', at: T0 + 5 }))
    assert.equal(refreshed.status, 'refreshed')
    assert('registration' in refreshed)
    assert.equal(refreshed.registration.name, undefined)
    assert.equal(refreshed.registration.registeredAt, T0 + 5)
    assert(refreshed.registration.version > created.registration.version)
    assert.equal(refreshed.registration.firstVersion, created.registration.firstVersion)
    assert.deepEqual(await store.registrations(ALICE), [refreshed.registration])
    const { registration } = refreshed
    const found = await store.registration({ recipient: ALICE, device: 'phone', kind: 'alert' })
    assert(found.found)
    assert.deepEqual(found.registration, registration)
  })

  test('a token has one owner: registering it elsewhere moves it, the next PUT brings it back', async t => {
    const { store } = await make(t)
    await registered(store)
    await registered(store, { recipient: BOB, at: T0 + 1 })
    const [former] = await store.registrations(ALICE)
    assert.equal(former?.state, 'moved')
    assert.equal((await accepted(store, { recipient: BOB })).registrations.length, 1)
    const restored = await store.register(command({ at: T0 + 2 }))
    assert.equal(restored.status, 'refreshed')
    assert.equal((await store.registrations(ALICE))[0]?.state, 'active')
    assert.equal((await store.registrations(BOB))[0]?.state, 'moved')
  })

  test('a moved registration may be renewed with another token while the first has a new owner', async t => {
    const { store } = await make(t)
    await registered(store)
    await registered(store, { recipient: BOB })
    await registered(store, { token: 'bb22' })
    assert.equal((await store.registrations(ALICE))[0]?.state, 'active')
    assert.equal((await store.registrations(BOB))[0]?.state, 'active')
  })

  test('a shared token belongs to whoever registers it; one recipient has it once', async t => {
    const { store } = await make(t)
    for (const recipient of [ALICE, BOB]) await registered(store, { recipient, isShared: true })
    assert.equal((await store.registrations(ALICE))[0]?.state, 'active')
    assert.equal((await store.registrations(BOB))[0]?.state, 'active')
    await registered(store, { device: 'tablet', isShared: true, maxMoves: 0 })
    assert.deepEqual(
      (await store.registrations(ALICE)).map(({ device }) => device),
      ['tablet'],
    )
    await registered(store, { recipient: CAROL })
    assert.equal(
      (await store.registrations(ALICE))[0]?.state,
      'active',
      'an owner takes nothing from sharers',
    )
  })

  test('the same token for another app is another address', async t => {
    const { store } = await make(t)
    await registered(store)
    await registered(store, { recipient: BOB, app: 'org.example.other' })
    assert.equal((await store.registrations(ALICE))[0]?.state, 'active')
  })

  test('moves are limited to so many in a day, an admin is not', async t => {
    const { store } = await make(t)
    const move = async (recipient: string, at: number, maxMoves?: number) =>
      (await store.register(command({ recipient, at, ...(maxMoves === undefined ? {} : { maxMoves }) })))
        .status
    await registered(store)
    assert.equal(await move(BOB, T0 + 1, 2), 'created')
    await move(ALICE, T0 + 2)
    assert.equal(await move(BOB, T0 + 3, 2), 'refreshed')
    await move(ALICE, T0 + 4)
    assert.equal(await move(BOB, T0 + 5, 2), 'too-many-moves')
    assert.equal((await store.registrations(ALICE))[0]?.state, 'active', 'nothing was changed')
    assert.equal(await move(CAROL, T0 + 5, 2), 'created', 'another recipient has moves of its own')
    assert.equal(await move(BOB, T0 + 6), 'refreshed', 'an admin may')
    await move(ALICE, T0 + 7)
    assert.equal(await move(BOB, T0 + 1 + 24 * HOUR, 2), 'refreshed', 'the first one is a day ago')
  })

  test('refreshing and replacing are no moves', async t => {
    const { store } = await make(t)
    for (const device of ['phone', 'phone', 'tablet']) {
      const result = await store.register(command({ device, maxMoves: 0 }))
      assert.notEqual(result.status, 'too-many-moves')
    }
  })

  test('the same token under another device id replaces it', async t => {
    const { store } = await make(t)
    await registered(store)
    const result = await store.register(command({ device: 'reinstalled' }))
    assert.equal(result.status, 'created')
    assert.deepEqual(
      (await store.registrations(ALICE)).map(({ device }) => device),
      ['reinstalled'],
    )
  })

  test('what waits goes along when the same token comes under another device id', async t => {
    const { store } = await make(t)
    await registered(store)
    await registered(store, { device: 'tablet', token: 'bb22' })
    const { id } = await waitingMessage(store)
    const next = await registered(store, { device: 'reinstalled', at: T0 + 500 })
    const [waiting] = await store.waitingScopes()
    const [claimed, ...others] = await store.claimDeliveries(waiting?.scope ?? '', T0 + 500, 10)
    assert.equal(others.length, 0)
    assert(claimed?.registration.found)
    assert.deepEqual(claimed.registration.registration, next)
    assert.equal(claimed.record.device, 'reinstalled')
    const results = [{ record: { ...claimed.record, state: 'accepted' as const } }]
    assert.equal(await store.settle(settlement(id, results, { round: 'later' })), 'accepted')
    assert.equal((await store.message(id))?.deliveries.length, 1)
  })

  test('beyond the limit the least recently registered goes', async t => {
    const { store } = await make(t)
    const register = (device: string, at: number) =>
      registered(store, { device, token: `token-${device}`, at, maxDevices: 2 })
    await register('one', T0)
    await register('two', T0 + 1)
    await register('one', T0 + 2)
    await register('three', T0 + 3)
    const devices = (await store.registrations(ALICE)).map(({ device }) => device)
    assert.deepEqual(devices.sort(), ['one', 'three'])
    await register('late', T0 - 1)
    assert((await store.registrations(ALICE)).some(({ device }) => device === 'late'))
  })
}

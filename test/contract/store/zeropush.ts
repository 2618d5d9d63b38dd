import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_BADGE } from '../../../src/domain/badge.ts'
import { zeropushRecipient } from '../../../src/domain/zeropush-recipient.ts'
import type { ZeropushRegistration } from '../../../src/store/zeropush-registry.ts'
import type { MakeStore, WholeStore } from './fixtures.ts'
import { ALICE, registered, T0 } from './fixtures.ts'

/** `a` is a device's token, four times as long. */
export const tokenOf = (letter: string) => letter.repeat(4)

export function device(letter: string, overrides: Partial<ZeropushRegistration> = {}): ZeropushRegistration {
  return {
    token: tokenOf(letter),
    provider: 'apns',
    app: 'org.example.chat',
    environment: 'production',
    environmentSource: 'default',
    channels: [],
    maxChannels: 3,
    at: T0,
    ...overrides,
  }
}

const ALL = { offset: 0, limit: 100 }

async function registerAll(
  { zeropush }: Pick<WholeStore, 'zeropush'>,
  letters: string,
  channels: string[] = [],
): Promise<void> {
  for (const letter of letters) await zeropush.register(device(letter, { channels }))
}

export function zeropushContract(make: MakeStore): void {
  test('zeropush: a device is created, then refreshed, with its registration, and survives a restart', async t => {
    const harness = await make(t)
    const { zeropush } = harness.store
    assert.equal(await zeropush.register(device('a', { channels: ['news'] })), 'created')
    assert.equal(await zeropush.register(device('a', { channels: ['chat'], at: T0 + 5 })), 'refreshed')
    const store = await harness.restart()
    const known = { token: 'aaaa', badge: 0, channels: ['chat', 'news'] }
    assert.deepEqual(await store.zeropush.device('aaaa'), known)
    assert.equal(await store.zeropush.device('bbbb'), undefined)
    const [registration, ...others] = await store.registrations(zeropushRecipient('aaaa'))
    assert.equal(others.length, 0)
    assert.equal(registration?.token, 'aaaa')
    assert.equal(registration?.state, 'active')
    assert.equal(registration?.registeredAt, T0 + 5)
  })

  test("zeropush: nobody's registration is moved, and none moves a device", async t => {
    const { store } = await make(t)
    await registered(store, { token: 'aaaa' })
    await store.zeropush.register(device('a'))
    assert.equal((await store.registrations(ALICE))[0]?.state, 'active')
    await registered(store, { token: 'aaaa', at: T0 + 1 })
    assert.equal((await store.registrations(zeropushRecipient('aaaa')))[0]?.state, 'active')
    await store.zeropush.remove('aaaa', T0 + 2)
    assert.equal((await store.registrations(ALICE))[0]?.state, 'active')
  })

  test('zeropush: removed, with channels and badge: the next one with the token inherits nothing', async t => {
    const { store } = await make(t)
    await store.zeropush.register(device('a', { channels: ['news'] }))
    await store.zeropush.changeBadge('aaaa', { set: 7 })
    assert.equal((await store.zeropush.remove('aaaa', T0 + 1)).removed, 1)
    assert.equal((await store.zeropush.remove('aaaa', T0 + 1)).removed, 0)
    assert.equal(await store.zeropush.device('aaaa'), undefined)
    assert.deepEqual(await store.registrations(zeropushRecipient('aaaa')), [])
    assert.deepEqual(await store.zeropush.tokensIn('news', 10), [])
    assert.equal(await store.zeropush.register(device('a')), 'created')
    assert.deepEqual(await store.zeropush.device('aaaa'), { token: 'aaaa', badge: 0, channels: [] })
  })

  test('zeropush: a badge is set or counted, stays within its bounds, and outlives a refresh', async t => {
    const { zeropush } = (await make(t)).store
    await registerAll({ zeropush }, 'ab')
    assert.equal(await zeropush.changeBadge('aaaa', { add: 1 }), 1)
    assert.equal(await zeropush.changeBadge('aaaa', { add: 4 }), 5)
    assert.equal(await zeropush.changeBadge('aaaa', { add: -9 }), 0)
    assert.equal(await zeropush.changeBadge('aaaa', { set: MAX_BADGE }), MAX_BADGE)
    assert.equal(await zeropush.changeBadge('aaaa', { add: 1 }), MAX_BADGE)
    assert.equal(await zeropush.changeBadge('aaaa', { set: 3 }), 3)
    await zeropush.register(device('a', { at: T0 + 1 }))
    assert.equal((await zeropush.device('aaaa'))?.badge, 3)
    assert.equal((await zeropush.device('bbbb'))?.badge, 0)
    assert.equal(await zeropush.changeBadge('cccc', { add: 1 }), undefined)
    const many = await Promise.all(Array.from({ length: 20 }, () => zeropush.changeBadge('bbbb', { add: 1 })))
    assert.deepEqual(
      many,
      Array.from({ length: 20 }, (_, index) => index + 1),
    )
  })

  test('zeropush: channels are added, removed, replaced, and never too many', async t => {
    const { zeropush } = (await make(t)).store
    await zeropush.register(device('a'))
    const change = (kind: 'add' | 'replace', ...channels: string[]) =>
      zeropush.changeChannels('aaaa', { change: kind, channels, maxChannels: 3 })
    assert.deepEqual(await change('add', 'b', 'a', 'b'), ['a', 'b'])
    assert.deepEqual(await change('add', 'b'), ['a', 'b'])
    assert.equal(await change('add', 'c', 'd'), 'too-many-channels')
    assert.deepEqual((await zeropush.device('aaaa'))?.channels, ['a', 'b'], 'nothing was changed')
    assert.deepEqual(await change('replace', 'c', 'd', 'e'), ['c', 'd', 'e'])
    assert.equal(await change('replace', '1', '2', '3', '4'), 'too-many-channels')
    assert.equal(await zeropush.register(device('a', { channels: ['f'] })), 'too-many-channels')
    assert.equal(
      await zeropush.register(device('b', { channels: ['1', '2', '3', '4'] })),
      'too-many-channels',
    )
    assert.equal(await zeropush.device('bbbb'), undefined, 'nothing was created')
    const removed = { change: 'remove', channels: ['d', 'never'] } as const
    assert.deepEqual(await zeropush.changeChannels('aaaa', removed), ['c', 'e'])
    assert.deepEqual(await change('replace'), [])
    const unknown = await zeropush.changeChannels('cccc', { change: 'add', channels: ['x'], maxChannels: 3 })
    assert.equal(unknown, 'unknown')
    assert.deepEqual(await zeropush.tokensIn('x', 10), [])
  })

  test('zeropush: a channel that may have so many devices takes no more, and keeps those that it has', async t => {
    const { zeropush } = (await make(t)).store
    await registerAll({ zeropush }, 'abcd')
    const limits = { maxChannels: 3, maxDevices: 2 }
    const add = (letter: string) =>
      zeropush.changeChannels(tokenOf(letter), { change: 'add', channels: ['mine'], ...limits })
    assert.deepEqual([await add('a'), await add('b'), await add('a')], [['mine'], ['mine'], ['mine']])
    assert.equal(await add('c'), 'too-many-devices')
    const replace = { change: 'replace', channels: ['other', 'mine'], ...limits } as const
    assert.equal(await zeropush.changeChannels(tokenOf('c'), replace), 'too-many-devices')
    const registration = device('e', { channels: ['mine'], ...limits })
    assert.equal(await zeropush.register(registration), 'too-many-devices')
    assert.equal(await zeropush.device(tokenOf('e')), undefined, 'nothing was created')
    await zeropush.register(device('d', { channels: ['mine'] }))
    assert.deepEqual(await zeropush.tokensIn('mine', 10), ['a', 'b', 'd'].map(tokenOf), 'without a limit')
    assert.equal(await zeropush.register(device('a', { channels: ['mine'], ...limits })), 'refreshed')
  })

  test('zeropush: a channel is listed while it has devices, and can be cleared', async t => {
    const { zeropush } = (await make(t)).store
    await registerAll({ zeropush }, 'cab', ['news'])
    await registerAll({ zeropush }, 'a', ['user@example.com'])
    assert.deepEqual(await zeropush.channels(ALL), { entries: ['news', 'user@example.com'], total: 2 })
    assert.deepEqual(await zeropush.channels({ offset: 1, limit: 1 }), {
      entries: ['user@example.com'],
      total: 2,
    })
    assert.deepEqual(await zeropush.tokensIn('news', 10), ['aaaa', 'bbbb', 'cccc'])
    assert.deepEqual(await zeropush.tokensIn('news', 2), ['aaaa', 'bbbb'])
    assert.equal(await zeropush.clearChannel('news'), 3)
    assert.equal(await zeropush.clearChannel('news'), 0)
    assert.deepEqual(await zeropush.channels(ALL), { entries: ['user@example.com'], total: 1 })
    assert.equal((await zeropush.devices(ALL)).total, 3, 'the devices stay')
  })

  test('zeropush: devices are listed by pages, in order', async t => {
    const { zeropush } = (await make(t)).store
    await registerAll({ zeropush }, 'dacb', ['x'])
    const page = await zeropush.devices({ offset: 1, limit: 2 })
    assert.deepEqual(page, {
      entries: [
        { token: 'bbbb', badge: 0, channels: ['x'] },
        { token: 'cccc', badge: 0, channels: ['x'] },
      ],
      total: 4,
    })
    assert.deepEqual(await zeropush.devices({ offset: 9, limit: 2 }), { entries: [], total: 4 })
  })
}

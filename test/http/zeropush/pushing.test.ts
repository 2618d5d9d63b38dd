import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zeropushRecipient } from '../../../src/domain/zeropush-recipient.ts'
import { StoreUnavailableError } from '../../../src/store/store-unavailable.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createZeropushApp, errorOf, markDead, tokenOf } from './support.ts'

const DAY = 86_400_000

test('notify: who is sent to, who is dead, and whom nobody registered, as they were named', async t => {
  const app = await createZeropushApp(t)
  await app.register([1, 2, 3])
  await markDead(app, tokenOf(2))
  const spelt = tokenOf(2).toUpperCase()
  const device_tokens = ['abc', tokenOf(1), spelt, tokenOf(3), 'ABC-x', 'not ours']
  const { status, body } = await app.call('POST', '/notify', { device_tokens, alert: 'x' })
  assert.deepEqual(
    [status, body],
    [200, { sent_count: 2, inactive_tokens: [spelt], unregistered_tokens: ['abc', 'ABC-x', 'not ours'] }],
  )
  assert.equal(app.handedOff.length, 2)
  const nobody = await app.call('POST', '/notify', { device_tokens: ['abc'], alert: 'x' })
  assert.deepEqual(nobody.body, { sent_count: 0, inactive_tokens: [], unregistered_tokens: ['abc'] })
  const again = await app.call('POST', '/register', { device_token: tokenOf(2) })
  assert.equal(again.status, 200)
  const revived = await app.call('POST', '/notify', { device_tokens: [tokenOf(2)], alert: 'x' })
  assert.deepEqual(revived.body, { sent_count: 1, inactive_tokens: [], unregistered_tokens: [] })
})

test('broadcast: to all, or to a channel; with a slash at the end, too; never to the dead', async t => {
  const app = await createZeropushApp(t)
  await app.register([1, 2], 'foo')
  await app.register([3])
  const count = async (path: string, said = {}) =>
    ((await app.call('POST', path, { alert: 'x', ...said })).body as { sent_count: number }).sent_count
  assert.equal(await count('/broadcast'), 3)
  assert.equal(await count('/broadcast/'), 3)
  assert.equal(await count('/broadcast/foo'), 2)
  assert.equal(await count('/broadcast/foo/'), 2)
  assert.equal(await count('/broadcast', { channel: 'foo' }), 2)
  assert.equal(await count('/broadcast/', { channel: 'foo' }), 2)
  assert.equal(await count('/broadcast/nobody'), 0)
  await markDead(app, tokenOf(1))
  assert.equal(await count('/broadcast'), 2)
  assert.equal(await count('/broadcast/foo'), 1)
  app.handedOff.length = 0
  for (const channel of ['', ' ', [], { a: 1 }, null]) {
    const answer = await app.call('POST', '/broadcast', { alert: 'x', channel })
    assert.deepEqual(errorOf(answer), [400, 'parameter error'], 'an empty channel is not everybody')
  }
  assert.deepEqual(app.handedOff, [])
})

test('a message per device, each with its own badge', async t => {
  const app = await createZeropushApp(t)
  await app.register([1, 2])
  await app.call('POST', '/set_badge', { device_token: tokenOf(2), badge: 5 })
  await app.call('POST', '/broadcast', { alert: 'one', badge: '+1' })
  await app.call('POST', '/notify', { device_tokens: [tokenOf(2)], alert: 'two', badge: '+1' })
  await app.call('POST', '/broadcast', { alert: 'three', badge: '+1' })
  const seen = app.handedOff.map(({ content }) => [content.recipient, content.body, content.unread])
  const [a, b] = [zeropushRecipient(tokenOf(1)), zeropushRecipient(tokenOf(2))]
  assert.deepEqual(seen, [
    [a, 'one', 1],
    [b, 'one', 6],
    [b, 'two', 7],
    [a, 'three', 2],
    [b, 'three', 8],
  ])
  await app.call('POST', '/broadcast', { alert: 'four', badge: 3 })
  await app.call('POST', '/broadcast', { alert: 'five' })
  const { body } = await app.call('GET', '/devices')
  assert.deepEqual(
    (body as { badge: number }[]).map(({ badge }) => badge),
    [3, 3],
  )
  assert.deepEqual(
    app.handedOff.slice(-2).map(({ content }) => content.unread),
    [undefined, undefined],
  )
  assert.equal(new Set(app.handedOff.map(({ id }) => id)).size, app.handedOff.length)
})

test('when the store cannot commit nothing is sent, no badge is counted, and the caller hears 503', async t => {
  const broken = await createZeropushApp(t, {
    store: { accept: async () => Promise.reject(new StoreUnavailableError('disk-full')) },
  })
  await broken.register([1], 'foo')
  for (const path of ['/broadcast', '/broadcast/foo']) {
    const answer = await broken.call('POST', path, { alert: 'x', badge: '+1' })
    assert.deepEqual(errorOf(answer), [503, 'server error'])
    assert.ok(Number(answer.headers['retry-after']) > 0)
  }
  const { body } = await broken.call('GET', `/devices/${tokenOf(1)}`)
  assert.equal((body as { badge: number }).badge, 0)
  assert.deepEqual(broken.handedOff, [])
})

test('a message expires when it is told to, not later than any message, and not before it can be tried', async t => {
  const clock = new FakeClock(Date.now())
  const app = await createZeropushApp(t, { clock })
  await app.register([1])
  const seconds = Math.floor(clock.now() / 1000)
  const lifeOf = async (said: object) => {
    app.handedOff.length = 0
    const { status } = await app.call('POST', '/broadcast', { alert: 'x', ...said })
    const [message] = app.handedOff
    assert(status === 200 && message)
    assert.equal(message.receivedAt, clock.now())
    return message.expiresAt - message.receivedAt
  }
  assert.equal(await lifeOf({}), 7 * DAY)
  assert.equal(await lifeOf({ expiry: seconds + 3600 }), seconds * 1000 + 3_600_000 - clock.now())
  assert.equal(await lifeOf({ expiry: String(seconds + 30 * 86_400) }), 7 * DAY)
  assert.equal(await lifeOf({ time_to_live: 120 }), 120_000)
  assert.equal(await lifeOf({ time_to_live: '40320' }), 40_320_000)
  for (const said of [{ expiry: 0 }, { expiry: seconds - 5 }, { time_to_live: 0 }])
    assert.equal(await lifeOf(said), 60_000)
})

test('an alert that is too long is cut between characters; nothing else of it is lost', async t => {
  const app = await createZeropushApp(t)
  await app.register([1])
  const family = '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}'
  await app.call('POST', '/broadcast', { alert: family.repeat(1000), badge: 1, sound: 'x' })
  const [message] = app.handedOff
  const text = message?.content.body ?? ''
  assert.ok(Buffer.byteLength(text) <= 8192 && Buffer.byteLength(text) > 8192 - 32)
  assert.equal(text, family.repeat(text.length / family.length))
  assert.deepEqual([message?.content.unread, message?.content.direct], [1, { sound: 'x' }])
})

test('to everybody, some at a time', async t => {
  const app = await createZeropushApp(t)
  const registrations = Array.from({ length: 2003 }, (_, number) =>
    app.store.zeropush.register({
      ...{ token: tokenOf(number), provider: 'apns', app: 'com.example.chat', environment: 'production' },
      ...{ environmentSource: 'default', channels: [], maxChannels: 1, at: 1 },
    }),
  )
  await Promise.all(registrations)
  let commits = 0
  app.events.on('store.commit', () => commits++)
  const { body } = await app.call('POST', '/broadcast', { alert: 'x', badge: '+1' })
  assert.deepEqual(body, { sent_count: 2003 })
  assert.equal(commits, Math.ceil(2003 / 250))
  assert.equal(app.handedOff.length, 2003)
  assert.equal(new Set(app.handedOff.map(({ content }) => content.recipient)).size, 2003)
  assert.ok(app.handedOff.every(({ content }) => content.unread === 1))
})

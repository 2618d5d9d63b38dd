import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokenFor } from '../../support/jwt.ts'
import { ADMIN_TOKEN, bearer } from '../../support/test-app.ts'
import { APP, asToken, createZeropushApp, errorOf, SERVER, tokenOf, type ZeropushApp } from './support.ts'

const TOKEN = tokenOf(1)
const device_token = TOKEN

test('a server puts devices into channels and takes them out, by path, parameter or list', async t => {
  const app = await createZeropushApp(t)
  await app.register([1])
  const subscribed = (...channels: string[]) => ({ device_token, channels })
  assert.deepEqual((await app.call('POST', '/subscribe/foo', { device_token })).body, subscribed('foo'))
  assert.deepEqual(
    (await app.call('POST', '/subscribe', { device_token, channel: 'bar' })).body,
    subscribed('bar', 'foo'),
  )
  assert.deepEqual(
    (await app.call('POST', '/subscribe/foo', { device_token })).body,
    subscribed('bar', 'foo'),
  )
  assert.deepEqual((await app.call('DELETE', '/subscribe/foo', { device_token })).body, subscribed('bar'))
  assert.deepEqual(
    (await app.call('DELETE', '/subscribe', { device_token, channel: 'bar' })).body,
    subscribed(),
  )
  assert.deepEqual((await app.call('DELETE', '/subscribe/never', { device_token })).body, subscribed())
  const device = { token: TOKEN, active: true, marked_inactive_at: null, badge: 0 }
  const put = (channel_list: unknown) => app.call('PUT', `/devices/${TOKEN}`, { channel_list })
  const patch = (channel_list: unknown) => app.call('PATCH', `/devices/${TOKEN}`, { channel_list })
  assert.deepEqual((await put('player-1, game-256')).body, { ...device, channels: ['game-256', 'player-1'] })
  assert.deepEqual((await patch(['a', 'player-1'])).body, {
    ...device,
    channels: ['a', 'game-256', 'player-1'],
  })
  assert.deepEqual((await put(' b ,,b')).body, { ...device, channels: ['b'] })
  assert.deepEqual((await patch('')).body, { ...device, channels: ['b'] })
  assert.deepEqual((await put('')).body, { ...device, channels: [] })
})

test('names of channels: as in addresses, in any script, and percent-encoded where they stand in a path', async t => {
  const app = await createZeropushApp(t)
  await app.register([1])
  for (const channel of ['user@example.com', 'a/b', 'a+b', 'Ünï 你好', 'v1.2.json', 'a,b', '%41']) {
    const path = `/subscribe/${encodeURIComponent(channel)}`
    const { status, body } = await app.call('POST', path, { device_token })
    assert.equal(status, 200, channel)
    assert.deepEqual((body as { channels: string[] }).channels, [channel])
    const found = await app.call('GET', `/channels/${encodeURIComponent(channel)}`)
    assert.deepEqual(found.body, { channel, device_tokens: [TOKEN] })
    const sent = await app.call('POST', `/broadcast/${encodeURIComponent(channel)}`, { alert: 'x' })
    assert.deepEqual(sent.body, { sent_count: 1 })
    await app.call('DELETE', '/subscribe', { device_token, channel })
  }
})

test('what is refused, and changes nothing', async t => {
  const app = await createZeropushApp(t)
  await app.register([1], 'kept')
  const many = Array.from({ length: 101 }, (_, index) => `channel-${index}`)
  const bad: [method: 'POST' | 'DELETE' | 'PUT' | 'PATCH', path: string, said: Record<string, unknown>][] = [
    ['POST', '/subscribe', { device_token }],
    ['POST', '/subscribe', { channel: 'x' }],
    ['POST', '/subscribe', { device_token, channel: '' }],
    ['POST', '/subscribe', { device_token, channel: '  ' }],
    ['POST', '/subscribe', { device_token, channel: ['x', 'y'] }],
    ['POST', '/subscribe', { device_token, channel: 'x\ny' }],
    ['POST', '/subscribe', { device_token, channel: 'x'.repeat(2048) }],
    ['DELETE', '/subscribe', { device_token }],
    ['POST', '/register', { device_token, channel: '' }],
    ['PUT', `/devices/${TOKEN}`, {}],
    ['PUT', `/devices/${TOKEN}`, { channel_list: [1] }],
    ['PUT', `/devices/${TOKEN}`, { channel_list: { a: 'b' } }],
    ['PUT', `/devices/${TOKEN}`, { channel_list: many.join(',') }],
    ['PATCH', `/devices/${TOKEN}`, { channel_list: many.slice(1) }],
    ['PATCH', `/devices/${TOKEN}`, { channel_list: 'x'.repeat(2048) }],
  ]
  for (const [method, path, said] of bad) {
    assert.deepEqual(
      errorOf(await app.call(method, path, said)),
      [400, 'parameter error'],
      JSON.stringify(said).slice(0, 80),
    )
  }
  const unknown = { device_token: tokenOf(9), channel: 'x', channel_list: 'x' }
  for (const [method, path] of [
    ['POST', '/subscribe'],
    ['DELETE', '/subscribe'],
    ['PUT', `/devices/${tokenOf(9)}`],
    ['PATCH', `/devices/${tokenOf(9)}`],
    ['GET', `/devices/${tokenOf(9)}`],
  ] as const) {
    assert.deepEqual(errorOf(await app.call(method, path, unknown)), [404, 'record not found'])
  }
  const { body } = await app.call('GET', `/devices/${TOKEN}`)
  assert.deepEqual((body as { channels: string[] }).channels, ['kept'])
})

test("an app's token subscribes to nothing, by no way", async t => {
  const app = await createZeropushApp(t)
  const refused = await app.call('POST', '/register', { device_token, channel: 'bob' }, APP)
  assert.deepEqual(errorOf(refused), [403, 'authorization error'])
  assert.deepEqual(
    errorOf(await app.call('GET', `/devices/${TOKEN}`)),
    [404, 'record not found'],
    'nor registers it',
  )
  await app.register([1])
  const query = await app.raw({
    method: 'POST',
    url: '/register?channel=bob',
    headers: asToken(APP),
    payload: { device_token },
  })
  assert.deepEqual(errorOf(query), [403, 'authorization error'])
  assert.deepEqual((await app.call('GET', '/channels')).body, [])
})

async function channelsAs(app: ZeropushApp, as: string, channel: string): Promise<unknown> {
  const { status, body } = await app.call('POST', '/subscribe', { device_token, channel }, as)
  return status === 200 ? (body as { channels: string[] }).channels : status
}

test("with a JWT: an account's own channels, by its bare JID, or its local part in RELAY_XMPP_DOMAIN", async t => {
  const app = await createZeropushApp(t)
  await app.register([1], 'news', 'carol')
  const bob = await tokenFor('Bob@localhost/phone')
  assert.deepEqual(await channelsAs(app, bob, 'bob'), ['bob'], 'and hears of no other')
  assert.deepEqual(await channelsAs(app, bob, 'bob@localhost'), ['bob', 'bob@localhost'])
  for (const other of [
    'carol',
    'carol@localhost',
    'bob@example.org',
    'Bob',
    'bob@localhost/phone',
    'news',
    '*',
  ]) {
    assert.equal(await channelsAs(app, bob, other), 403, other)
  }
  // The same local part in another domain is somebody else.
  const other = await tokenFor('bob@example.org')
  assert.equal(await channelsAs(app, other, 'bob'), 403)
  assert.deepEqual(await channelsAs(app, other, 'bob@example.org'), ['bob@example.org'])
  const registered = await app.call('POST', '/register', { device_token: tokenOf(2), channel: 'bob' }, bob)
  assert.equal(registered.status, 200)
  const notHis = await app.call('POST', '/register', { device_token: tokenOf(3), channel: 'carol' }, bob)
  assert.deepEqual(errorOf(notHis), [403, 'authorization error'])
  assert.deepEqual(errorOf(await app.call('DELETE', '/subscribe/carol', { device_token }, bob)), [
    403,
    'authorization error',
  ])
  const whole = await app.call('GET', `/devices/${TOKEN}`)
  assert.deepEqual((whole.body as { channels: string[] }).channels, [
    'bob',
    'bob@example.org',
    'bob@localhost',
    'carol',
    'news',
  ])
})

test('with a JWT a phone that changed hands is put into the channels of its new owner alone', async t => {
  const app = await createZeropushApp(t)
  await app.register([1], 'carol', 'carol@localhost')
  const bob = await tokenFor('bob@localhost')
  const mixed = await app.call('PUT', `/devices/${TOKEN}`, { channel_list: 'bob,carol' }, bob)
  assert.deepEqual(errorOf(mixed), [403, 'authorization error'])
  const { body } = await app.call('PUT', `/devices/${TOKEN}`, { channel_list: 'bob' }, bob)
  assert.deepEqual((body as { channels: string[] }).channels, ['bob'])
  assert.deepEqual((await app.call('GET', '/channels')).body, ['bob'])
})

test('with a JWT no more devices than an account may have, by no way: a message for it goes to all of them', async t => {
  const app = await createZeropushApp(t, { config: { maxDevices: 2 } })
  await app.register([1, 2, 3])
  const bob = await tokenFor('bob@localhost')
  const add = (number: number, as?: string) =>
    app.call('POST', '/subscribe/bob', { device_token: tokenOf(number) }, as)
  assert.deepEqual([(await add(1, bob)).status, (await add(2, bob)).status], [200, 200])
  const more = [
    await add(3, bob),
    await app.call('POST', '/register', { device_token: tokenOf(4), channel: 'bob' }, bob),
    await app.call('PUT', `/devices/${tokenOf(3)}`, { channel_list: 'bob' }, bob),
    await app.call('PATCH', `/devices/${tokenOf(3)}`, { channel_list: 'bob' }, bob),
  ]
  for (const answer of more) assert.deepEqual(errorOf(answer), [400, 'parameter error'])
  assert.equal((await add(2, bob)).status, 200, 'again')
  assert.equal((await add(3)).status, 200, 'a server may')
})

test('where no domain is configured a local part is nobody’s', async t => {
  const app = await createZeropushApp(t, { config: { xmppDomain: undefined } })
  await app.register([1])
  const bob = await tokenFor('bob@localhost')
  assert.equal(await channelsAs(app, bob, 'bob'), 403)
  assert.deepEqual(await channelsAs(app, bob, 'bob@localhost'), ['bob@localhost'])
})

test('the end of an account empties its channels: the next of that name inherits no phone', async t => {
  const app = await createZeropushApp(t)
  await app.register([1], 'bob', 'bob@localhost', 'bob@example.org', 'carol')
  const removed = await app.http.inject({
    method: 'DELETE',
    url: '/v1/recipients/bob@localhost',
    headers: bearer(ADMIN_TOKEN),
  })
  assert.equal(removed.statusCode, 204)
  assert.deepEqual((await app.call('GET', '/channels', {}, SERVER)).body, ['bob@example.org', 'carol'])
})

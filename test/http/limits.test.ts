import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HS256_KEY, tokenFor } from '../support/jwt.ts'
import { registerPhone } from '../support/requests.ts'
import { ADMIN_TOKEN, BOUND_TOKEN, bearer, createTestApp, type TestApp } from '../support/test-app.ts'

const config = { jwt: { jidClaim: 'jid', keys: [HS256_KEY] } }

interface Call {
  method?: 'GET' | 'POST'
  url: string
  as?: string
  remoteAddress?: string
}

function call(app: TestApp, { method = 'GET', url, as, remoteAddress = '192.0.2.1' }: Call) {
  return app.http.inject({ method, url, remoteAddress, headers: as === undefined ? {} : bearer(as) })
}

async function statuses(app: TestApp, count: number, each: Call): Promise<number[]> {
  const found: number[] = []
  for (let index = 0; index < count; index++) found.push((await call(app, each)).statusCode)
  return found
}

const times = (count: number, status: number): number[] => Array(count).fill(status)

test('failed authentication: 30 a minute and address, on whatever route', async t => {
  const app = await createTestApp(t, { config })
  const wrong = { as: 'wrong' }
  assert.deepEqual(await statuses(app, 10, { url: '/v1/devices', ...wrong }), times(10, 401))
  assert.deepEqual(await statuses(app, 10, { url: '/health', ...wrong }), times(10, 200))
  assert.deepEqual(await statuses(app, 11, { url: '/v1/messages', ...wrong }), [...times(10, 401), 429])
  const limited = await call(app, { url: '/v1/devices', ...wrong })
  assert.deepEqual([limited.statusCode, limited.json().code], [429, 'RELAY_TOO_MANY_REQUESTS'])
  const retryAfter = Number(limited.headers['retry-after'])
  assert.ok(retryAfter >= 1 && retryAfter <= 60)
  const elsewhere = await call(app, { url: '/v1/devices', ...wrong, remoteAddress: '192.0.2.2' })
  assert.equal(elsewhere.statusCode, 401)
})

test('valid credentials pass beside an attacker at the same address', async t => {
  const app = await createTestApp(t, { config })
  await statuses(app, 40, { url: '/v1/devices', as: 'wrong' })
  assert.equal((await call(app, { url: '/v1/messages', as: ADMIN_TOKEN })).statusCode, 200)
  assert.equal((await call(app, { url: '/v1/devices', as: await tokenFor('bob@localhost') })).statusCode, 200)
  const url = '/v1/recipients/bob@example.org'
  const removed = await app.http.inject({ method: 'DELETE', url, headers: bearer(BOUND_TOKEN) })
  assert.equal(removed.statusCode, 204)
})

test('device calls: 60 a minute and recipient', async t => {
  const app = await createTestApp(t, { config })
  const bob = { url: '/v1/devices', as: await tokenFor('bob@localhost') }
  assert.deepEqual(await statuses(app, 61, bob), [...times(60, 200), 429])
  const carol = { url: '/v1/devices', as: await tokenFor('carol@localhost') }
  assert.equal((await call(app, carol)).statusCode, 200)
})

test('tests: 5 a minute and recipient, of all devices together; admins have no limit', async t => {
  const app = await createTestApp(t, { config })
  await registerPhone(app, 'bob@localhost')
  const url = '/v1/devices/phone1/test'
  const bob = { method: 'POST', url, as: await tokenFor('bob@localhost') } as const
  assert.deepEqual(await statuses(app, 6, bob), [...times(5, 200), 429])
  assert.equal(app.tested.length, 5)
  const admin = { method: 'POST', url: `${url}?recipient=bob@localhost`, as: ADMIN_TOKEN } as const
  assert.deepEqual(await statuses(app, 8, admin), times(8, 200))
})

test('unknown routes: 60 a minute and address', async t => {
  const app = await createTestApp(t)
  assert.deepEqual(await statuses(app, 61, { url: '/wp-login.php' }), [...times(60, 404), 429])
  assert.equal((await call(app, { url: '/health' })).statusCode, 200)
})

test('behind a proxy that it trusts, the address is the one that the proxy names', async t => {
  const app = await createTestApp(t, { config: { trustProxy: ['192.0.2.1'] } })
  const from = (address: string) =>
    app.http.inject({
      url: '/nowhere',
      remoteAddress: '192.0.2.1',
      headers: { 'x-forwarded-for': address },
    })
  for (let index = 0; index < 61; index++) await from('198.51.100.7')
  assert.equal((await from('198.51.100.7')).statusCode, 429)
  assert.equal((await from('198.51.100.8')).statusCode, 404)
})

test('what X-Forwarded-For says and is no address counts for the connection, whoever is trusted', async t => {
  const app = await createTestApp(t, { config: { trustProxy: true } })
  const from = (forwarded: string, remoteAddress = '192.0.2.1') =>
    app.http.inject({ url: '/nowhere', remoteAddress, headers: { 'x-forwarded-for': forwarded } })
  for (let index = 0; index < 60; index++) assert.equal((await from(`garbage-${index}`)).statusCode, 404)
  assert.equal((await from('garbage-60')).statusCode, 429)
  assert.equal((await from('198.51.100.8')).statusCode, 404)
})

test('of an IPv6 caller its network counts: it has 2^64 addresses in there', async t => {
  const app = await createTestApp(t)
  const from = (remoteAddress: string) => call(app, { url: '/nowhere', remoteAddress })
  for (let index = 0; index < 60; index++) await from(`2001:db8:1:1::${index.toString(16)}`)
  assert.equal((await from('2001:db8:1:1:ffff::1')).statusCode, 429)
  assert.equal((await from('2001:db8:1:2::1')).statusCode, 404)
})

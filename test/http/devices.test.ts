import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HS256_KEY, OTHER_KEY, tokenFor } from '../support/jwt.ts'
import { DEVICE_TOKEN, registerPhone } from '../support/requests.ts'
import { ADMIN_TOKEN, bearer, createTestApp, HOOK_TOKEN, type TestApp } from '../support/test-app.ts'

const config = { jwt: { jidClaim: 'jid', keys: [HS256_KEY] } }
const body = { provider: 'apns', token: DEVICE_TOKEN }

interface Call {
  as: string
  payload?: object | undefined
}

async function call(
  app: TestApp,
  method: 'GET' | 'PUT' | 'POST' | 'DELETE',
  path: string,
  { as, payload }: Call,
) {
  const url = `/v1/devices${path}`
  const headers = bearer(as)
  return app.http.inject(payload === undefined ? { method, url, headers } : { method, url, headers, payload })
}

async function listed(app: TestApp, as: string): Promise<{ device: string; state: string }[]> {
  return (await call(app, 'GET', '', { as })).json().devices
}

test('an app registers, refreshes, lists and removes its device', async t => {
  const app = await createTestApp(t, { config })
  const as = await tokenFor('bob@localhost')
  const details = { name: 'Bob’s iPhone', locale: 'pt-BR', preview: 'sender' }
  const created = await call(app, 'PUT', '/phone1', { as, payload: { ...body, ...details, kind: 'alert' } })
  assert.equal(created.statusCode, 201)
  const { registeredAt, tokenHash, ...rest } = created.json()
  assert.match(registeredAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.match(tokenHash, /^[0-9a-f]{12}$/)
  assert.deepEqual(rest, {
    device: 'phone1',
    kind: 'alert',
    provider: 'apns',
    app: 'com.example.chat',
    environment: 'production',
    state: 'active',
    ...details,
  })
  assert.equal((await call(app, 'PUT', '/phone1', { as, payload: body })).statusCode, 200)
  assert.deepEqual(
    (await listed(app, as)).map(({ device }) => device),
    ['phone1'],
  )
  for (const _again of [1, 2]) {
    assert.equal((await call(app, 'DELETE', '/phone1', { as })).statusCode, 204)
  }
  assert.deepEqual(await listed(app, as), [])
})

test('no answer holds the token', async t => {
  const app = await createTestApp(t, { config })
  const as = await tokenFor('bob@localhost')
  const put = await call(app, 'PUT', '/phone1', { as, payload: body })
  const list = await call(app, 'GET', '', { as })
  const test = await call(app, 'POST', '/phone1/test', { as })
  for (const { body: text } of [put, list, test]) assert.doesNotMatch(text, new RegExp(DEVICE_TOKEN))
})

test('an admin acts for the recipient that it names, and must name one', async t => {
  const app = await createTestApp(t, { config })
  await registerPhone(app, 'Bob@LOCALHOST/phone')
  const unnamed = await call(app, 'GET', '', { as: ADMIN_TOKEN })
  assert.deepEqual([unnamed.statusCode, unnamed.json().code], [400, 'RELAY_RECIPIENT_REQUIRED'])
  const named = await call(app, 'GET', '?recipient=bob@localhost', { as: ADMIN_TOKEN })
  assert.equal(named.json().devices.length, 1)
  const wrong = await call(app, 'GET', '?recipient=two%20words@localhost', { as: ADMIN_TOKEN })
  assert.deepEqual([wrong.statusCode, wrong.json().code], [400, 'RELAY_INVALID_JID'])
  await call(app, 'DELETE', '/phone1?recipient=bob@localhost', { as: ADMIN_TOKEN })
  assert.deepEqual(await listed(app, await tokenFor('bob@localhost')), [])
})

test('a JWT speaks for its own recipient only', async t => {
  const app = await createTestApp(t, { config })
  await registerPhone(app, 'bob@localhost')
  const as = await tokenFor('eve@localhost')
  const calls = [
    await call(app, 'PUT', '/phone1', { as, payload: { ...body, recipient: 'bob@localhost' } }),
    await call(app, 'PUT', '/phone1?recipient=bob@localhost', { as, payload: body }),
    await call(app, 'GET', '?recipient=bob@localhost', { as }),
    await call(app, 'DELETE', '/phone1?recipient=bob@localhost', { as }),
    await call(app, 'POST', '/phone1/test?recipient=bob@localhost', { as }),
  ]
  for (const response of calls) {
    assert.deepEqual([response.statusCode, response.json().code], [403, 'RELAY_WRONG_RECIPIENT'])
  }
  assert.equal((await call(app, 'DELETE', '/phone1', { as })).statusCode, 204)
  assert.equal((await call(app, 'POST', '/phone1/test', { as })).statusCode, 404)
  assert.equal((await listed(app, await tokenFor('bob@localhost'))).length, 1)
  const own = await call(app, 'GET', '?recipient=EVE@localhost', { as })
  assert.equal(own.statusCode, 200)
})

test('other credentials open nothing here', async t => {
  const app = await createTestApp(t, { config })
  const wrong = [HOOK_TOKEN, await tokenFor('bob@localhost', {}, { key: OTHER_KEY }), 'x']
  for (const as of wrong) {
    const response = await call(app, 'GET', '', { as })
    assert.equal(response.statusCode, 401)
    assert.equal(response.headers['www-authenticate'], 'Bearer')
  }
})

test('a token that another recipient registers moves, and comes back with the next PUT', async t => {
  const app = await createTestApp(t, { config })
  const bob = await tokenFor('bob@localhost')
  const eve = await tokenFor('eve@localhost')
  await call(app, 'PUT', '/phone1', { as: bob, payload: body })
  assert.equal((await call(app, 'PUT', '/phone2', { as: eve, payload: body })).statusCode, 201)
  assert.deepEqual(
    (await listed(app, bob)).map(({ state }) => state),
    ['moved'],
  )
  const test = await call(app, 'POST', '/phone1/test', { as: bob })
  assert.deepEqual([test.statusCode, test.json().code], [409, 'RELAY_DEVICE_MOVED'])
  assert.equal(app.tested.length, 0)
  await call(app, 'PUT', '/phone1', { as: bob, payload: body })
  assert.deepEqual(
    (await listed(app, bob)).map(({ state }) => state),
    ['active'],
  )
})

test('five tokens of others a day, then no more; an admin has no such limit', async t => {
  const app = await createTestApp(t, { config })
  const tokens = Array.from({ length: 7 }, (_, index) => `${index}${index}`.repeat(32))
  for (const [index, token] of tokens.entries())
    await registerPhone(app, 'bob@localhost', `phone${index}`, token)
  const as = await tokenFor('eve@localhost')
  const statuses: number[] = []
  for (const [index, token] of tokens.slice(0, 6).entries()) {
    const response = await call(app, 'PUT', `/taken${index}`, { as, payload: { ...body, token } })
    statuses.push(response.statusCode)
    if (response.statusCode !== 429) continue
    assert.equal(response.json().code, 'RELAY_TOO_MANY_MOVES')
    assert.ok(Number(response.headers['retry-after']) > 0)
  }
  assert.deepEqual(statuses, [201, 201, 201, 201, 201, 429])
  await registerPhone(app, 'eve@localhost', 'taken6', tokens[6])
})

test('a test notification says what the provider answered', async t => {
  const app = await createTestApp(t, { config })
  const as = await tokenFor('bob@localhost')
  await call(app, 'PUT', '/phone1', { as, payload: body })
  app.testOutcome = {
    kind: 'misaddressed',
    fault: 'environment',
    status: 400,
    reason: 'BadDeviceToken',
    durationMs: 31,
  }
  const response = await call(app, 'POST', '/phone1/test', { as })
  assert.equal(response.statusCode, 200)
  assert.deepEqual(response.json(), {
    device: 'phone1',
    provider: 'apns',
    app: 'com.example.chat',
    environment: 'production',
    outcome: 'misaddressed',
    status: 400,
    reason: 'BadDeviceToken',
    durationMs: 31,
  })
  assert.deepEqual(
    app.tested.map(({ recipient, device }) => [recipient, device]),
    [['bob@localhost', 'phone1']],
  )
})

test('a content type without a body is no mistake', async t => {
  const app = await createTestApp(t, { config })
  await registerPhone(app, 'bob@localhost')
  const headers = { ...bearer(await tokenFor('bob@localhost')), 'content-type': 'application/json' }
  const test = await app.http.inject({ method: 'POST', url: '/v1/devices/phone1/test', headers })
  assert.equal(test.statusCode, 200)
  const gone = await app.http.inject({ method: 'DELETE', url: '/v1/devices/phone1', headers })
  assert.equal(gone.statusCode, 204)
})

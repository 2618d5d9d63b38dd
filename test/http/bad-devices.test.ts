import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HS256_KEY, tokenFor } from '../support/jwt.ts'
import { DEVICE_TOKEN } from '../support/requests.ts'
import { bearer, createTestApp, type TestApp } from '../support/test-app.ts'

const config = { jwt: { jidClaim: 'jid', keys: [HS256_KEY] } }
const body = { provider: 'apns', token: DEVICE_TOKEN }

async function put(
  app: TestApp,
  payload: object | string | Buffer,
  device = 'phone1',
  type = 'application/json',
) {
  const headers = { ...bearer(await tokenFor('bob@localhost')), 'content-type': type }
  return app.http.inject({ method: 'PUT', url: `/v1/devices/${device}`, headers, payload })
}

async function assertNoDevice(app: TestApp) {
  assert.deepEqual(await app.store.registrations('bob@localhost'), [])
}

test('an app developer hears at once, with a code that tells what is wrong', async t => {
  const app = await createTestApp(t, { config })
  const wrong: [string, object][] = [
    ['RELAY_INVALID_REQUEST', {}],
    ['RELAY_INVALID_REQUEST', { token: DEVICE_TOKEN }],
    ['RELAY_INVALID_REQUEST', { provider: 'apns' }],
    ['RELAY_INVALID_REQUEST', { ...body, provider: 'pigeon' }],
    ['RELAY_INVALID_REQUEST', { ...body, provider: ['apns'] }],
    // Of which no text can be made.
    ['RELAY_INVALID_REQUEST', { ...body, provider: { toString: null } }],
    ['RELAY_UNKNOWN_PROVIDER', { ...body, provider: 'fcm' }],
    ['RELAY_INVALID_REQUEST', { provider: 'webpush', endpoint: 'https://push.example/x', keys: 'none' }],
    ['RELAY_INVALID_REQUEST', { ...body, token: 17 }],
    ['RELAY_INVALID_REQUEST', { ...body, token: '' }],
    ['RELAY_INVALID_REQUEST', { ...body, token: 'ab'.repeat(3000) }],
    ['RELAY_INVALID_REQUEST', { ...body, token: `${DEVICE_TOKEN}\n` }],
    ['RELAY_INVALID_REQUEST', { ...body, tokens: DEVICE_TOKEN }],
    ['RELAY_INVALID_REQUEST', { ...body, constructor: 1 }],
    ['RELAY_INVALID_REQUEST', { ...body, name: 17 }],
    ['RELAY_INVALID_REQUEST', { ...body, name: 'x'.repeat(129) }],
    ['RELAY_INVALID_REQUEST', { ...body, name: 'a\u0000b' }],
    ['RELAY_INVALID_REQUEST', { ...body, locale: 'not a locale' }],
    ['RELAY_INVALID_REQUEST', { ...body, preview: 'FULL' }],
    ['RELAY_INVALID_REQUEST', { ...body, preview: null }],
    ['RELAY_INVALID_REQUEST', { ...body, kind: 'silent' }],
    ['RELAY_RESERVED_KIND', { ...body, kind: 'voip' }],
    ['RELAY_INVALID_TOKEN', { ...body, token: 'not hex' }],
    ['RELAY_INVALID_TOKEN', { ...body, token: DEVICE_TOKEN.slice(1) }],
    ['RELAY_UNKNOWN_APP', { ...body, app: 'com.example.other' }],
    ['RELAY_UNKNOWN_ENVIRONMENT', { ...body, environment: 'development' }],
    ['RELAY_INVALID_JID', { ...body, recipient: 'two words@localhost' }],
  ]
  for (const [code, payload] of wrong) {
    const response = await put(app, payload)
    const name = JSON.stringify(payload).slice(0, 120)
    assert.deepEqual([response.statusCode, response.json().code], [400, code], name)
    assert.ok(!response.body.includes(DEVICE_TOKEN), name)
  }
  await assertNoDevice(app)
})

test('a message names the field and the rule, and repeats no value; an unknown property only by a name that is plain and short', async t => {
  const app = await createTestApp(t, { config })
  const message = async (payload: object) => (await put(app, payload)).json().message
  assert.equal(
    await message({ ...body, [DEVICE_TOKEN]: 1 }),
    'The request is not valid: body has an unknown property',
  )
  assert.equal(
    await message({ ...body, enviroment: 'sandbox', 'a text': 1, [`x${'y'.repeat(32)}`]: 1 }),
    'The request is not valid: body has an unknown property: enviroment',
  )
  assert.equal(
    await message({ ...body, provider: 'fcm' }),
    'provider must be one that is configured here: apns',
  )
  assert.match(
    await message({ ...body, provider: 'pigeon' }),
    /^The request is not valid: body\/provider must be one of apns, fcm, /,
  )
  assert.equal(
    await message({ ...body, preview: 'secret' }),
    'The request is not valid: body/preview must be one of full, sender, none',
  )
  assert.equal(await message({ provider: 'apns' }), 'The request is not valid: body lacks token')
  assert.equal(await message({ provider: 'webpush' }), 'The request is not valid: body lacks endpoint, keys')
})

test('bodies that are no JSON object', async t => {
  const app = await createTestApp(t, { config })
  const bodies: [string | Buffer, string][] = [
    ['', 'RELAY_INVALID_REQUEST'],
    ['[]', 'RELAY_INVALID_REQUEST'],
    ['null', 'RELAY_INVALID_REQUEST'],
    ['{"provider":"apns","token":"secret', 'RELAY_MALFORMED_BODY'],
    [Buffer.from([0x22, 0xff, 0x22]), 'RELAY_MALFORMED_BODY'],
    [`{"__proto__":{},"provider":"apns","token":"${DEVICE_TOKEN}"}`, 'RELAY_INVALID_REQUEST'],
  ]
  for (const [payload, code] of bodies) {
    const response = await put(app, payload)
    assert.deepEqual([response.statusCode, response.json().code], [400, code], String(payload))
    assert.doesNotMatch(response.body, /secret/)
  }
  const form = await put(
    app,
    `provider=apns&token=${DEVICE_TOKEN}`,
    'phone1',
    'application/x-www-form-urlencoded',
  )
  assert.equal(form.statusCode, 415)
  assert.equal(form.json().message, 'This route takes another content type: application/json')
  const large = await put(app, { ...body, name: 'x'.repeat(100_000) })
  assert.deepEqual([large.statusCode, large.json().code], [413, 'RELAY_BODY_TOO_LARGE'])
  await assertNoDevice(app)
})

test('device ids have a grammar', async t => {
  const app = await createTestApp(t, { config })
  for (const device of ['a b', 'a%2Fb', 'é', 'x'.repeat(129), 'a@b', '%00']) {
    const response = await put(app, body, encodeURI(decodeURIComponent(device)).replace('/', '%2F'))
    assert.deepEqual([response.statusCode, response.json().code], [400, 'RELAY_INVALID_REQUEST'], device)
  }
  for (const device of ['a.b_c-D', 'x'.repeat(128)])
    assert.equal((await put(app, body, device)).statusCode, 201)
})

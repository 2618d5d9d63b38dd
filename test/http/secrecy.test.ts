import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HS256_KEY, tokenFor } from '../support/jwt.ts'
import { ADMIN_TOKEN, BOUND_TOKEN, bearer, createTestApp, HOOK_TOKEN } from '../support/test-app.ts'

const SECRET_TEXT = 'the-text-that-nobody-may-log'
const DEVICE_TOKEN = '5ec2e7'.repeat(10)
const WRONG_TOKEN = 'a-wrong-credential-is-secret-too'
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

test('no log line, metric, trace, list or error holds a text, a device token or a credential', async t => {
  const app = await createTestApp(t, { config: { jwt: { jidClaim: 'jid', keys: [HS256_KEY] } } })
  const jwt = await tokenFor('bob@localhost')
  const answers: string[] = []
  const call = async (
    method: 'GET' | 'PUT' | 'POST' | 'DELETE',
    url: string,
    headers: object,
    payload?: object | string,
  ) => {
    const options = { method, url, headers: { ...headers } }
    const response = await app.http.inject(payload === undefined ? options : { ...options, payload })
    answers.push(response.body, JSON.stringify(response.headers))
    return response
  }
  const message = { to: 'bob@localhost', from: 'alice@localhost', body: SECRET_TEXT, nick: SECRET_TEXT }
  const device = { provider: 'apns', token: DEVICE_TOKEN }

  assert.equal((await call('PUT', '/v1/devices/phone1', bearer(jwt), device)).statusCode, 201)
  await call('PUT', '/v1/devices/phone1', bearer(jwt), { ...device, [`${SECRET_TEXT}!`]: DEVICE_TOKEN })
  await call('PUT', '/v1/devices/phone1', bearer(jwt), {
    ...device,
    provider: DEVICE_TOKEN,
    preview: SECRET_TEXT,
  })
  await call('PUT', '/v1/devices/phone1', bearer(jwt), `{"token":"${DEVICE_TOKEN}`)
  await call('PUT', `/v1/devices/${DEVICE_TOKEN}%zz`, bearer(jwt), device)
  await call('PUT', '/v1/devices/phone1', bearer(jwt), { ...device, [DEVICE_TOKEN]: SECRET_TEXT })
  await call('GET', '/v1/devices', bearer(jwt))
  await call('POST', '/v1/devices/phone1/test', bearer(jwt))
  const accepted = await call('POST', '/v1/messages', bearer(HOOK_TOKEN), message)
  assert.equal(accepted.json().status, 'queued')
  await call('POST', '/v1/messages', bearer(HOOK_TOKEN), [
    message,
    { ...message, to: `no JID: ${SECRET_TEXT}` },
    SECRET_TEXT,
  ])
  await call('POST', '/v1/messages', bearer(HOOK_TOKEN), {
    ...message,
    id: [SECRET_TEXT],
    unread: SECRET_TEXT,
  })
  await call(
    'POST',
    '/v1/messages',
    { ...bearer(HOOK_TOKEN), 'content-type': 'application/json' },
    SECRET_TEXT,
  )
  await call('POST', '/v1/messages', { ...bearer(HOOK_TOKEN), 'content-type': SECRET_TEXT }, SECRET_TEXT)
  await call('POST', '/v1/messages', FORM, `to=bob&from=alice&body=${SECRET_TEXT}&access_token=${HOOK_TOKEN}`)
  await call(
    'POST',
    '/v1/messages',
    FORM,
    `to=bob&from=alice&body=${SECRET_TEXT}&access_token=${WRONG_TOKEN}`,
  )
  await call('POST', '/v1/messages', bearer(BOUND_TOKEN), message)
  await call(
    'POST',
    '/v1/hooks/mod_interact',
    FORM,
    `to=bob&from=a&body=${SECRET_TEXT}&access_token=${HOOK_TOKEN}`,
  )
  await call(
    'POST',
    `/v1/hooks/${SECRET_TEXT}?access_token=${HOOK_TOKEN}`,
    { ...FORM, ...bearer(HOOK_TOKEN) },
    '',
  )
  await call('GET', `/v1/messages?access_token=${ADMIN_TOKEN}`, bearer(WRONG_TOKEN))
  await call('GET', `/${SECRET_TEXT}?token=${DEVICE_TOKEN}`, bearer(ADMIN_TOKEN))
  await call('GET', '/v1/messages', bearer(ADMIN_TOKEN))
  await call('GET', `/v1/messages/${accepted.json().id}`, bearer(ADMIN_TOKEN))
  await call('GET', '/health', bearer(ADMIN_TOKEN))
  await call('GET', '/metrics', bearer(ADMIN_TOKEN))

  assert.equal(app.handedOff[0]?.content.body, SECRET_TEXT)
  assert.ok(app.log.lines().length > answers.length / 2, 'the log was captured')
  const shown = [...answers, app.log.text()].join('\n')
  const secrets = { SECRET_TEXT, DEVICE_TOKEN, WRONG_TOKEN, HOOK_TOKEN, BOUND_TOKEN, ADMIN_TOKEN, jwt }
  for (const [name, secret] of Object.entries(secrets)) assert.ok(!shown.includes(secret), name)
  assert.doesNotMatch(app.log.text(), /bob@|alice@/, 'JIDs are personal data')
})

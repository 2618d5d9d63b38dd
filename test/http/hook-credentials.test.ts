import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNothingHappened, registerPhone } from '../support/requests.ts'
import {
  ADMIN_TOKEN,
  BOUND_TOKEN,
  bearer,
  createTestApp,
  HOOK_TOKEN,
  OLD_HOOK_TOKEN,
  type TestApp,
} from '../support/test-app.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const message = { to: 'bob@example.org', from: 'alice@example.org', body: 'hi' }
const form = 'to=bob%40example.org&from=alice%40example.org&body=hi'

interface Call {
  url?: string
  headers?: object
  payload?: object | string
}

function post(app: TestApp, { url = '/v1/messages', headers = {}, payload = message }: Call) {
  return app.http.inject({ method: 'POST', url, headers: { ...headers }, payload })
}

async function assertRefused(app: TestApp, call: Call, name: string, hint = '') {
  const response = await post(app, call)
  assert.equal(response.statusCode, 401, name)
  assert.equal(response.headers['www-authenticate'], 'Bearer', name)
  assert.deepEqual(response.json(), {
    statusCode: 401,
    code: 'RELAY_UNAUTHENTICATED',
    error: 'Unauthorized',
    message: `A valid credential is required${hint}`,
  })
}

test('every configured token opens, so that they can be rotated', async t => {
  const app = await createTestApp(t)
  for (const token of [HOOK_TOKEN, OLD_HOOK_TOKEN, BOUND_TOKEN]) {
    assert.equal((await post(app, { headers: bearer(token) })).statusCode, 202)
  }
})

test('the scheme has no case; a form may hold the token instead', async t => {
  const app = await createTestApp(t)
  const calls: Call[] = [
    { headers: { authorization: `bearer ${HOOK_TOKEN}` } },
    { headers: { authorization: `BEARER  ${HOOK_TOKEN}` } },
    { headers: FORM, payload: `${form}&access_token=${HOOK_TOKEN}` },
    { headers: FORM, payload: `access_token=${HOOK_TOKEN}&${form}` },
    { headers: { ...FORM, ...bearer(HOOK_TOKEN) }, payload: `${form}&access_token=${HOOK_TOKEN}` },
  ]
  for (const call of calls) assert.equal((await post(app, call)).statusCode, 202, JSON.stringify(call))
})

test('no credential, a wrong one, another kind, or one in the URL is 401 and changes nothing', async t => {
  const app = await createTestApp(t)
  const calls: Record<string, Call> = {
    none: {},
    empty: { headers: { authorization: '' } },
    'scheme only': { headers: { authorization: 'Bearer ' } },
    wrong: { headers: bearer('wrong-token-of-some-length') },
    prefix: { headers: bearer(HOOK_TOKEN.slice(0, -1)) },
    longer: { headers: bearer(`${HOOK_TOKEN}x`) },
    'other case': { headers: bearer(HOOK_TOKEN.toUpperCase()) },
    'several in one': { headers: bearer(`${HOOK_TOKEN}, ${OLD_HOOK_TOKEN}`) },
    basic: { headers: { authorization: `Basic ${btoa(`x:${HOOK_TOKEN}`)}` } },
    bare: { headers: { authorization: HOOK_TOKEN } },
    admin: { headers: bearer(ADMIN_TOKEN) },
    'in the URL': { url: `/v1/messages?access_token=${HOOK_TOKEN}` },
    'JSON field': { payload: { ...message, access_token: HOOK_TOKEN } },
    'form without': { headers: FORM, payload: form },
    'form, wrong': { headers: FORM, payload: `${form}&access_token=wrong` },
    'form, admin': { headers: FORM, payload: `${form}&access_token=${ADMIN_TOKEN}` },
    'form, twice': { headers: FORM, payload: `access_token=wrong&${form}&access_token=${HOOK_TOKEN}` },
    'broken form': { headers: FORM, payload: '%ff=%ff' },
    'header and form disagree': {
      headers: { ...FORM, ...bearer(HOOK_TOKEN) },
      payload: `${form}&access_token=${OLD_HOOK_TOKEN}`,
    },
    'wrong header, right form': {
      headers: { ...FORM, ...bearer('wrong') },
      payload: `${form}&access_token=${HOOK_TOKEN}`,
    },
  }
  const hint = ': this is an admin token, and this route wants a hook token'
  for (const [name, call] of Object.entries(calls)) {
    await assertRefused(app, call, name, name.endsWith('admin') ? hint : '')
  }
  await assertNothingHappened(app)
})

test('a body without a proven token is read to 256 KiB at most', async t => {
  const app = await createTestApp(t)
  const long = `${form}&access_token=${HOOK_TOKEN}&x=${'x'.repeat(300 * 1024)}`
  const unproven = await post(app, { headers: FORM, payload: long })
  assert.deepEqual([unproven.statusCode, unproven.json().code], [413, 'RELAY_BODY_TOO_LARGE'])
  const proven = await post(app, { headers: { ...FORM, ...bearer(HOOK_TOKEN) }, payload: long })
  assert.equal(proven.statusCode, 202)
})

test('a token bound to domains posts for these only', async t => {
  const app = await createTestApp(t)
  await registerPhone(app, 'bob@example.org')
  const headers = bearer(BOUND_TOKEN)
  const one = await post(app, { headers, payload: { ...message, to: 'bob@other.org' } })
  assert.deepEqual([one.statusCode, one.json().code], [403, 'RELAY_WRONG_DOMAIN'])
  const sub = await post(app, { headers, payload: { ...message, to: 'bob@chat.example.org' } })
  assert.equal(sub.statusCode, 403)
  const many = await post(app, { headers, payload: [{ ...message, to: 'bob@other.org' }, message] })
  const results: { status: string; code?: string }[] = many.json().results
  assert.deepEqual(
    results.map(({ status, code }) => [status, code]),
    [
      ['invalid', 'RELAY_WRONG_DOMAIN'],
      ['queued', undefined],
    ],
  )
  assert.equal(app.handedOff.length, 1)
})

test('a bound token completes a local part with its own domain, in whatever case it is written', async t => {
  const app = await createTestApp(t)
  await registerPhone(app, 'bob@example.org')
  for (const to of ['bob', 'BOB@EXAMPLE.org/phone']) {
    await post(app, { headers: bearer(BOUND_TOKEN), payload: { ...message, to } })
  }
  assert.deepEqual(
    app.handedOff.map(({ content }) => content.recipient),
    ['bob@example.org', 'bob@example.org'],
  )
})

test('a bound token cannot reach another domain through a vhost', async t => {
  const app = await createTestApp(t)
  const payload = { to: 'bob', from: 'alice', body: 'hi', vhost: 'other.org' }
  const response = await post(app, { headers: bearer(BOUND_TOKEN), payload })
  assert.deepEqual([response.statusCode, response.json().code], [403, 'RELAY_WRONG_DOMAIN'])
})

test('a valid token is never rate limited, not even beside an attacker at its address', async t => {
  const app = await createTestApp(t)
  const statuses: number[] = []
  for (let guess = 0; guess < 31; guess++) {
    statuses.push((await post(app, { headers: bearer(`guess-${guess}`) })).statusCode)
  }
  assert.deepEqual(statuses, [...Array(30).fill(401), 429])
  const valid = await Promise.all(
    Array.from({ length: 100 }, () => post(app, { headers: bearer(HOOK_TOKEN) })),
  )
  assert.ok(valid.every(({ statusCode }) => statusCode === 202))
})

test('a long message reaches its token, however its dialect encodes it', async t => {
  const app = await createTestApp(t)
  const send = (dialect: string, text: string) =>
    post(app, {
      url: `/v1/hooks/${dialect}`,
      headers: FORM,
      payload: `to=bob@localhost&from=alice@localhost&body=${text}&access_token=${HOOK_TOKEN}`,
    })
  assert.equal((await send('mod_interact', '%C3%A9'.repeat(160 * 1024))).statusCode, 202)
  assert.equal((await send('mod_offline_post', 'x'.repeat(600 * 1024))).statusCode, 202)
  assert.equal((await send('mod_interact', 'x'.repeat(1025 * 1024))).statusCode, 413)
  assert.equal((await send('mod_offline_post', 'x'.repeat(641 * 1024))).statusCode, 413)
  assert.equal((await send('no_such_dialect', 'x'.repeat(257 * 1024))).statusCode, 413)
})

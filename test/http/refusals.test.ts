import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RelayEvents } from '../../src/telemetry/events.ts'
import { HS256_KEY, inSeconds, OTHER_KEY, tokenFor } from '../support/jwt.ts'
import {
  ADMIN_TOKEN,
  BOUND_TOKEN,
  bearer,
  createTestApp,
  HOOK_TOKEN,
  type TestApp,
} from '../support/test-app.ts'

const config = { jwt: { jidClaim: 'jid', keys: [HS256_KEY] } }
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const message = { to: 'bob@localhost', from: 'alice@localhost', body: 'hi' }

function refusals(app: TestApp) {
  const seen: RelayEvents['request.refused'][] = []
  app.events.on('request.refused', event => seen.push(event))
  return seen
}

function post(app: TestApp, headers: object, payload: object | string = message, url = '/v1/messages') {
  return app.http.inject({ method: 'POST', url, headers: { ...headers }, payload })
}

async function metric(app: TestApp, labels: string): Promise<string | undefined> {
  const { body } = await app.http.inject({ url: '/metrics', headers: bearer(ADMIN_TOKEN) })
  const start = `relay_requests_refused_total{${labels}} `
  return body
    .split('\n')
    .find(line => line.startsWith(start))
    ?.slice(start.length)
}

test('forty posts with a wrong token are forty in the metric, and one warning each for 401 and 429', async t => {
  const app = await createTestApp(t)
  const route = 'POST /v1/hooks/:dialect'
  const unauthenticated = `route="${route}",code="RELAY_UNAUTHENTICATED"`
  assert.equal(await metric(app, unauthenticated), '0', 'it is there before the first')
  for (let call = 0; call < 40; call++) await post(app, bearer('wrong'), {}, '/v1/hooks/mod_interact')
  assert.equal(await metric(app, unauthenticated), '30')
  assert.equal(await metric(app, `route="${route}",code="RELAY_TOO_MANY_REQUESTS"`), '10')
  const warnings = app.log.lines().filter(({ level, msg }) => level === 40 && msg === 'request refused')
  assert.deepEqual(
    warnings.map(({ route: named, code, cause, suppressed }) => [named, code, cause, suppressed]),
    [
      [route, 'RELAY_UNAUTHENTICATED', 'unknown-token', 0],
      [route, 'RELAY_TOO_MANY_REQUESTS', 'unknown-token', 0],
    ],
  )
})

test('what was wrong with a credential is told to operators', async t => {
  const app = await createTestApp(t, { config })
  const seen = refusals(app)
  const causes: [string | undefined, () => Promise<unknown>][] = [
    ['no-credential', () => post(app, {})],
    ['no-credential', () => post(app, FORM, 'to=bob&from=alice&body=hi')],
    ['malformed-header', () => post(app, { authorization: `Basic ${btoa('x:y')}` })],
    ['unknown-token', () => post(app, bearer('wrong'))],
    ['unknown-token', () => post(app, FORM, 'to=bob&from=alice&body=hi&access_token=wrong')],
    ['token-of-other-kind', () => post(app, bearer(ADMIN_TOKEN))],
    [
      'header-and-body-disagree',
      () => post(app, { ...FORM, ...bearer(HOOK_TOKEN) }, `access_token=${BOUND_TOKEN}`),
    ],
    [undefined, () => post(app, bearer(BOUND_TOKEN))],
  ]
  for (const [, call] of causes) await call()
  assert.deepEqual(
    seen.map(({ cause }) => cause),
    causes.map(([cause]) => cause),
  )
  assert.equal(seen.at(-1)?.code, 'RELAY_WRONG_DOMAIN')
})

test('a device hears what is wrong with a token that it did get from us, and nothing of a forged one', async t => {
  const app = await createTestApp(t, { config })
  const heard = async (token: string) =>
    (await app.http.inject({ url: '/v1/devices', headers: bearer(token) })).json().message
  const exp = inSeconds(-1)
  const nothing = 'A valid credential is required'
  assert.equal(await heard(await tokenFor('bob@localhost', { exp })), `${nothing}: the JWT has expired`)
  assert.equal(await heard(await tokenFor('bob@localhost', { exp }, { key: OTHER_KEY })), nothing)
  assert.equal(await heard('guess'), nothing)
  assert.match(
    await heard(HOOK_TOKEN),
    /: this is a hook token, and this route wants the recipient's JWT or an admin/,
  )
})

test('routes are named by pattern; what has none is no concern of ours', async t => {
  const app = await createTestApp(t)
  const seen = refusals(app)
  await app.http.inject('/secret-path')
  await app.http.inject({ method: 'DELETE', url: '/v1/messages' })
  await post(app, bearer(HOOK_TOKEN), 'x', '/v1/hooks/secret-path')
  assert.deepEqual(seen, [
    { route: '(none)', code: 'RELAY_NOT_FOUND', cause: undefined },
    { route: '(none)', code: 'RELAY_NOT_FOUND', cause: undefined },
    { route: 'POST /v1/hooks/:dialect', code: 'RELAY_UNKNOWN_DIALECT', cause: undefined },
  ])
  assert.doesNotMatch(app.log.text(), /secret-path/)
})

test('JSON without its content type, and a field that is missing, are called what they are', async t => {
  const app = await createTestApp(t)
  const heard = async (headers: object, payload: object | string) =>
    (await post(app, { ...bearer(HOOK_TOKEN), ...headers }, payload)).json().message
  for (const json of [JSON.stringify(message), ` [${JSON.stringify(message)}]`]) {
    assert.match(await heard(FORM, json), /begins like JSON.*send Content-Type: application\/json/)
  }
  assert.equal(await heard({}, { from: 'alice', body: 'hi' }), 'to is missing')
  assert.equal(await heard({}, { to: 'bob', body: 'hi' }), 'from is missing')
  assert.equal(await heard({}, { ...message, to: 1 }), 'to is not valid: it must be a text, in UTF-8')
  assert.equal(
    await heard({ 'content-type': 'text/plain' }, 'x'),
    'This route takes another content type: application/json or application/x-www-form-urlencoded',
  )
})

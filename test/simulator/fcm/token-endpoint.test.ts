import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { FakeClock } from '../../support/fake-clock.ts'
import {
  type AssertionChanges,
  accessTokenOf,
  askForToken,
  assertionFor,
  connectFcm,
  GRANT_TYPE,
  startFcm,
  TOKEN,
} from '../../support/fcm-simulator.ts'

const NOW = Date.UTC(2026, 0, 15, 12)
const NOW_S = NOW / 1000
const MESSAGE = { message: { token: TOKEN, notification: { title: 'Anna', body: 'Hi' } } }

test('a good assertion buys an access token, and that a message', async t => {
  const clock = new FakeClock(NOW)
  const simulator = await startFcm(t, { clock })
  const assertion = await assertionFor(simulator, NOW)
  const { status, body } = await askForToken(simulator, { grant_type: GRANT_TYPE, assertion })
  assert.equal(status, 200)
  assert.deepEqual(
    { ...body, access_token: '' },
    { access_token: '', expires_in: 3599, token_type: 'Bearer' },
  )
  assert.match(String(body.access_token), /^ya29\.[\w-]{100,}$/)
  const fcm = connectFcm(t, simulator)
  const sent = await fcm.send({ accessToken: String(body.access_token), body: MESSAGE })
  assert.equal(sent.status, 200)
  assert.match(JSON.parse(sent.body).name, /^projects\/demo-chat\/messages\/0:\d+%[0-9a-f]+$/)
})

test('an access token ends with its time, or when it is revoked', async t => {
  const clock = new FakeClock(NOW)
  const simulator = await startFcm(t, { clock })
  const fcm = connectFcm(t, simulator)
  const accessToken = await accessTokenOf(simulator, NOW)
  const reasonOf = async (token: string | undefined) => {
    const { status, body } = await fcm.send({ ...(token && { accessToken: token }), body: MESSAGE })
    return status === 200 ? 200 : [status, JSON.parse(body).error.details[0].reason]
  }
  assert.equal(await reasonOf(accessToken), 200)
  clock.advance(3_598_000)
  assert.equal(await reasonOf(accessToken), 200)
  clock.advance(1000)
  assert.deepEqual(await reasonOf(accessToken), [401, 'ACCESS_TOKEN_EXPIRED'])
  const another = await accessTokenOf(simulator, clock.now())
  simulator.accessTokens.revokeAll()
  assert.deepEqual(await reasonOf(another), [401, 'ACCESS_TOKEN_EXPIRED'])
  assert.deepEqual(await reasonOf(undefined), [401, 'CREDENTIALS_MISSING'])
})

const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
const otherKey = other.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

const REFUSED: [name: string, changes: AssertionChanges, error: string, description: RegExp][] = [
  ['of another key', { privateKey: otherKey }, 'invalid_grant', /Signature/],
  ['of a key that was deleted', { header: { kid: 'gone' } }, 'invalid_grant', /account not found/],
  ['of another account', { claims: { iss: 'eve@example.org' } }, 'invalid_grant', /account not found/],
  [
    'for another audience',
    { claims: { aud: 'https://oauth2.googleapis.com/token' } },
    'invalid_grant',
    /audience/,
  ],
  ['with another algorithm', { header: { alg: 'PS256' } }, 'invalid_grant', /RS256/],
  ['that lives too long', { claims: { exp: NOW_S + 3601 } }, 'invalid_grant', /short-lived/],
  ['that has expired', { claims: { iat: NOW_S - 3900, exp: NOW_S - 300 } }, 'invalid_grant', /timeframe/],
  ['from the future', { claims: { iat: NOW_S + 301, exp: NOW_S + 900 } }, 'invalid_grant', /timeframe/],
  ['in milliseconds', { claims: { iat: NOW, exp: NOW + 3600 } }, 'invalid_grant', /timeframe/],
  ['without iat', { claims: { iat: undefined } }, 'invalid_grant', /timeframe/],
  [
    'for something else',
    { claims: { scope: 'https://www.googleapis.com/auth/drive' } },
    'invalid_scope',
    /scope/,
  ],
  ['for nothing', { claims: { scope: undefined } }, 'invalid_scope', /scope/],
]

for (const [name, changes, error, description] of REFUSED) {
  test(`refuses an assertion ${name}`, async t => {
    const simulator = await startFcm(t, { clock: new FakeClock(NOW) })
    const assertion = await assertionFor(simulator, NOW, changes)
    const { status, body } = await askForToken(simulator, { grant_type: GRANT_TYPE, assertion })
    assert.deepEqual([status, body.error], [400, error])
    assert.match(String(body.error_description), description)
  })
}

test('refuses what is no request for a token', async t => {
  const simulator = await startFcm(t, { clock: new FakeClock(NOW) })
  const assertion = await assertionFor(simulator, NOW)
  const form = { grant_type: GRANT_TYPE, assertion }
  const errorOf = async (
    ...request: Parameters<typeof askForToken> extends [unknown, ...infer R] ? R : never
  ) => {
    const { status, body } = await askForToken(simulator, ...request)
    return [status, body.error]
  }
  assert.deepEqual(await errorOf({ assertion }), [400, 'unsupported_grant_type'])
  assert.deepEqual(await errorOf({ ...form, grant_type: 'password' }), [400, 'unsupported_grant_type'])
  assert.deepEqual(await errorOf({ grant_type: GRANT_TYPE }), [400, 'invalid_request'])
  assert.deepEqual(await errorOf(JSON.stringify(form), { type: 'application/json' }), [
    400,
    'invalid_request',
  ])
  const twice = `${new URLSearchParams(form)}&assertion=x`
  assert.deepEqual(await errorOf(twice), [400, 'invalid_request'])
  for (const garbage of ['', 'x', 'a.b.c', `${assertion}.d`, assertion.replace('.', '!.')])
    assert.deepEqual(await errorOf({ ...form, assertion: garbage }), [400, 'invalid_grant'])
  assert.deepEqual(await errorOf(form, { path: '/o/oauth2/token' }), [404, undefined])
  assert.deepEqual(await errorOf('', { method: 'GET' }), [404, undefined])
})

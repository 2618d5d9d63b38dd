import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateApnsKey } from '../../../src/simulator/apns/apns-key.ts'
import { type ApnsRequest, signJwt, TOKEN, TOPIC } from '../../support/apns-client.ts'
import { KEY, nowSeconds, startRig } from '../../support/apns-simulator.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const ID = '123e4567-e89b-12d3-a456-426614174000'

const REFUSED: [name: string, request: ApnsRequest, status: number, reason: string][] = [
  ['GET', { headers: { ':method': 'GET' } }, 405, 'MethodNotAllowed'],
  ['another path', { headers: { ':path': '/4/device/ab' } }, 404, 'BadPath'],
  ['a longer path', { headers: { ':path': `/3/device/${TOKEN}/x` } }, 404, 'BadPath'],
  ['a path without token', { headers: { ':path': '/3/device/' } }, 400, 'MissingDeviceToken'],
  ['a repeated header', { headers: { 'apns-id': [ID, ID] } }, 400, 'DuplicateHeaders'],
  ['a repeated unknown header', { headers: { 'x-own': ['1', '2'] } }, 400, 'DuplicateHeaders'],
  ['an id that is no UUID', { headers: { 'apns-id': '42' } }, 400, 'BadMessageId'],
  ['a textual expiration', { headers: { 'apns-expiration': 'soon' } }, 400, 'BadExpirationDate'],
  ['a negative expiration', { headers: { 'apns-expiration': '-1' } }, 400, 'BadExpirationDate'],
  ['milliseconds', { headers: { 'apns-expiration': `${Date.now()}` } }, 400, 'BadExpirationDate'],
  ['priority 7', { headers: { 'apns-priority': '7' } }, 400, 'BadPriority'],
  [
    'background at 10',
    { headers: { 'apns-push-type': 'background', 'apns-priority': '10' } },
    400,
    'BadPriority',
  ],
  ['background without', { headers: { 'apns-push-type': 'background' } }, 400, 'BadPriority'],
  ['65 bytes to collapse', { headers: { 'apns-collapse-id': 'x'.repeat(65) } }, 400, 'BadCollapseId'],
  ['an unknown push type', { headers: { 'apns-push-type': 'chat' } }, 400, 'InvalidPushType'],
  ['an inherited push type', { headers: { 'apns-push-type': 'constructor' } }, 400, 'InvalidPushType'],
  ['no topic', { headers: { 'apns-topic': undefined } }, 400, 'MissingTopic'],
  ['a malformed topic', { headers: { 'apns-topic': 'com..chat!' } }, 400, 'BadTopic'],
  ['voip without suffix', { headers: { 'apns-push-type': 'voip' } }, 400, 'BadTopic'],
  ['no credential', { headers: { authorization: undefined } }, 403, 'MissingProviderToken'],
  ['a foreign topic', { headers: { 'apns-topic': 'com.example.other' } }, 400, 'TopicDisallowed'],
  ['a token that is not hex', { token: 'xyz!'.repeat(16) }, 400, 'BadDeviceToken'],
  ['an odd token', { token: 'abc' }, 400, 'BadDeviceToken'],
  ['no body', { body: '' }, 400, 'PayloadEmpty'],
  ['4097 bytes', { body: sized(4097) }, 413, 'PayloadTooLarge'],
  ['a megabyte', { body: sized(1_000_000) }, 413, 'PayloadTooLarge'],
  ['not JSON', { body: '{"aps":' }, 400, 'BadPayload'],
]

function sized(bytes: number): string {
  const frame = '{"aps":{"alert":""}}'
  return `{"aps":{"alert":"${'x'.repeat(bytes - frame.length)}"}}`
}

test('refuses what Apple refuses, with its status and reason', async t => {
  const { simulator, client } = await startRig(t, { topics: [TOPIC] })
  await client.push()
  for (const [name, request, status, reason] of REFUSED) {
    const answer = await client.push(request)
    assert.deepEqual([answer.status, answer.reason], [status, reason], name)
    assert.match(String(answer.headers['apns-id']), /^[0-9a-f-]{36}$/, name)
  }
  assert.equal(simulator.stats().received, 1)
  assert.equal(simulator.stats().refusals['413 PayloadTooLarge'], 2)
})

test('refuses the earliest mistake first', async t => {
  const { client } = await startRig(t, { topics: [TOPIC] })
  const wrong: NonNullable<ApnsRequest['headers']> = {
    ':method': 'PUT',
    ':path': '/2',
    'apns-id': ['1', '2'],
    'apns-expiration': 'x',
    'apns-priority': '0',
    'apns-collapse-id': 'x'.repeat(65),
    'apns-push-type': 'x',
    'apns-topic': undefined,
    authorization: undefined,
  }
  const mended: [repair: NonNullable<ApnsRequest['headers']>, then: string][] = [
    [{}, 'MethodNotAllowed'],
    [{ ':method': 'POST' }, 'BadPath'],
    [{ ':path': '/3/device' }, 'MissingDeviceToken'],
    [{ ':path': '/3/device/zz' }, 'DuplicateHeaders'],
    [{ 'apns-id': '1' }, 'BadMessageId'],
    [{ 'apns-id': ID }, 'BadExpirationDate'],
    [{ 'apns-expiration': '0' }, 'BadPriority'],
    [{ 'apns-priority': '5' }, 'BadCollapseId'],
    [{ 'apns-collapse-id': 'x' }, 'InvalidPushType'],
    [{ 'apns-push-type': 'alert' }, 'MissingTopic'],
    [{ 'apns-topic': 'com.example.other' }, 'MissingProviderToken'],
    [{ authorization: `bearer ${signJwt(KEY, nowSeconds())}` }, 'TopicDisallowed'],
    [{ 'apns-topic': TOPIC }, 'BadDeviceToken'],
    [{ ':path': `/3/device/${TOKEN}` }, 'PayloadEmpty'],
  ]
  for (const [repair, reason] of mended) {
    Object.assign(wrong, repair)
    assert.equal((await client.push({ headers: wrong, body: '' })).reason, reason)
  }
  assert.equal((await client.push({ headers: wrong })).status, 200)
})

test('takes the largest payload, and a larger one by VoIP', async t => {
  const { client } = await startRig(t)
  assert.equal((await client.push({ body: sized(4096) })).status, 200)
  const voip = { 'apns-push-type': 'voip', 'apns-topic': `${TOPIC}.voip` }
  assert.equal((await client.push({ headers: voip, body: sized(5120) })).status, 200)
  assert.equal((await client.push({ headers: voip, body: sized(5121) })).status, 413)
})

test('refuses provider tokens that Apple would not take', async t => {
  const { client, jwt } = await startRig(t, { tokenUpdateWindowMs: 0 })
  const now = nowSeconds()
  const forged = signJwt({ ...generateApnsKey(), keyId: KEY.keyId, teamId: KEY.teamId }, now)
  const [head = '', claims = ''] = jwt.split('.')
  const refused: Record<string, [string, string]> = {
    'not bearer': [`basic ${jwt}`, 'InvalidProviderToken'],
    'two parts': [`bearer ${head}.${claims}`, 'InvalidProviderToken'],
    'not JSON': [`bearer ab.${claims}.cd`, 'InvalidProviderToken'],
    'alg none': [bearer({ head: { alg: 'none' } }), 'InvalidProviderToken'],
    'unknown kid': [bearer({ head: { kid: 'OTHERKEY42' } }), 'InvalidProviderToken'],
    'no kid': [bearer({ head: { kid: undefined } }), 'InvalidProviderToken'],
    'another team': [bearer({ claims: { iss: 'OTHERTEAM2' } }), 'InvalidProviderToken'],
    'iat as text': [bearer({ claims: { iat: String(now) } }), 'InvalidProviderToken'],
    'iat in milliseconds': [bearer({ claims: { iat: now * 1000 } }), 'InvalidProviderToken'],
    'iat in the future': [bearer({ claims: { iat: now + 60 } }), 'InvalidProviderToken'],
    'signed by another key': [`bearer ${forged}`, 'InvalidProviderToken'],
    'a DER signature': [bearer({ dsaEncoding: 'der' }), 'InvalidProviderToken'],
    'an old one': [bearer({ claims: { iat: now - 3700 } }), 'ExpiredProviderToken'],
  }
  for (const [name, [authorization, reason]] of Object.entries(refused)) {
    const answer = await client.push({ headers: { authorization } })
    assert.deepEqual([answer.status, answer.reason], [403, reason], name)
  }
  assert.equal((await client.push()).status, 200)

  function bearer(changes: Parameters<typeof signJwt>[2]): string {
    return `bearer ${signJwt(KEY, now, changes)}`
  }
})

test('a provider token expires after an hour, also when it was good before', async t => {
  const clock = new FakeClock()
  const { client } = await startRig(t, { clock })
  assert.equal((await client.push()).status, 200)
  clock.advance(3600_000)
  assert.equal((await client.push()).status, 200)
  clock.advance(2000)
  assert.equal((await client.push()).reason, 'ExpiredProviderToken')
})

test('a new provider token of a key is refused for 20 minutes, one that was accepted is not new', async t => {
  const clock = new FakeClock()
  const { client, jwt } = await startRig(t, { clock })
  const first = { authorization: `bearer ${jwt}` }
  const second = { authorization: `bearer ${signJwt(KEY, Math.floor(clock.now() / 1000))}` }
  assert.equal((await client.push({ headers: first })).status, 200)
  const early = await client.push({ headers: second })
  assert.deepEqual([early.status, early.reason], [429, 'TooManyProviderTokenUpdates'])
  assert.equal((await client.push({ headers: first })).status, 200)
  clock.advance(20 * 60_000)
  assert.equal((await client.push({ headers: second })).status, 200)
  assert.equal((await client.push({ headers: first })).status, 200)
  clock.advance(1000)
  const third = { authorization: `bearer ${signJwt(KEY, Math.floor(clock.now() / 1000))}` }
  assert.equal((await client.push({ headers: third })).status, 429)
  clock.advance(20 * 60_000)
  assert.equal((await client.push({ headers: third })).status, 200)
})

test('keys can be limited to an environment and to topics, and connections to a team', async t => {
  const [sandboxKey, topicKey] = [generateApnsKey(), generateApnsKey()]
  const keys = [KEY, { ...sandboxKey, environment: 'sandbox' }, { ...topicKey, topics: ['com.example.one'] }]
  const { client, connect } = await startRig(t, { keys })
  const sandbox = await connect({ jwt: signJwt(sandboxKey, nowSeconds()) }).push()
  assert.deepEqual([sandbox.status, sandbox.reason], [403, 'BadEnvironmentKeyInToken'])
  const topicJwt = signJwt(topicKey, nowSeconds())
  const limited = await connect({ jwt: topicJwt }).push()
  assert.equal(limited.reason, 'TopicDisallowed')
  assert.equal((await client.push()).status, 200)
  const headers = { authorization: `bearer ${topicJwt}` }
  const other = await client.push({ headers })
  assert.deepEqual([other.status, other.reason], [403, 'UnrelatedKeyIdInToken'])
})

test('knows device tokens of another environment or topic, and dead ones', async t => {
  const { simulator, client } = await startRig(t)
  const since = Date.now() - 1000
  const answers: [facts: Parameters<typeof simulator.deviceTokens.set>[1], expected: unknown[]][] = [
    [{ environment: 'sandbox' }, [400, 'BadDeviceToken', undefined]],
    [{ topic: 'com.example.other' }, [400, 'DeviceTokenNotForTopic', undefined]],
    [{ unregisteredAt: since }, [410, 'Unregistered', since]],
    [{ expiredAt: since }, [410, 'ExpiredToken', since]],
    [{ environment: 'production', topic: TOPIC }, [200, undefined, undefined]],
  ]
  for (const [facts, expected] of answers) {
    simulator.deviceTokens.set(TOKEN.toUpperCase(), facts)
    const answer = await client.push()
    assert.deepEqual([answer.status, answer.reason, answer.timestamp], expected)
  }
  simulator.deviceTokens.set(TOKEN, { unregisteredAt: since })
  simulator.deviceTokens.forget(TOKEN)
  assert.equal((await client.push()).status, 200)
})

test('answers carry the apns-id, and in the sandbox the id for the console', async t => {
  const { client } = await startRig(t)
  const answer = await client.push({ headers: { 'apns-id': ID } })
  assert.deepEqual([answer.headers['apns-id'], answer.headers['apns-unique-id']], [ID, undefined])
  const sandbox = await startRig(t, { environment: 'sandbox' })
  assert.match(String((await sandbox.client.push()).headers['apns-unique-id']), /^[0-9a-f-]{36}$/)
})

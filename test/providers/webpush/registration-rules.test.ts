import assert from 'node:assert/strict'
import { createECDH, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import type { RegistrationRequest } from '../../../src/domain/registration.ts'
import { createRegistrationRules } from '../../../src/providers/webpush/registration-rules.ts'
import { fromToken, hostOf } from '../../../src/providers/webpush/subscription.ts'

const APP = 'vapid-0123456789ab'
const rules = createRegistrationRules({ app: APP, allowedOrigins: undefined })
const ENDPOINT = 'https://updates.push.services.mozilla.com/wpush/v2/abc'
const pair = createECDH('prime256v1')
const point = pair.generateKeys()
const auth = randomBytes(16)
const KEYS = { p256dh: point.toString('base64url'), auth: auth.toString('base64url') }

function check(address: object, changes: Partial<RegistrationRequest> = {}) {
  return rules.check({ provider: 'webpush', address: { ...address }, ...changes })
}

describe('registering a subscription', () => {
  it('keeps endpoint and keys as one secret, from which both come back', () => {
    const checked = check({ endpoint: ENDPOINT, keys: KEYS })
    assert.deepEqual(checked, {
      ok: true,
      token: `${ENDPOINT}#${KEYS.p256dh}.${KEYS.auth}`,
      app: APP,
      environment: 'production',
      environmentSource: 'default',
    })
    assert.ok(checked.ok)
    assert.deepEqual(fromToken(checked.token), { endpoint: ENDPOINT, keys: { p256dh: point, auth } })
    assert.equal(hostOf(checked.token), 'updates.push.services.mozilla.com')
    assert.ok(rules.hasOneOwner)
  })

  it('takes what browsers send along, and either base64, as the same subscription', () => {
    const other = { p256dh: point.toString('base64'), auth: auth.toString('base64') }
    const checked = check({ endpoint: ENDPOINT, keys: KEYS, expirationTime: null })
    assert.ok(checked.ok)
    assert.deepEqual(check({ endpoint: ENDPOINT, keys: other }), checked)
    assert.deepEqual(
      check({ endpoint: ENDPOINT.replace('https', 'https'), keys: KEYS }, { app: APP }),
      checked,
    )
  })

  const offCurve = Buffer.from(point)
  offCurve.writeUInt8(offCurve.readUInt8(64) ^ 1, 64)
  const wrongKeys: [name: string, keys: object][] = [
    ['no keys', {}],
    ['no auth', { p256dh: KEYS.p256dh }],
    ['a point that is not on the curve', { ...KEYS, p256dh: offCurve.toString('base64url') }],
    ['a compressed point', { ...KEYS, p256dh: pair.getPublicKey('base64url', 'compressed') }],
    ['a hybrid point', { ...KEYS, p256dh: pair.getPublicKey('base64url', 'hybrid') }],
    ['the point at infinity', { ...KEYS, p256dh: Buffer.alloc(65).toString('base64url') }],
    ['a short point', { ...KEYS, p256dh: point.subarray(0, 64).toString('base64url') }],
    ['a short auth', { ...KEYS, auth: auth.subarray(0, 15).toString('base64url') }],
    ['a long auth', { ...KEYS, auth: randomBytes(17).toString('base64url') }],
    ['another alphabet', { ...KEYS, auth: '!'.repeat(22) }],
    ['keys within keys', { ...KEYS, auth: `${KEYS.auth}.${KEYS.auth}` }],
  ]
  for (const [name, keys] of wrongKeys) {
    it(`refuses ${name}`, () => {
      const checked = check({ endpoint: ENDPOINT, keys })
      assert.ok(!checked.ok)
      assert.equal(checked.code, 'token')
      assert.match(checked.message, /^keys\.p256dh must be/)
    })
  }

  it('refuses an endpoint with the reason, and never repeats it', () => {
    for (const endpoint of [
      'https://169.254.169.254/secret',
      'http://push.example.org/secret',
      `${ENDPOINT}#secret`,
    ]) {
      const checked = check({ endpoint, keys: KEYS })
      assert.ok(!checked.ok)
      assert.equal(checked.code, 'token')
      assert.match(checked.message, /^the endpoint must be/)
      assert.doesNotMatch(checked.message, /secret|169/)
    }
  })

  it('refuses what past validation is no text at all', () => {
    for (const address of [
      {},
      { endpoint: 5 },
      { endpoint: ENDPOINT, keys: null },
      { endpoint: ENDPOINT, keys: 'x' },
    ]) {
      assert.equal(check(address).ok, false)
    }
  })

  it('refuses another VAPID key, and another environment', () => {
    const good = { endpoint: ENDPOINT, keys: KEYS }
    const app = check(good, { app: 'vapid-000000000000' })
    const environment = check(good, { environment: 'sandbox' })
    assert.ok(!app.ok && !environment.ok)
    assert.equal(app.code, 'app')
    assert.equal(environment.code, 'environment')
    assert.ok(check(good, { environment: 'production' }).ok)
  })
})

it('a token that is not ours has no subscription, but some host', () => {
  for (const token of ['', 'abc', ENDPOINT, `${ENDPOINT}#`, `${ENDPOINT}#a.b`, '#', `#${KEYS.p256dh}.`]) {
    assert.equal(fromToken(token), undefined)
    assert.equal(typeof hostOf(token), 'string')
  }
})

import assert from 'node:assert/strict'
import { createECDH } from 'node:crypto'
import { describe, it, test } from 'node:test'
import { describeConfig } from '../../src/config/describe-config.ts'
import { PROVIDERS } from '../../src/providers/providers.ts'
import { generateVapidKeys } from '../../src/providers/webpush/vapid-keys.ts'
import type { WebPushConfig } from '../../src/providers/webpush/webpush-config.ts'
import { selfSigned } from './certificates.ts'
import { configOf, type Files, problemsOf, type Variables } from './support.ts'

const { publicKey, privateKey } = generateVapidKeys()
const other = generateVapidKeys()
const GOOD = {
  RELAY_WEBPUSH_PUBLIC_KEY: publicKey,
  RELAY_WEBPUSH_PRIVATE_KEY: privateKey,
  RELAY_WEBPUSH_SUBJECT: 'mailto:admin@example.org',
}

function webpushOf(changes: Variables = {}, files: Files = {}): WebPushConfig | undefined {
  return configOf({ ...GOOD, ...changes }, files).providers.get('webpush') as WebPushConfig | undefined
}

function problems(changes: Variables, files: Files = {}): string[] {
  return problemsOf({ ...GOOD, ...changes }, files).filter(problem => problem.startsWith('RELAY_WEBPUSH_'))
}

test('both keys and a subject', () => {
  const webpush = webpushOf()
  assert.equal(webpush?.keys.publicKey, publicKey)
  assert.match(webpush?.keys.id ?? '', /^vapid-[0-9a-f]{12}$/)
  assert.equal(webpush?.allowedOrigins, undefined)
  assert.equal(configOf().providers.get('webpush'), undefined)
})

test('a list of push services, with an authority of their own', () => {
  const { certificate } = selfSigned()
  const origins = 'https://127.0.0.1:8443, https://ntfy.lan'
  const webpush = webpushOf(
    { RELAY_WEBPUSH_ALLOWED_ORIGINS: origins, RELAY_WEBPUSH_CA_FILE: 'ca.pem' },
    { 'ca.pem': certificate },
  )
  assert.deepEqual(webpush?.allowedOrigins, ['https://127.0.0.1:8443', 'https://ntfy.lan'])
  assert.equal(webpush?.ca, certificate)
})

test('whatever is missing is named', () => {
  const names = (found: string[]) => found.map(problem => problem.split(':')[0])
  assert.deepEqual(names(problems({ RELAY_WEBPUSH_SUBJECT: '' })), ['RELAY_WEBPUSH_SUBJECT'])
  assert.deepEqual(names(problems({ RELAY_WEBPUSH_PUBLIC_KEY: '', RELAY_WEBPUSH_PRIVATE_KEY: '' })), [
    'RELAY_WEBPUSH_PUBLIC_KEY',
    'RELAY_WEBPUSH_PRIVATE_KEY',
  ])
  assert.deepEqual(names(problemsOf({ RELAY_WEBPUSH_ALLOWED_ORIGINS: 'https://ntfy.lan' })), [
    'RELAY_WEBPUSH_PUBLIC_KEY',
    'RELAY_WEBPUSH_PRIVATE_KEY',
    'RELAY_WEBPUSH_SUBJECT',
  ])
  const { certificate } = selfSigned()
  assert.deepEqual(names(problems({ RELAY_WEBPUSH_CA_FILE: 'ca.pem' }, { 'ca.pem': certificate })), [
    'RELAY_WEBPUSH_CA_FILE',
  ])
})

describe('keys that are none', () => {
  const zero = Buffer.alloc(32).toString('base64url')
  const curve = createECDH('secp256k1')
  curve.generateKeys()
  const wrong: [name: string, changes: Variables][] = [
    ['swapped', { RELAY_WEBPUSH_PUBLIC_KEY: privateKey, RELAY_WEBPUSH_PRIVATE_KEY: publicKey }],
    ['cut off', { RELAY_WEBPUSH_PUBLIC_KEY: publicKey.slice(0, 86) }],
    ['of another curve', { RELAY_WEBPUSH_PUBLIC_KEY: curve.getPublicKey('base64url') }],
    ['zero', { RELAY_WEBPUSH_PRIVATE_KEY: zero }],
    ['beyond the order of the curve', { RELAY_WEBPUSH_PRIVATE_KEY: `${'_'.repeat(42)}8` }],
    ['a PEM', { RELAY_WEBPUSH_PRIVATE_KEY: '-----BEGIN PRIVATE KEY-----' }],
    ['of two pairs', { RELAY_WEBPUSH_PRIVATE_KEY: other.privateKey }],
  ]
  for (const [name, changes] of wrong) {
    it(name, () => {
      const found = problems(changes)
      assert.ok(found.length > 0)
      // Not even a wrong key is printed: it may be the right one in the wrong place.
      assert.ok(found.every(problem => !problem.includes(privateKey) && !problem.includes(other.privateKey)))
    })
  }
})

describe('the subject', () => {
  for (const subject of [
    ...[
      'mailto:a@example.org',
      'mailto:push.admin+relay@chat.example.org',
      'https://example.org',
      'https://a.example/b',
    ],
  ]) {
    it(`may be ${subject}`, () =>
      assert.equal(webpushOf({ RELAY_WEBPUSH_SUBJECT: subject })?.subject, subject))
  }
  for (const subject of [
    ...[
      'admin@example.org',
      'mailto: a@example.org',
      'mailto:<a@example.org>',
      'mailto:a@localhost',
      'mailto:a@b.local',
    ],
    ...[
      'mailto:a@b.invalid',
      'http://example.org',
      'https://localhost',
      'https://user@example.org',
      'https://',
      'mailto:',
    ],
    ...[
      'mailto:a@example.org,b@example.org',
      'mailto:a@example.org?subject=x',
      'https://exa mple.org',
      'https://intranet',
    ],
  ]) {
    it(`may not be ${subject}`, () => assert.equal(problems({ RELAY_WEBPUSH_SUBJECT: subject }).length, 1))
  }
})

describe('allowed origins', () => {
  for (const origins of [
    ...[
      'http://ntfy.lan',
      'https://ntfy.lan/',
      'https://ntfy.lan/a',
      'ntfy.lan',
      'https://ntfy.lan:443',
      'https://A.lan',
    ],
    ...['https://u@ntfy.lan', 'https://*.lan', 'https://ntfy.lan,,https://b.lan', 'https://127.1', 'null'],
  ]) {
    it(`may not be ${origins}`, () => {
      assert.ok(problems({ RELAY_WEBPUSH_ALLOWED_ORIGINS: origins }).length > 0)
    })
  }
})

test('check-config shows the public key, and of the private one a hash', () => {
  const lines = describeConfig(configOf(GOOD), PROVIDERS).join('\n')
  assert.match(lines, new RegExp(`^RELAY_WEBPUSH_PUBLIC_KEY +${publicKey}$`, 'm'))
  assert.match(lines, /^RELAY_WEBPUSH_PRIVATE_KEY +signing key #[0-9a-f]{12}$/m)
  assert.match(lines, /^RELAY_WEBPUSH_ALLOWED_ORIGINS +\(any public one\)$/m)
  assert.ok(!lines.includes(privateKey))
})

test('made keys are a pair, never with a short scalar', () => {
  for (let count = 0; count < 300; count++) {
    const made = generateVapidKeys()
    assert.equal(made.privateKey.length, 43)
    assert.equal(made.publicKey.length, 87)
  }
})

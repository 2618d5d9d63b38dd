import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { configOf, type Files, problemsOf } from './support.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const secret = { kty: 'oct', alg: 'HS256', k: randomBytes(32).toString('base64url') }

function keyOf(content: unknown, variables = {}) {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return configOf({ RELAY_JWT_KEY_FILE: 'key', ...variables }, { key: text }).jwt?.keys[0]
}

function problemOf(content: unknown): string {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return problemsOf({ RELAY_JWT_KEY_FILE: 'key' }, { key: text }).join('\n')
}

function pem(key: KeyObject, type: 'spki' | 'pkcs8' | 'pkcs1' | 'sec1'): string {
  return key.export({ format: 'pem', type } as never) as unknown as string
}

test('a shared secret, as JWK and as JWK Set with one key', () => {
  assert.deepEqual(keyOf(secret), { domain: undefined, jwk: secret })
  assert.deepEqual(keyOf({ keys: [{ ...secret, kid: 'a' }] })?.jwk, { ...secret, kid: 'a' })
  assert.equal(keyOf({ kty: 'oct', k: secret.k })?.jwk.alg, 'HS256')
  assert.equal(keyOf(`\uFEFF${JSON.stringify(secret)}\n`)?.jwk.alg, 'HS256')
})

test('an algorithm is one of ours, not what every object happens to have', () => {
  for (const alg of ['constructor', 'toString', '__proto__', 'none', 'HS1']) {
    assert.match(problemOf({ ...secret, alg }), /"alg" does not go with a shared secret/, alg)
  }
})

test('of a private key only the public part is kept', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const contents = [
    pem(rsa.privateKey, 'pkcs8'),
    pem(rsa.privateKey, 'pkcs1'),
    pem(ec.privateKey, 'sec1'),
    rsa.privateKey.export({ format: 'jwk' }),
  ]
  for (const content of contents) {
    const jwk = keyOf(content)?.jwk
    assert.ok(jwk)
    for (const secretMember of ['d', 'p', 'q', 'dp', 'dq', 'qi']) assert.ok(!(secretMember in jwk))
  }
})

test("the algorithm is pinned: the JWK's own, else by the kind of key", () => {
  const alg = (key: KeyObject, type: 'spki' | 'pkcs1' = 'spki') => keyOf(pem(key, type))?.jwk.alg
  assert.equal(alg(rsa.publicKey), 'RS256')
  assert.equal(alg(rsa.publicKey, 'pkcs1'), 'RS256')
  for (const [namedCurve, expected] of [
    ['P-256', 'ES256'],
    ['P-384', 'ES384'],
    ['P-521', 'ES512'],
  ] as const) {
    assert.equal(alg(generateKeyPairSync('ec', { namedCurve }).publicKey), expected)
  }
  assert.equal(alg(generateKeyPairSync('ed25519').publicKey), 'EdDSA')
  assert.equal(keyOf({ ...rsa.publicKey.export({ format: 'jwk' }), alg: 'PS512' })?.jwk.alg, 'PS512')
})

const rsaJwk = rsa.publicKey.export({ format: 'jwk' })
const BAD: [string, unknown, RegExp][] = [
  ['neither JSON nor PEM', 'hello', /neither a JWK/],
  ['empty', '', /neither a JWK/],
  ['broken JSON', '{"kty":', /not JSON/],
  ['JWK Set without keys', { keys: [] }, /exactly one key/],
  ['JWK Set with two keys', { keys: [secret, secret] }, /exactly one key/],
  ['JWK Set with null', { keys: [null] }, /exactly one key/],
  ['unknown kty', { kty: 'XYZ' }, /not a usable key/],
  ['no kty', {}, /not a usable key/],
  ['short secret', { ...secret, k: randomBytes(31).toString('base64url') }, /too short: HS256 needs 32/],
  ['short secret for HS512', { ...secret, alg: 'HS512' }, /too short: HS512 needs 64/],
  ['secret that is not base64url', { ...secret, k: `${secret.k}=` }, /base64url/],
  ['alg none', { ...secret, alg: 'none' }, /does not go with/],
  ['public-key alg on a secret', { ...secret, alg: 'RS256' }, /does not go with/],
  ['secret alg on a public key', { ...rsaJwk, alg: 'HS256' }, /does not go with/],
  ['alg that is not text', { ...secret, alg: 7 }, /"alg" is not a string/],
  ['encryption key', { ...rsaJwk, use: 'enc' }, /not for signatures/],
  ['small RSA', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey, 'spki'), /2048 bits/],
  ['other curve', pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey, 'spki'), /P-256/],
  ['X25519', pem(generateKeyPairSync('x25519').publicKey, 'spki'), /Ed25519/],
  ['damaged PEM', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', /damaged/],
  [
    'encrypted PEM',
    rsa.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }),
    /encrypted/,
  ],
]

for (const [what, content, expected] of BAD) {
  test(`refused: ${what}`, () => {
    assert.match(problemOf(content), /^RELAY_JWT_KEY_FILE: /)
    assert.match(problemOf(content), expected)
  })
}

test("a bare path speaks for the relay's own domain, or for every one", () => {
  assert.equal(keyOf(secret)?.domain, undefined)
  assert.equal(keyOf(secret, { RELAY_XMPP_DOMAIN: 'Example.org' })?.domain, 'example.org')
})

test('several keys, each for its domain, in the order given', () => {
  const files: Files = { 'a.jwk': JSON.stringify(secret), './b=c.pem': pem(rsa.publicKey, 'spki') }
  const variables = { RELAY_JWT_KEY_FILE: 'Example.org=a.jwk, example.com = a.jwk,./b=c.pem' }
  assert.deepEqual(
    configOf(variables, files).jwt?.keys.map(key => [key.domain, key.jwk.alg]),
    [
      ['example.org', 'HS256'],
      ['example.com', 'HS256'],
      [undefined, 'RS256'],
    ],
  )
})

test('every bad entry is reported, by position', () => {
  const problems = problemsOf({ RELAY_JWT_KEY_FILE: 'a b=x,example.org=missing,missing2' })
  assert.match(problems.join('\n'), /entry 1: before the =/)
  const files = problemsOf({ RELAY_JWT_KEY_FILE: 'example.org=missing,missing2' })
  assert.equal(files.length, 2)
  assert.match(files[1] ?? '', /entry 2: the file does not exist/)
})

test('the claim is configurable', () => {
  const jwt = configOf(
    { RELAY_JWT_KEY_FILE: 'key', RELAY_JWT_JID_CLAIM: 'sub' },
    { key: JSON.stringify(secret) },
  ).jwt
  assert.equal(jwt?.jidClaim, 'sub')
})

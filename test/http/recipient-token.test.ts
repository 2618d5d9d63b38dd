import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { EncryptJWT, exportJWK, SignJWT } from 'jose'
import type { JwtKey } from '../../src/config/config.ts'
import { type Clock, systemClock } from '../../src/domain/clock.ts'
import { createRecipientTokenVerifier } from '../../src/http/recipient-token.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { HS256_KEY, inSeconds, OTHER_KEY, octKey, tokenFor, unsigned } from '../support/jwt.ts'

const verifier = async (
  keys: JwtKey[] = [HS256_KEY],
  jidClaim = 'jid',
  clock: Pick<Clock, 'now'> = systemClock,
) => {
  const verify = await createRecipientTokenVerifier({ jidClaim, keys }, clock)
  return async (token: string) => (await verify(token)).recipient
}

test('a token names its recipient, normalised and bare', async () => {
  const verify = await verifier()
  assert.equal(await verify(await tokenFor('bob@localhost')), 'bob@localhost')
  assert.equal(await verify(await tokenFor('Bob@LOCALHOST/phone')), 'bob@localhost')
  assert.equal(await verify(await tokenFor('bob@localhost', { exp: inSeconds(60) + 0.5 })), 'bob@localhost')
  assert.equal(await verify(await tokenFor('bob@localhost', { nbf: inSeconds(-1) })), 'bob@localhost')
})

test('the claim is the one that the chat server was told', async () => {
  const verify = await verifier([HS256_KEY], 'xmpp')
  assert.equal(await verify(await tokenFor(undefined, { xmpp: 'bob@localhost' })), 'bob@localhost')
  assert.equal(await verify(await tokenFor('bob@localhost')), undefined)
})

test('what ejabberd takes and we do not, and what nobody takes', async () => {
  const verify = await verifier()
  const hs512 = await octKey(
    'a key that the chat server and the relay share, 32 bytes or more',
    undefined,
    'HS512',
  )
  const [header = '', payload = '', signature = ''] = (await tokenFor('bob@localhost')).split('.')
  const otherPayload = (await tokenFor('eve@localhost')).split('.')[1]
  const tokens: Record<string, string> = {
    'alg none': unsigned('bob@localhost'),
    'alg none with a signature': `${unsigned('bob@localhost')}${signature}`,
    'another alg of the same key': await tokenFor('bob@localhost', {}, { key: hs512 }),
    'no exp': await tokenFor('bob@localhost', { exp: undefined }),
    'string exp': await tokenFor('bob@localhost', { exp: String(inSeconds(60)) }),
    'null exp': await tokenFor('bob@localhost', { exp: null }),
    expired: await tokenFor('bob@localhost', { exp: inSeconds(-1) }),
    'expires now': await tokenFor('bob@localhost', { exp: inSeconds(0) }),
    'not yet valid': await tokenFor('bob@localhost', { nbf: inSeconds(60) }),
    'string nbf': await tokenFor('bob@localhost', { nbf: '0' }),
    'wrong key': await tokenFor('bob@localhost', {}, { key: OTHER_KEY }),
    'other payload': `${header}.${otherPayload}.${signature}`,
    'cut signature': `${header}.${payload}.${signature.slice(0, -2)}`,
    'no signature': `${header}.${payload}.`,
    'sub only': await tokenFor(undefined, { sub: 'bob@localhost' }),
    'local part only': await tokenFor('bob'),
    server: await tokenFor('localhost'),
    'invalid JID': await tokenFor('two words@localhost'),
    'list of JIDs': await tokenFor(['bob@localhost']),
    'no token': 'x',
    empty: '',
    dots: '..',
  }
  for (const [name, token] of Object.entries(tokens)) assert.equal(await verify(token), undefined, name)
})

/** A token of these very parts, signed with HS256_KEY whatever they say. */
function handMade(header: object, payload: string): string {
  const signed = [JSON.stringify(header), payload]
    .map(part => Buffer.from(part).toString('base64url'))
    .join('.')
  const key = Buffer.from(String(HS256_KEY.jwk.k), 'base64url')
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
}

test('a header cannot choose the key, demand what nobody knows, or change what is signed', async () => {
  const verify = await verifier()
  const claims = JSON.stringify({ jid: 'bob@localhost', exp: inSeconds(60) })
  const jwk = { kty: 'oct', k: Buffer.alloc(32).toString('base64url') }
  for (const ignored of [
    { kid: 'x' },
    { kid: '../../dev/null' },
    { jku: 'https://evil.example/' },
    { jwk },
  ]) {
    assert.equal(await verify(handMade({ alg: 'HS256', ...ignored }, claims)), 'bob@localhost')
    const own = new SignJWT(JSON.parse(claims)).setProtectedHeader({ alg: 'HS256', ...ignored })
    assert.equal(await verify(await own.sign(Buffer.alloc(32))), undefined)
  }
  const refused = [
    { crit: ['exp'] },
    { crit: ['b64'], b64: false },
    { b64: false, crit: [] },
    { alg: 'constructor' },
  ]
  for (const header of refused) {
    assert.equal(
      await verify(handMade({ alg: 'HS256', ...header }, claims)),
      undefined,
      JSON.stringify(header),
    )
  }
  const encrypted = await new EncryptJWT(JSON.parse(claims))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(Buffer.alloc(32))
  assert.equal(await verify(encrypted), undefined)
})

test('a payload that is no object of claims proves nothing', async () => {
  const verify = await verifier()
  for (const payload of ['null', '[]', '1', '"bob@localhost"', '', '{', '\u0000']) {
    assert.equal(await verify(handMade({ alg: 'HS256' }, payload)), undefined, payload)
  }
})

test('a token of which any byte is changed is refused, and never an error', async () => {
  const verify = await verifier()
  const token = await tokenFor('bob@localhost')
  for (let index = 0; index < token.length - 1; index++) {
    const other = token[index] === 'A' ? 'B' : 'A'
    assert.equal(await verify(token.slice(0, index) + other + token.slice(index + 1)), undefined)
    assert.equal(await verify(token.slice(0, index)), undefined)
  }
})

test('of a token that nobody signed no claim is read', async t => {
  const verify = await verifier()
  const normalised = t.mock.method(String.prototype, 'normalize')
  assert.equal(await verify(await tokenFor('ｂｏｂ@localhost', {}, { key: OTHER_KEY })), undefined)
  assert.equal(normalised.mock.callCount(), 0)
  assert.equal(await verify(await tokenFor('ｂｏｂ@localhost')), 'bob@localhost')
  assert.ok(normalised.mock.callCount() > 0)
})

test('a key speaks for its domain only', async () => {
  const org = await octKey('the key of example.org, which is long enough to be one', 'example.org')
  const com = await octKey('the key of example.com, which is long enough to be one', 'example.com')
  const verify = await verifier([org, com])
  assert.equal(await verify(await tokenFor('bob@example.org', {}, { key: org })), 'bob@example.org')
  assert.equal(await verify(await tokenFor('bob@example.com', {}, { key: com })), 'bob@example.com')
  assert.equal(await verify(await tokenFor('bob@example.com', {}, { key: org })), undefined)
  assert.equal(await verify(await tokenFor('bob@sub.example.org', {}, { key: org })), undefined)
  assert.equal(await verify(await tokenFor('bob@third.example', {}, { key: org })), undefined)
})

test('while a key is rotated, both open', async () => {
  const verify = await verifier([OTHER_KEY, HS256_KEY])
  assert.equal(await verify(await tokenFor('bob@localhost')), 'bob@localhost')
  assert.equal(await verify(await tokenFor('bob@localhost', {}, { key: OTHER_KEY })), 'bob@localhost')
})

test('public keys verify, and cannot be turned into a shared secret', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256' }
  const verify = await verifier([{ domain: undefined, jwk }])
  const claims = { jid: 'bob@localhost', exp: inSeconds(60) }
  const good = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(privateKey)
  assert.equal(await verify(good), 'bob@localhost')
  const pem = Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }))
  const confused = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(pem)
  assert.equal(await verify(confused), undefined)
})

test('time is the relay’s, and there is no tolerance', async () => {
  const clock = new FakeClock()
  const verify = await verifier([HS256_KEY], 'jid', clock)
  const exp = clock.now() / 1000 + 10
  const token = await tokenFor('bob@localhost', { exp })
  assert.equal(await verify(token), 'bob@localhost')
  clock.advance(10_000)
  assert.equal(await verify(token), undefined)
})

test('without a key no token is good', async () => {
  const verify = await createRecipientTokenVerifier(undefined, systemClock)
  assert.deepEqual(await verify(await tokenFor('bob@localhost')), { problem: 'jwt-not-configured' })
})

test('why a token proves nothing is for the log; its bearer hears it only when the signature was good', async () => {
  const org = await octKey('the key of example.org, which is long enough to be one', 'example.org')
  const verify = await createRecipientTokenVerifier(
    { jidClaim: 'jid', keys: [OTHER_KEY, org, HS256_KEY] },
    systemClock,
  )
  const bob = 'bob@localhost'
  const stranger = await octKey('a key that nobody here knows, which is long enough to be one')
  const refusals: [problem: string, isTold: boolean, token: string][] = [
    ['unknown-token', false, 'x'],
    ['jwt-malformed', false, '..'],
    ['jwt-algorithm', false, unsigned(bob)],
    ['jwt-signature', false, await tokenFor(bob, { exp: inSeconds(-1) }, { key: stranger })],
    ['jwt-expired', true, await tokenFor(bob, { exp: inSeconds(-1) })],
    ['jwt-no-exp', true, await tokenFor(bob, { exp: undefined })],
    ['jwt-no-exp', true, await tokenFor(bob, { exp: '9999999999' })],
    ['jwt-not-yet-valid', true, await tokenFor(bob, { nbf: inSeconds(60) })],
    ['jwt-claim', true, await tokenFor('bob')],
    ['jwt-domain', true, await tokenFor(bob, {}, { key: org })],
  ]
  for (const [problem, isTold, token] of refusals) {
    const result = await verify(token)
    assert.deepEqual([result.problem, result.hint !== undefined], [problem, isTold])
    assert.equal(result.recipient, undefined)
  }
})

test('one key for two domains speaks for both', async () => {
  const secret = 'the key of two domains, which is long enough to be one'
  const keys = [await octKey(secret, 'example.org'), await octKey(secret, 'example.com')]
  const verify = await verifier(keys)
  assert.equal(await verify(await tokenFor('bob@example.com', {}, { key: keys[0]! })), 'bob@example.com')
})

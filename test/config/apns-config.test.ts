import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { pkcs12, selfSigned } from './certificates.ts'
import { apnsOf, configOf, type Files, problemsOf, type Variables } from './support.ts'

const PASSPHRASE = 'keychain-passphrase-1'
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const p8 = ec.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
const own = selfSigned()
const other = selfSigned()

const TOKEN = {
  RELAY_APNS_ENVIRONMENT: 'production',
  RELAY_APNS_KEY_FILE: 'key.p8',
  RELAY_APNS_KEY_ID: 'ABC123DEFG',
  RELAY_APNS_TEAM_ID: 'DEF123GHIJ',
}
const CERT = { RELAY_APNS_ENVIRONMENT: 'sandbox', RELAY_APNS_CERT_FILE: 'cert' }

function certificateOf(content: string | Buffer, passphrase?: string) {
  const config = configOf({ ...CERT, RELAY_APNS_CERT_PASSPHRASE: passphrase }, { cert: content })
  const credentials = apnsOf(config)?.credentials
  assert.equal(credentials?.kind, 'certificate')
  return credentials as Extract<typeof credentials, { kind: 'certificate' }>
}

function assertUsable(credentials: { certificate: string; privateKey: string }) {
  createSecureContext({ cert: credentials.certificate, key: credentials.privateKey })
  const certificate = new X509Certificate(credentials.certificate)
  assert.ok(certificate.checkPrivateKey(createPrivateKey(credentials.privateKey)))
}

test('a signing key with its ids', () => {
  const apns = apnsOf(configOf(TOKEN, { 'key.p8': p8 }))
  assert.deepEqual(apns?.credentials, {
    kind: 'token',
    keyId: 'ABC123DEFG',
    teamId: 'DEF123GHIJ',
    privateKey: p8,
  })
  assert.equal(apns?.environment, 'production')
})

test('the simulator needs no credentials, and takes them', () => {
  assert.equal(apnsOf(configOf())?.credentials, undefined)
  const apns = apnsOf(configOf({ ...TOKEN, RELAY_APNS_ENVIRONMENT: 'simulator' }, { 'key.p8': p8 }))
  assert.equal(apns?.credentials?.kind, 'token')
})

test('a .p12 from Keychain, which OpenSSL 3 refuses', () => {
  const pfx = readFileSync(new URL('fixtures/keychain-rc2.p12', import.meta.url))
  assert.throws(() => createSecureContext({ pfx, passphrase: PASSPHRASE }), /Unsupported PKCS12/)
  assertUsable(certificateOf(pfx, PASSPHRASE))
})

test('a .p12 without a passphrase, and one with an elliptic key', () => {
  assertUsable(certificateOf(readFileSync(new URL('fixtures/keychain-no-passphrase.p12', import.meta.url))))
  assertUsable(certificateOf(readFileSync(new URL('fixtures/openssl3-ec.p12', import.meta.url)), PASSPHRASE))
})

test("a .p12 with the certificate that signed: the key's own comes first", () => {
  const { certificate } = certificateOf(pkcs12([other, own], own.privateKey, PASSPHRASE), PASSPHRASE)
  assert.equal(certificate.match(/BEGIN CERTIFICATE/g)?.length, 2)
  assert.equal(new X509Certificate(certificate).toString(), own.certificate.replaceAll('\r', ''))
})

test('PEM with the key, plain and encrypted, in any order', () => {
  assertUsable(certificateOf(own.certificate + own.privateKey))
  assertUsable(
    certificateOf(`Bag Attributes\n  x: y\n${own.privateKey}${other.certificate}${own.certificate}`),
  )
  assertUsable(certificateOf(own.certificate + encrypted(own.privateKey), ' pass phrase '))
})

function encrypted(pem: string): string {
  return createPrivateKey(pem)
    .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: ' pass phrase ' })
    .toString()
}

const day = 86_400_000
const expired = selfSigned(-2 * day, -day)
const future = selfSigned(day, 2 * day)
const short = selfSigned(-day, day, 1024)
const signer = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const rsaPem = signer.export({ format: 'pem', type: 'pkcs8' }).toString()
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey

const BAD: [string, Variables, Files, string, RegExp][] = [
  ['key file missing', TOKEN, {}, 'KEY_FILE', /does not exist/],
  ['key file is no key', TOKEN, { 'key.p8': 'hello' }, 'KEY_FILE', /not a private key/],
  [
    'key file is a public key',
    TOKEN,
    { 'key.p8': ec.publicKey.export({ format: 'pem', type: 'spki' }) },
    'KEY_FILE',
    /not a private key/,
  ],
  ['key is RSA', TOKEN, { 'key.p8': rsaPem }, 'KEY_FILE', /P-256/],
  [
    'key is on P-384',
    TOKEN,
    { 'key.p8': p384.export({ format: 'pem', type: 'pkcs8' }) },
    'KEY_FILE',
    /P-256/,
  ],
  ['key is encrypted', TOKEN, { 'key.p8': encrypted(p8) }, 'KEY_FILE', /encrypted/],
  ['no key id', { ...TOKEN, RELAY_APNS_KEY_ID: '' }, { 'key.p8': p8 }, 'KEY_ID', /missing/],
  ['no team id', { ...TOKEN, RELAY_APNS_TEAM_ID: undefined }, { 'key.p8': p8 }, 'TEAM_ID', /missing/],
  ['ids without a key', { ...TOKEN, RELAY_APNS_KEY_FILE: '' }, {}, 'KEY_FILE', /missing/],
  ['key id too short', { ...TOKEN, RELAY_APNS_KEY_ID: 'ABC' }, { 'key.p8': p8 }, 'KEY_ID', /10 characters/],
  [
    'team id in lower case',
    { ...TOKEN, RELAY_APNS_TEAM_ID: 'def123ghij' },
    { 'key.p8': p8 },
    'TEAM_ID',
    /10 characters/,
  ],
  ['no credentials', { RELAY_APNS_ENVIRONMENT: 'sandbox' }, {}, 'KEY_FILE', /missing/],
  ['no topics', { ...TOKEN, RELAY_APNS_TOPICS: '' }, { 'key.p8': p8 }, 'TOPICS', /missing/],
  [
    'both credentials',
    { ...TOKEN, RELAY_APNS_CERT_FILE: 'cert' },
    { 'key.p8': p8, cert: own.certificate + own.privateKey },
    'CERT_FILE',
    /together/,
  ],
  ['passphrase alone', { RELAY_APNS_CERT_PASSPHRASE: 'x' }, {}, 'CERT_PASSPHRASE', /of no use/],
  ['certificate file missing', CERT, {}, 'CERT_FILE', /does not exist/],
  ['certificate file is empty', CERT, { cert: '' }, 'CERT_FILE', /neither PEM nor/],
  [
    'certificate file is noise',
    CERT,
    { cert: 'hello, world' },
    'CERT_FILE',
    /neither PEM nor|cannot be opened/,
  ],
  ['certificate without key', CERT, { cert: own.certificate }, 'CERT_FILE', /no private key/],
  ['key without certificate', CERT, { cert: own.privateKey }, 'CERT_FILE', /no certificate/],
  [
    'certificate damaged',
    CERT,
    { cert: own.certificate.replace('MII', 'XXX') + own.privateKey },
    'CERT_FILE',
    /damaged/,
  ],
  [
    'key of another certificate',
    CERT,
    { cert: own.certificate + other.privateKey },
    'CERT_FILE',
    /does not belong/,
  ],
  ['expired', CERT, { cert: expired.certificate + expired.privateKey }, 'CERT_FILE', /expired on 2030-05-31/],
  [
    'not yet valid',
    CERT,
    { cert: future.certificate + future.privateKey },
    'CERT_FILE',
    /only from 2030-06-02/,
  ],
  [
    'too short for TLS',
    CERT,
    { cert: short.certificate + short.privateKey },
    'CERT_FILE',
    /OpenSSL takes no such key/,
  ],
  [
    'encrypted PEM, no passphrase',
    CERT,
    { cert: own.certificate + encrypted(own.privateKey) },
    'CERT_FILE',
    /PASSPHRASE is missing or wrong/,
  ],
  [
    '.p12, no passphrase',
    CERT,
    { cert: pkcs12([own], own.privateKey, 'x') },
    'CERT_FILE',
    /PASSPHRASE is probably missing/,
  ],
  [
    '.p12, wrong passphrase',
    { ...CERT, RELAY_APNS_CERT_PASSPHRASE: 'y' },
    { cert: pkcs12([own], own.privateKey, 'x') },
    'CERT_FILE',
    /PASSPHRASE is probably wrong/,
  ],
  [
    '.p12 cut off',
    CERT,
    { cert: pkcs12([own], own.privateKey, '').subarray(0, 900) },
    'CERT_FILE',
    /neither PEM nor|cannot be opened/,
  ],
  ['.p12 without key', CERT, { cert: pkcs12([own], null, '') }, 'CERT_FILE', /no private key/],
  ['.p12 without certificate', CERT, { cert: pkcs12([], own.privateKey, '') }, 'CERT_FILE', /no certificate/],
  [
    '.p12 of another key',
    CERT,
    { cert: pkcs12([other], own.privateKey, '') },
    'CERT_FILE',
    /does not belong/,
  ],
  [
    'authority without an override',
    { RELAY_APNS_CA_FILE: 'ca' },
    { ca: own.certificate },
    'CA_FILE',
    /of no use without/,
  ],
  [
    'authority is no certificate',
    { RELAY_APNS_URL: 'https://a.example', RELAY_APNS_CA_FILE: 'ca' },
    { ca: 'x' },
    'CA_FILE',
    /not a certificate/,
  ],
]

for (const [what, variables, files, name, expected] of BAD) {
  test(`refused: ${what}`, () => {
    const problems = problemsOf(variables, files)
    assert.equal(problems.length, 1, problems.join('\n'))
    assert.match(problems[0] ?? '', new RegExp(`^RELAY_APNS_${name}: `))
    assert.match(problems[0] ?? '', expected)
  })
}

test('an override with its authority', () => {
  const config = configOf(
    { RELAY_APNS_URL: 'https://127.0.0.1:2197', RELAY_APNS_CA_FILE: 'ca' },
    { ca: own.certificate },
  )
  const apns = apnsOf(config)
  assert.equal(apns?.url, 'https://127.0.0.1:2197')
  assert.equal(apns?.ca, own.certificate)
})

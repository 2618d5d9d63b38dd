import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { allVariables } from '../../src/config/all-variables.ts'
import type { Config } from '../../src/config/config.ts'
import { describeConfig } from '../../src/config/describe-config.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { PROVIDERS } from '../../src/providers/providers.ts'
import { selfSigned } from './certificates.ts'
import { configOf, problemsOf, sourcesOf } from './support.ts'

const NAMES = allVariables(PROVIDERS).map(variable => variable.name)

// Long enough not to be part of a sentence by chance.
const garbage = fc.stringMatching(/^[A-Za-z0-9%&=|.,:/ -]{12,40}$/).filter(text => /[A-Z].*[0-9]/.test(text))

test('no problem repeats a value, whatever stands where', () => {
  const variables = fc.dictionary(fc.constantFrom(...NAMES, 'RELAY_UNKNOWN'), garbage, { minKeys: 1 })
  fc.assert(
    fc.property(variables, garbage, (env, content) => {
      const files = Object.fromEntries(Object.values(env).map(path => [path.trim(), content]))
      const result = readConfig(env, PROVIDERS, sourcesOf(files))
      assert.ok(!result.ok)
      const text = result.problems.join('\n')
      for (const value of [...Object.values(env), content]) {
        for (const part of [value, ...value.split(/[,=|]/)]) {
          if (part.trim().length >= 8) assert.ok(!text.includes(part.trim()), `${part} in ${text}`)
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('no problem repeats a part of a damaged key', () => {
  const secret = randomBytes(32).toString('base64url')
  for (const key of [`{"kty":"oct","k":"${secret}"`, `{"kty":"oct","alg":"${secret}","k":"AA"}`, secret]) {
    const text = problemsOf({ RELAY_JWT_KEY_FILE: 'key' }, { key }).join('\n')
    assert.notEqual(text, '')
    assert.ok(!text.includes(secret.slice(0, 6)))
  }
})

test('the description holds no secret, and a line for each variable', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const p8 = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const jwk = { kty: 'oct', alg: 'HS256', kid: 'key-1', k: randomBytes(32).toString('base64url') }
  const own = selfSigned()
  const tokens = {
    RELAY_HOOK_TOKENS: 'hook-secret-0000000001=example.org|example.com,hook-secret-0000000002',
    RELAY_ADMIN_TOKENS: 'admin-secret-000000001',
    RELAY_ZEROPUSH_SERVER_TOKENS: 'iosprod_secret-00000001',
    RELAY_ZEROPUSH_APP_TOKENS: 'iosprod_secret-00000002',
    RELAY_JWT_KEY_FILE: 'example.org=key.jwk',
  }
  const files = { 'key.jwk': JSON.stringify(jwk), 'key.p8': p8, 'cert.pem': own.certificate + own.privateKey }
  const signingKey = {
    RELAY_APNS_KEY_FILE: 'key.p8',
    RELAY_APNS_KEY_ID: 'ABC123DEFG',
    RELAY_APNS_TEAM_ID: 'DEF123GHIJ',
  }
  const certificate = { RELAY_APNS_CERT_FILE: 'cert.pem', RELAY_APNS_CERT_PASSPHRASE: 'open sesame 42' }
  for (const credentials of [signingKey, certificate]) {
    const text = described(configOf({ ...tokens, ...credentials }, files))
    const secrets = [
      'hook-secret',
      'admin-secret',
      jwk.k,
      'BEGIN PRIVATE',
      'open sesame',
      ...linesOf(p8),
      ...linesOf(own.privateKey),
    ]
    for (const secret of secrets) assert.ok(!text.includes(secret), secret)
  }
})

function linesOf(pem: string): string[] {
  return pem.split('\n').filter(line => line.length > 16)
}

function described(config: Config): string {
  const lines = describeConfig(config, PROVIDERS)
  assert.deepEqual(
    lines.map(line => line.split(' ')[0]),
    NAMES,
  )
  return lines.join('\n')
}

test('the description says what an operator compares', () => {
  const key = JSON.stringify({ kty: 'oct', kid: 'key-1', k: 'A'.repeat(43) })
  const text = described(
    configOf(
      {
        RELAY_HOOK_TOKENS: 'hook-secret-0000000001=example.org|example.com',
        RELAY_JWT_KEY_FILE: 'key',
        RELAY_MESSAGE_TTL: '48h',
        RELAY_DEDUPE_WINDOW: '90s',
      },
      { key },
    ),
  )
  assert.match(text, /RELAY_HOOK_TOKENS +1 \(#[0-9a-f]{12} for example\.org\|example\.com\)/)
  assert.match(text, /RELAY_JWT_KEY_FILE +HS256 kid key-1 #[\w-]{12} for every domain/)
  assert.match(text, /RELAY_MESSAGE_TTL +2d\n/)
  assert.match(text, /RELAY_DEDUPE_WINDOW +90s\n/)
})

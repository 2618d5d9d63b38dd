import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { GOOGLE_TOKEN_URI, parseServiceAccount } from '../../../src/providers/fcm/service-account.ts'
import { serviceAccountFile } from '../../../src/simulator/fcm/service-account.ts'
import { ACCOUNT } from '../../support/fcm-simulator.ts'

const FIELDS: Record<string, unknown> = JSON.parse(serviceAccountFile(ACCOUNT, GOOGLE_TOKEN_URI))

function parse(content: unknown, isAnyHostFine = false) {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return parseServiceAccount(Buffer.from(text), isAnyHostFine)
}

function problemsOf(content: unknown, isAnyHostFine = false): readonly string[] {
  const parsed = parse(content, isAnyHostFine)
  return parsed.ok ? [] : parsed.problems
}

function pem(key: ReturnType<typeof createPrivateKey>, type: 'pkcs8' | 'pkcs1' = 'pkcs8'): string {
  return key.export({ format: 'pem', type }).toString()
}

describe("a service account's key file", () => {
  it('as the Firebase console makes it', () => {
    const { projectId, clientEmail, keyId, privateKey } = ACCOUNT
    const value = { projectId, clientEmail, keyId, privateKey, tokenUri: GOOGLE_TOKEN_URI }
    assert.deepEqual(parse(FIELDS), { ok: true, value })
    assert.deepEqual(parse(`\ufeff${JSON.stringify(FIELDS, null, 2)}\r\n`), { ok: true, value })
    const pkcs1 = pem(createPrivateKey(privateKey), 'pkcs1')
    assert.deepEqual(parse({ ...FIELDS, private_key: pkcs1 }), { ok: true, value })
  })

  for (const [name, content, problem] of [
    ['not JSON', 'AIzaSyD-old-server-key', /^the file is not JSON; it must be a service account key/],
    ['empty', '', /not JSON/],
    ['a PEM key', ACCOUNT.privateKey, /not JSON/],
    ['a list', [FIELDS], /not a JSON object/],
    ['null', 'null', /not a JSON object/],
    [
      'google-services.json',
      { project_info: {}, client: [] },
      /google-services\.json, which belongs into the app/,
    ],
    ["a person's credentials", { type: 'authorized_user', refresh_token: '1//x' }, /a person's credentials/],
    ['a federation', { type: 'external_account' }, /workload identity/],
    ['an OAuth client', { installed: { client_secret: 'x' } }, /OAuth client of an installed app/],
    ['of another type', { ...FIELDS, type: 'gdch_service_account' }, /"type" is not "service_account"/],
    ['of no type', { ...FIELDS, type: undefined }, /"type" is not/],
  ] as const) {
    it(`${name}: one line that says what it is`, () => {
      const problems = problemsOf(content)
      assert.equal(problems.length, 1)
      assert.match(problems[0] ?? '', problem)
    })
  }

  const ec = pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  const short = pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey)
  for (const [name, change, problem] of [
    ['a key that is cut', { private_key: ACCOUNT.privateKey.slice(0, 400) }, /"private_key".*cannot be read/],
    ['a key that is no text', { private_key: { pem: 'x' } }, /"private_key".*cannot be read/],
    ['an elliptic key', { private_key: ec }, /"private_key".*not an RSA key/],
    ['a short key', { private_key: short }, /"private_key".*less than 2048 bits/],
    ['a project with a path', { project_id: 'a/../b' }, /"project_id"/],
    ['a project that is a number', { project_id: 7 }, /"project_id"/],
    ['an address that is none', { client_email: 'nobody' }, /"client_email"/],
    ['a key id with a line break', { private_key_id: 'a\nb' }, /"private_key_id"/],
  ] as const) {
    it(`${name}: one line that names the field`, () => {
      const problems = problemsOf({ ...FIELDS, ...change })
      assert.equal(problems.length, 1)
      assert.match(problems[0] ?? '', problem)
    })
  }

  it('all that is missing, one line each', () => {
    const problems = problemsOf({ type: 'service_account' })
    assert.deepEqual(
      problems.map(problem => /^"(\w+)" is missing in the file$/.exec(problem)?.[1]),
      ['project_id', 'client_email', 'private_key_id', 'private_key', 'token_uri'],
    )
  })

  it('sends its assertions to Google and to nobody else', () => {
    for (const uri of [
      'https://oauth2.googleapis.com/token/',
      'https://oauth2.googleapis.com.example.org/token',
      'https://evil.example.org/token',
      'http://oauth2.googleapis.com/token',
      'http://169.254.169.254/token',
      'https://accounts.google.com/o/oauth2/token',
    ]) {
      const [problem = ''] = problemsOf({ ...FIELDS, token_uri: uri })
      assert.match(problem, /"token_uri".*RELAY_FCM_URL/)
    }
  })

  it('with a stand-in for Google to anybody by https, and by http on this machine', () => {
    for (const uri of [
      GOOGLE_TOKEN_URI,
      'https://proxy.example.org:8443/token?x=1',
      'http://127.0.0.1:9000/token',
      'http://localhost/token',
      'http://[::1]:9000/token',
    ])
      assert.deepEqual(problemsOf({ ...FIELDS, token_uri: uri }, true), [], uri)
    for (const uri of [
      'http://proxy.example.org/token',
      'http://127.0.0.1.example.org/token',
      'https://user:secret@proxy.example.org/token',
      'ftp://127.0.0.1/token',
      'token',
      7,
    ])
      assert.match(
        problemsOf({ ...FIELDS, token_uri: uri }, true)[0] ?? '',
        /"token_uri".*https URL/,
        String(uri),
      )
  })

  it('is never repeated in a problem', () => {
    const line = ACCOUNT.privateKey.split('\n')[7] ?? ''
    const texts = fc.constantFrom('Geheim', line, 'https://geheim.example.org', `x${line}`)
    const keys = fc.constantFrom(...Object.keys(FIELDS), 'web')
    fc.assert(
      fc.property(keys, texts, fc.boolean(), (key, text, isAnyHostFine) => {
        const problems = problemsOf({ ...FIELDS, [key]: text }, isAnyHostFine).join('\n')
        assert.ok(!problems.toLowerCase().includes('geheim') && !problems.includes(line))
      }),
    )
  })

  it('has an answer for any file', () => {
    fc.assert(fc.property(fc.string(), text => void parse(text)))
    fc.assert(
      fc.property(fc.jsonValue(), value => void parse({ ...FIELDS, private_key: value, project_id: value })),
    )
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fcm } from '../../../src/providers/fcm/fcm.ts'
import type { FcmConfig } from '../../../src/providers/fcm/fcm-config.ts'
import { GOOGLE_TOKEN_URI } from '../../../src/providers/fcm/service-account.ts'
import { createServerIdentity } from '../../../src/simulator/certificate.ts'
import { serviceAccountFile } from '../../../src/simulator/fcm/service-account.ts'
import { configOf, type Files, problemsOf, type Variables } from '../../config/support.ts'
import { ACCOUNT, TOKEN } from '../../support/fcm-simulator.ts'
import { secretsIn } from '../../support/secrets.ts'

const ON = { RELAY_FCM_SERVICE_ACCOUNT_FILE: 'account.json' }
const FILE = 'RELAY_FCM_SERVICE_ACCOUNT_FILE'
const URL = { RELAY_FCM_URL: 'https://127.0.0.1:8445' }
const files = { 'account.json': serviceAccountFile(ACCOUNT, GOOGLE_TOKEN_URI) }
const elsewhere = { 'account.json': serviceAccountFile(ACCOUNT, 'https://127.0.0.1:8446/token') }

function fcmOf(variables: Variables, given: Files = files): FcmConfig | undefined {
  return configOf(variables, given).providers.get('fcm') as FcmConfig | undefined
}

describe('the configuration of FCM', () => {
  it('is off when nothing is said, or only what .env.example says', () => {
    assert.equal(fcmOf({}), undefined)
    assert.equal(fcmOf({ RELAY_FCM_PAYLOAD: 'notification', [FILE]: '', RELAY_FCM_URL: '' }), undefined)
  })

  it('is on with a service account, at Google', () => {
    const config = fcmOf(ON)
    assert.deepEqual([config?.account.projectId, config?.payload], ['demo-chat', 'notification'])
    assert.deepEqual([config?.url, config?.ca], [undefined, undefined])
    assert.equal(fcmOf({ ...ON, RELAY_FCM_PAYLOAD: 'data' })?.payload, 'data')
  })

  it('may be elsewhere, with an authority that both servers have', async () => {
    const { ca } = await createServerIdentity()
    const config = fcmOf({ ...ON, ...URL, RELAY_FCM_CA_FILE: 'ca.pem' }, { ...elsewhere, 'ca.pem': ca })
    assert.equal(config?.ca, ca)
    assert.equal(config?.url, URL.RELAY_FCM_URL)
    assert.equal(config?.account.tokenUri, 'https://127.0.0.1:8446/token')
  })

  for (const [name, variables, given, problem] of [
    ['no service account', URL, {}, `${FILE}: is missing`],
    ['no file', ON, {}, `${FILE}: the file does not exist`],
    [
      'a file of another type',
      ON,
      { 'account.json': '{"type":"authorized_user"}' },
      `${FILE}: the file is a person's`,
    ],
    [
      'the file of the app',
      ON,
      { 'account.json': '{"project_info":{}}' },
      `${FILE}: the file is google-services`,
    ],
    ['the key in the variable', { [FILE]: ACCOUNT.privateKey }, {}, `${FILE}: the file does not exist`],
    [
      'a token URI that is not Google',
      ON,
      elsewhere,
      `${FILE}: "token_uri" in the file is not https://oauth2.g`,
    ],
    [
      'a plain URL',
      { ...ON, RELAY_FCM_URL: 'http://127.0.0.1' },
      files,
      'RELAY_FCM_URL: must begin with https',
    ],
    ['a URL with a path', { ...ON, RELAY_FCM_URL: 'https://a/v1' }, files, 'RELAY_FCM_URL: must end after'],
    [
      'an authority without URL',
      { ...ON, RELAY_FCM_CA_FILE: 'x' },
      files,
      'RELAY_FCM_CA_FILE: is of no use without',
    ],
    [
      'an authority that is none',
      { ...ON, ...URL, RELAY_FCM_CA_FILE: 'account.json' },
      files,
      'RELAY_FCM_CA_FILE: the file is not',
    ],
    [
      'a payload that is none',
      { ...ON, RELAY_FCM_PAYLOAD: 'both' },
      files,
      'RELAY_FCM_PAYLOAD: must be one of: notification, data',
    ],
  ] as const) {
    it(`${name}: a line that names the variable`, () => {
      const problems = problemsOf(variables, given)
      assert.ok(
        problems.some(line => line.startsWith(problem)),
        problems.join('\n'),
      )
      const line = ACCOUNT.privateKey.split('\n')[7] ?? ''
      assert.ok(!problems.join().includes(line))
    })
  }

  it('shows the project and a hash, never the key', () => {
    const described = fcm.describeConfig(fcmOf(ON))
    assert.match(String(described.serviceAccountFile), /^project demo-chat, signing key #[0-9a-f]{12}$/)
    assert.deepEqual(
      [described.payload, described.url, described.caFile],
      ['notification', "(Google's)", '(not set)'],
    )
  })
})

describe('what may be registered for FCM', () => {
  const provider = () =>
    fcm.create(fcmOf(ON), {
      clock: { now: () => 0, monotonic: () => 0, random: () => 0, after: () => () => {} },
      secrets: secretsIn(),
      report: { unknownReason() {}, connection() {} },
    })
  const check = (request: object) =>
    provider().rules.check({ provider: 'fcm', address: { token: TOKEN }, ...request })

  it('a token of the project, as it is', () => {
    const checked = { ok: true, token: TOKEN, app: 'demo-chat', environment: 'production' }
    assert.deepEqual(check({}), { ...checked, environmentSource: 'default' })
    const said = check({ app: 'demo-chat', environment: 'production' })
    assert.deepEqual(said, { ...checked, environmentSource: 'client' })
    assert.ok(check({ address: { token: 'a'.repeat(4096) } }).ok)
    assert.deepEqual(provider().offer, { apps: ['demo-chat'], environments: ['production'] })
    assert.ok(provider().rules.hasOneOwner)
  })

  for (const [name, request, code] of [
    ['with a space', { address: { token: `${TOKEN} ` } }, 'token'],
    ['with a quote', { address: { token: 'a"b' } }, 'token'],
    ['with a slash', { address: { token: '../x' } }, 'token'],
    ['beyond ASCII', { address: { token: 'tökén' } }, 'token'],
    ['that is empty', { address: { token: '' } }, 'token'],
    ['that is too long', { address: { token: 'a'.repeat(4097) } }, 'token'],
    ['of another project', { app: 'another' }, 'app'],
    ['of a sandbox', { environment: 'sandbox' }, 'environment'],
  ] as const) {
    it(`no token ${name}`, () => {
      const result = check(request)
      assert.deepEqual([result.ok, !result.ok && result.code], [false, code])
    })
  }
})

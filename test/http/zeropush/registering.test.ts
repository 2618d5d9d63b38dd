import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RegistrationRequest } from '../../../src/domain/registration.ts'
import { zeropushRecipient } from '../../../src/domain/zeropush-recipient.ts'
import { tokenFor } from '../../support/jwt.ts'
import { registerPhone } from '../../support/requests.ts'
import { ADMIN_TOKEN, APNS, bearer, HOOK_TOKEN } from '../../support/test-app.ts'
import {
  APP,
  createZeropushApp,
  DEV_APP,
  DEV_SERVER,
  errorOf,
  SERVER,
  tokenOf,
  type ZeropushApp,
} from './support.ts'

const OK = { message: 'ok' }
const TOKEN = tokenOf(1)
const FCM_TOKEN = 'dQw4w9WgXcQ:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx_'

const FCM = {
  rules: {
    hasOneOwner: true,
    check: ({ address }: RegistrationRequest) => {
      const token = String(address.token)
      if (/[^\w:-]/.test(token)) return { ok: false, code: 'token', message: 'not of FCM' } as const
      return {
        ok: true,
        token,
        app: 'project',
        environment: 'production',
        environmentSource: 'default',
      } as const
    },
  },
  offer: { apps: ['project'], environments: ['production'] },
}

async function registrationOf(app: ZeropushApp, token: string) {
  const [registration] = await app.store.registrations(zeropushRecipient(token))
  return registration
}

test('an app registers, sets its badge and unregisters; all of it can be repeated', async t => {
  const app = await createZeropushApp(t)
  const said = { device_token: TOKEN }
  for (const _again of [1, 2]) {
    assert.deepEqual((await app.call('POST', '/register', said, APP)).body, OK)
  }
  const device = async () => (await app.call('GET', `/devices/${TOKEN}`)).body
  const shown = { token: TOKEN, active: true, marked_inactive_at: null, badge: 0, channels: [] }
  assert.deepEqual(await device(), shown)
  for (const [badge, becomes] of [
    [10, 10],
    ['+1', 11],
    ['-3', 8],
    ['0', 0],
    ['-1', 0],
  ]) {
    assert.deepEqual((await app.call('POST', '/set_badge', { ...said, badge }, APP)).body, OK)
    assert.deepEqual(await device(), { ...shown, badge: becomes })
  }
  for (const path of ['/unregister', '/unregister', '/register']) {
    assert.deepEqual((await app.call('DELETE', path, said, APP)).body, OK)
    assert.deepEqual(errorOf(await app.call('GET', `/devices/${TOKEN}`)), [404, 'record not found'])
  }
  assert.equal(await registrationOf(app, TOKEN), undefined)
})

test('as the SDK for iOS calls: JSON also in the body of DELETE, and a token as iOS prints it', async t => {
  const app = await createZeropushApp(t)
  const printed = `<${TOKEN.toUpperCase().match(/.{8}/g)?.join(' ')}>`
  assert.equal((await app.call('POST', '/register', { device_token: printed }, APP)).status, 200)
  assert.equal((await registrationOf(app, TOKEN))?.token, TOKEN)
  const headers = { authorization: `Token token="${APP}"`, 'content-type': 'application/json' }
  const payload = { device_token: TOKEN }
  const removed = await app.raw({ method: 'DELETE', url: '/unregister', headers, payload })
  assert.deepEqual([removed.status, removed.body], [200, OK])
  assert.equal(await registrationOf(app, TOKEN), undefined)
})

test('what is missing, or nobody knows', async t => {
  const app = await createZeropushApp(t)
  for (const said of [{}, { device_token: '' }, { device_token: ' <> ' }, { device_token: ['a'] }]) {
    assert.deepEqual(errorOf(await app.call('POST', '/register', said)), [400, 'parameter error'])
  }
  assert.deepEqual(errorOf(await app.call('DELETE', '/unregister')), [400, 'parameter error'])
  const unknown = { device_token: tokenOf(9), badge: 1 }
  assert.deepEqual(errorOf(await app.call('POST', '/set_badge', unknown)), [404, 'record not found'])
  await app.register([1])
  for (const badge of [undefined, '', 'x', 1.5, '+', 1e9]) {
    const answer = await app.call('POST', '/set_badge', { device_token: TOKEN, badge })
    assert.deepEqual(errorOf(answer), [400, 'parameter error'], String(badge))
  }
})

test("to which provider a token goes: Apple's are hexadecimal, all others are Google's", async t => {
  const both = await createZeropushApp(t, { on: { apns: APNS, fcm: FCM } })
  const providerOf = async (app: ZeropushApp, token: string) => {
    const { status } = await app.call('POST', '/register', { device_token: token })
    return status === 200 ? (await registrationOf(app, token))?.provider : status
  }
  assert.equal(await providerOf(both, TOKEN), 'apns')
  assert.equal(await providerOf(both, `${TOKEN}ab`), 'apns')
  assert.equal(await providerOf(both, FCM_TOKEN), 'fcm')
  assert.equal(await providerOf(both, 'abc'), 'fcm')
  assert.equal(await providerOf(both, 'not!a!token'), 400)
  const google = await createZeropushApp(t, { on: { fcm: FCM } })
  assert.equal(await providerOf(google, FCM_TOKEN), 'fcm')
  const apple = await createZeropushApp(t)
  for (const token of ['abc', TOKEN.slice(1), TOKEN.slice(2), `${TOKEN}a`, FCM_TOKEN]) {
    const answer = await apple.call('POST', '/register', { device_token: token })
    assert.deepEqual(errorOf(answer), [400, 'parameter error'], token)
    assert.ok(!JSON.stringify(answer.body).includes(token))
  }
  const none = await createZeropushApp(t, { on: {} })
  assert.deepEqual(errorOf(await none.call('POST', '/register', { device_token: TOKEN })), [
    412,
    'configuration error',
  ])
})

test("a credential named as the service's says the environment, where that is configured", async t => {
  const app = await createZeropushApp(t)
  const environmentAs = async (as: string) => {
    await app.call('POST', '/register', { device_token: TOKEN }, as)
    const { environment, environmentSource } = (await registrationOf(app, TOKEN)) ?? {}
    return [environment, environmentSource]
  }
  assert.deepEqual(await environmentAs(APP), ['production', 'default'])
  assert.deepEqual(await environmentAs(DEV_APP), ['sandbox', 'client'])
  assert.deepEqual(await environmentAs(SERVER), ['production', 'default'])
  assert.deepEqual(await environmentAs(DEV_SERVER), ['sandbox', 'client'])
  assert.deepEqual(await environmentAs(await tokenFor('bob@localhost')), ['production', 'default'])
  const check = ({ address, environment = 'simulator' }: RegistrationRequest) =>
    environment === 'simulator'
      ? ({
          ok: true,
          token: String(address.token),
          app: 'a',
          environment,
          environmentSource: 'default',
        } as const)
      : ({ ok: false, code: 'environment', message: '' } as const)
  const simulated = await createZeropushApp(t, {
    on: { apns: { ...APNS, rules: { hasOneOwner: true, check } } },
  })
  await simulated.call('POST', '/register', { device_token: TOKEN }, DEV_APP)
  assert.equal((await registrationOf(simulated, TOKEN))?.environment, 'simulator')
})

test("no account's registration is touched, and no account can be such a device", async t => {
  const app = await createZeropushApp(t)
  await registerPhone(app, 'bob@localhost', 'phone1', TOKEN)
  await app.call('POST', '/register', { device_token: TOKEN }, APP)
  await app.call('DELETE', '/unregister', { device_token: TOKEN }, APP)
  assert.equal((await app.store.registrations('bob@localhost'))[0]?.state, 'active')
  await app.call('POST', '/register', { device_token: TOKEN }, APP)
  const recipient = zeropushRecipient(TOKEN)
  const admin = bearer(ADMIN_TOKEN)
  const device = { url: '/v1/devices/zeropush', headers: admin }
  const put = { provider: 'apns', token: tokenOf(2), recipient }
  const attempts = [
    await app.http.inject({ ...device, method: 'PUT', payload: put }),
    await app.http.inject({
      ...device,
      method: 'DELETE',
      url: `/v1/devices/zeropush?recipient=${recipient}`,
    }),
    await app.http.inject({ headers: admin, url: `/v1/devices?recipient=${recipient}` }),
    await app.http.inject({ headers: admin, method: 'DELETE', url: `/v1/recipients/${recipient}` }),
  ]
  for (const { statusCode, body } of attempts) {
    assert.equal(statusCode, 400, body)
    assert.match(body, /RELAY_INVALID_JID/)
  }
  const asJwt = { url: '/v1/devices', headers: bearer(await tokenFor(recipient)) }
  assert.equal((await app.http.inject(asJwt)).statusCode, 401)
  const message = { to: recipient, from: 'alice@localhost', body: 'x' }
  const posted = {
    method: 'POST',
    url: '/v1/messages',
    headers: bearer(HOOK_TOKEN),
    payload: message,
  } as const
  assert.equal((await app.http.inject(posted)).statusCode, 400)
  assert.equal((await registrationOf(app, TOKEN))?.state, 'active')
  await app.call('POST', '/notify', { device_tokens: [TOKEN], alert: 'x' })
  const traced = await app.http.inject({ headers: admin, url: `/v1/messages?recipient=${recipient}` })
  assert.equal(traced.json().messages.length, 1, 'an operator may ask what became of its messages')
})

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { OTHER_KEY, tokenFor } from '../../support/jwt.ts'
import { ADMIN_TOKEN, bearer, createTestApp, HOOK_TOKEN } from '../../support/test-app.ts'
import {
  APP,
  asToken,
  createZeropushApp,
  errorOf,
  OLD_SERVER,
  SERVER,
  tokenOf,
  type ZeropushApp,
} from './support.ts'

const VERIFY = '/verify_credentials'
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

test('off unless server tokens are set: then there is no such route', async t => {
  const app = await createTestApp(t)
  for (const [method, path] of [
    ['GET', VERIFY],
    ['POST', '/notify'],
    ['POST', '/broadcast/'],
  ] as const) {
    const response = await app.http.inject({ method, url: `/zeropush${path}`, headers: asToken(SERVER) })
    assert.deepEqual([response.statusCode, response.json().code], [404, 'RELAY_NOT_FOUND'])
  }
  const yaml = await app.http.inject('/openapi.yaml')
  assert.ok(!yaml.body.includes('/zeropush/'))
})

test('where clients put their token: header, query, or body; quoted or not, any server token', async t => {
  const app = await createZeropushApp(t)
  const places: Parameters<ZeropushApp['raw']>[0][] = [
    ...[
      `Token token="${SERVER}"`,
      `Token token=${SERVER}`,
      `token token="${SERVER}", nonce="x"`,
      `Token ${SERVER}`,
      `Bearer ${SERVER}`,
      `Token token="${OLD_SERVER}"`,
    ].map(authorization => ({ url: VERIFY, headers: { authorization } })),
    { url: `${VERIFY}?auth_token=${SERVER}` },
    { url: `${VERIFY}?auth_token=${SERVER}`, headers: asToken(SERVER) },
    // The client for PHP sends a body with every method.
    { url: VERIFY, method: 'GET', headers: FORM, payload: `auth_token=${SERVER}` },
  ]
  for (const place of places) {
    assert.deepEqual((await app.raw(place)).body, {
      message: 'authenticated',
      auth_token_type: 'server_token',
    })
  }
  const inBody = [
    { headers: FORM, payload: `alert=x&auth_token=${SERVER}` },
    { headers: { 'content-type': 'application/json' }, payload: `{"alert":"x","auth_token":"${SERVER}"}` },
    { payload: `auth_token=${SERVER}&alert=x` },
  ]
  for (const said of inBody) {
    const { status, body } = await app.raw({ method: 'POST', url: '/broadcast', ...said })
    assert.deepEqual([status, body], [200, { sent_count: 0 }])
  }
})

test('a GET with a body that is too long, or of unknown length, is answered, and not read', async t => {
  const app = await createZeropushApp(t)
  const url = await app.http.listen({ host: '127.0.0.1', port: 0 })
  const { port } = new URL(url)
  const bodies = [
    [`content-length: ${2 ** 21}`, `auth_token=${SERVER}`],
    ['transfer-encoding: chunked', 'b\r\nauth_token=\r\n'],
  ]
  for (const [framing, body] of bodies) {
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(`GET /zeropush${VERIFY} HTTP/1.1\r\nhost: x\r\n${framing}\r\n\r\n${body}`)
    let answer = ''
    for await (const chunk of socket) answer += chunk
    assert.match(answer, /^HTTP\/1\.1 413 /)
    assert.match(answer, /parameter error/)
  }
})

test('no token, a wrong one, one of another API, or two that differ: 401, and always the same', async t => {
  const app = await createZeropushApp(t)
  const broken: Parameters<ZeropushApp['raw']>[0][] = [
    { url: VERIFY },
    { url: VERIFY, headers: asToken('server_token_of_nobod') },
    { url: VERIFY, headers: asToken('') },
    { url: VERIFY, headers: bearer(HOOK_TOKEN) },
    { url: VERIFY, headers: bearer(ADMIN_TOKEN) },
    { url: VERIFY, headers: { authorization: 'Basic c2VydmVy' } },
    { url: VERIFY, headers: { authorization: 'Token' } },
    { url: `${VERIFY}?auth_token=` },
    { url: `${VERIFY}?auth_token=${OLD_SERVER}`, headers: asToken(SERVER) },
    { url: `${VERIFY}?auth_token=${SERVER}&auth_token=${OLD_SERVER}` },
    { url: `${VERIFY}?auth_token[]=${SERVER}&auth_token[]=${APP}` },
    { url: VERIFY, headers: asToken(SERVER), payload: `auth_token=${APP}` },
    { url: VERIFY, headers: asToken(await tokenFor('bob@localhost', {}, { key: OTHER_KEY })) },
  ]
  const bodies = new Set<string>()
  for (const said of broken) {
    const answer = await app.raw(said)
    assert.deepEqual(errorOf(answer), [401, 'authorization error'], JSON.stringify(said))
    assert.equal(answer.headers['www-authenticate'], 'Token')
    bodies.add(JSON.stringify(answer.body))
  }
  assert.equal(bodies.size, 1)
})

test('a token of this API opens no other', async t => {
  const app = await createZeropushApp(t)
  for (const url of ['/v1/messages', '/v1/devices', '/metrics']) {
    assert.equal((await app.http.inject({ url, headers: bearer(SERVER) })).statusCode, 401, url)
  }
  const removed = { method: 'DELETE', url: '/v1/recipients/bob@localhost' } as const
  assert.equal((await app.http.inject({ ...removed, headers: bearer(SERVER) })).statusCode, 401)
})

const CALLS = [
  ['GET', '/verify_credentials', {}],
  ['POST', '/register', { device_token: tokenOf(1) }],
  ['POST', '/set_badge', { device_token: tokenOf(1), badge: 3 }],
  ['GET', `/devices/${tokenOf(1)}`, {}],
  ['POST', '/subscribe', { device_token: tokenOf(1), channel: 'bob' }],
  ['POST', '/subscribe/bob', { device_token: tokenOf(1) }],
  ['DELETE', '/subscribe', { device_token: tokenOf(1), channel: 'bob' }],
  ['DELETE', '/subscribe/bob', { device_token: tokenOf(1) }],
  ['PUT', `/devices/${tokenOf(1)}`, { channel_list: 'bob' }],
  ['PATCH', `/devices/${tokenOf(1)}`, { channel_list: 'bob' }],
  ['POST', '/notify', { device_tokens: [tokenOf(1)], alert: 'x' }],
  ['POST', '/broadcast', { alert: 'x' }],
  ['POST', '/broadcast/bob', { alert: 'x' }],
  ['GET', '/devices', {}],
  ['GET', '/channels', {}],
  ['GET', '/channels/bob', {}],
  ['GET', '/inactive_tokens', {}],
  ['DELETE', '/channels/bob', {}],
  ['DELETE', '/register', { device_token: tokenOf(1) }],
  ['DELETE', '/unregister', { device_token: tokenOf(1) }],
] as const

const FOR_APPS = ['/verify_credentials', '/register', '/set_badge', '/unregister']
const FOR_ACCOUNTS = [...FOR_APPS, '/subscribe', '/subscribe/bob', `/devices/${tokenOf(1)}`]

for (const [role, allowed] of [
  ['server', undefined],
  ['app', FOR_APPS],
  ['account', FOR_ACCOUNTS],
] as const) {
  test(`what a token of kind ${role} may call`, async t => {
    const app = await createZeropushApp(t)
    const as = { server: SERVER, app: APP, account: await tokenFor('bob@localhost') }[role]
    await app.register([1], 'bob')
    for (const [method, path, said] of CALLS) {
      const answer = await app.call(method, path, said, as)
      const isAllowed = allowed?.includes(path) ?? true
      if (isAllowed) assert.equal(answer.status, 200, `${method} ${path} ${JSON.stringify(answer.body)}`)
      else assert.deepEqual(errorOf(answer), [403, 'authorization error'], `${method} ${path}`)
      // What the server's calls take away.
      await app.register([1], 'bob')
    }
  })
}

test('failed calls are counted per address; good ones pass beside them', async t => {
  const app = await createZeropushApp(t)
  const wrong = () => app.raw({ url: VERIFY, headers: asToken('wrong'), remoteAddress: '192.0.2.1' })
  const statuses: number[] = []
  for (let count = 0; count < 31; count++) statuses.push((await wrong()).status)
  assert.deepEqual(statuses, [...Array(30).fill(401), 429])
  const limited = await wrong()
  assert.deepEqual(errorOf(limited), [429, 'quota error'])
  assert.ok(Number(limited.headers['retry-after']) >= 1)
  const good = await app.raw({ url: VERIFY, headers: asToken(SERVER), remoteAddress: '192.0.2.1' })
  assert.equal(good.status, 200)
})

test('app tokens are limited per address, server tokens never', async t => {
  const app = await createZeropushApp(t)
  const call = (as: string, remoteAddress = '192.0.2.1') =>
    app.raw({ url: VERIFY, headers: asToken(as), remoteAddress })
  const statuses = new Map<number, number>()
  for (let count = 0; count < 310; count++) {
    const { status } = await call(APP)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  assert.deepEqual(Object.fromEntries(statuses), { 200: 300, 429: 10 })
  assert.equal((await call(APP, '192.0.2.2')).status, 200)
  for (let count = 0; count < 310; count++) assert.equal((await call(SERVER)).status, 200)
})

test('account calls are limited per account', async t => {
  const app = await createZeropushApp(t)
  const bob = await tokenFor('bob@localhost')
  const statuses: number[] = []
  for (let count = 0; count < 61; count++) statuses.push((await app.call('GET', VERIFY, {}, bob)).status)
  assert.deepEqual(statuses, [...Array(60).fill(200), 429])
  assert.equal((await app.call('GET', VERIFY, {}, await tokenFor('carol@localhost'))).status, 200)
})

test('no log line holds a token of either kind, wherever it stood', async t => {
  const app = await createZeropushApp(t)
  await app.register([1], 'secret-channel')
  await app.raw({ url: `${VERIFY}?auth_token=${SERVER}` })
  await app.raw({ url: `${VERIFY}?auth_token=${SERVER}x` })
  await app.call('POST', '/notify', { device_tokens: [tokenOf(1), tokenOf(2)], alert: 'secret text' })
  await app.call('POST', '/notify', { device_tokens: 'x', badge: 'secret badge' })
  const log = app.log.text()
  assert.ok(app.log.lines().length > 3)
  for (const secret of [SERVER, tokenOf(1), tokenOf(2), 'secret'])
    assert.ok(!log.includes(secret), `the log holds ${secret}`)
})

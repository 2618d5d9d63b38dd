import assert from 'node:assert/strict'
import { test } from 'node:test'
import { envelopeOf, toTableError } from '../../src/http/envelope.ts'
import { errors } from '../../src/http/errors.ts'
import { HANDLER_TIMEOUT_MS } from '../../src/http/fastify-options.ts'
import { StoreUnavailableError } from '../../src/store/store-unavailable.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { registerPhone } from '../support/requests.ts'
import { ADMIN_TOKEN, bearer, createTestApp, HOOK_TOKEN } from '../support/test-app.ts'

const message = { to: 'bob@localhost', from: 'alice@localhost', body: 'hi' }
const post = { method: 'POST', url: '/v1/messages', headers: bearer(HOOK_TOKEN), payload: message } as const

test('every error of the table has a code, a status and a text of its own', () => {
  const all = Object.values(errors).map(TableError => new TableError('x'))
  const codes = all.map(({ code }) => code)
  assert.equal(new Set(codes).size, codes.length)
  for (const { code, statusCode = 0, message: text } of all) {
    assert.match(code, /^RELAY_[A-Z_]+$/)
    assert.ok(statusCode >= 400 && statusCode < 600)
    assert.ok(text.length > 0)
  }
})

test('unknown routes and methods have the same envelope', async t => {
  const app = await createTestApp(t)
  const calls = [
    { method: 'GET', url: '/' },
    { method: 'GET', url: '/v1' },
    { method: 'GET', url: '/v2/messages' },
    { method: 'DELETE', url: '/v1/messages' },
    { method: 'PATCH', url: '/v1/devices/phone1' },
    { method: 'POST', url: '/v1/hooks' },
    { method: 'POST', url: '/V1/MESSAGES' },
  ] as const
  for (const { method, url } of calls) {
    const response = await app.http.inject({ method, url })
    assert.equal(response.statusCode, 404, url)
    assert.deepEqual(response.json(), envelopeOf(new errors.notFound()))
  }
})

test('a URL that cannot be read is 400, one that is too long 414, and neither is repeated', async t => {
  const app = await createTestApp(t)
  const broken = await app.http.inject({ url: '/v1/devices/%zz-secret', method: 'PUT' })
  assert.deepEqual([broken.statusCode, broken.json().code], [400, 'RELAY_MALFORMED_URL'])
  const long = await app.http.inject({ url: `/v1/devices/${'secret'.repeat(2000)}`, method: 'PUT' })
  assert.deepEqual([long.statusCode, long.json().code], [414, 'RELAY_URI_TOO_LONG'])
  for (const { body } of [broken, long]) assert.doesNotMatch(body, /secret/)
})

test('a store that cannot commit is 503 with Retry-After, and nothing is claimed', async t => {
  const app = await createTestApp(t)
  await registerPhone(app, 'bob@localhost')
  const unavailable = () => Promise.reject(new StoreUnavailableError('disk-full'))
  Object.assign(app.store, {
    accept: unavailable,
    register: unavailable,
    removeDevice: unavailable,
    requeue: unavailable,
  })
  const admin = bearer(ADMIN_TOKEN)
  const device = '/v1/devices/phone1?recipient=bob@localhost'
  const payload = { provider: 'apns', token: 'ab'.repeat(32) }
  const id = '0199b2f0-6c1e-7c3a-9a53-2f8f1f0f5a11'
  const answers = [
    await app.http.inject(post),
    await app.http.inject({ ...post, payload: [message, message] }),
    await app.http.inject({ method: 'PUT', url: device, headers: admin, payload }),
    await app.http.inject({ method: 'DELETE', url: device, headers: admin }),
    await app.http.inject({ method: 'POST', url: `/v1/messages/${id}/requeue`, headers: admin }),
  ]
  for (const response of answers) {
    assert.deepEqual([response.statusCode, response.json().code], [503, 'RELAY_UNAVAILABLE'])
    // Below 100 s Erlang's httpc repeats the request by itself and holds its caller meanwhile.
    assert.ok(Number(response.headers['retry-after']) >= 100)
  }
  assert.equal(app.handedOff.length, 0)
})

test('on a disk that is full the store itself refuses: 503, nothing is accepted, and health says why', async t => {
  const app = await createTestApp(t, { freeBytes: async () => 1024 })
  const answers = [
    await app.http.inject(post),
    await app.http.inject({ ...post, payload: [message, message] }),
  ]
  for (const response of answers) {
    assert.deepEqual([response.statusCode, response.json().code], [503, 'RELAY_UNAVAILABLE'])
    assert.ok(Number(response.headers['retry-after']) > 0)
  }
  assert.deepEqual(app.handedOff, [])
  assert.deepEqual(await app.store.messages({ limit: 1 }), [])
  const health = await app.http.inject({ url: '/health', headers: bearer(ADMIN_TOKEN) })
  assert.equal(health.statusCode, 503)
  assert.match(health.body, /disk-full/)
})

test('while it stops, nothing is accepted and connections end', async t => {
  const app = await createTestApp(t)
  app.isStopping = true
  const response = await app.http.inject(post)
  assert.deepEqual([response.statusCode, response.json().code], [503, 'RELAY_STOPPING'])
  assert.ok(Number(response.headers['retry-after']) > 0)
  assert.equal(response.headers.connection, 'close')
  assert.deepEqual(await app.store.messages({ limit: 1 }), [])
})

test('a bug says nothing to the caller, and only its place to the log', async t => {
  const app = await createTestApp(t, {
    acceptOfflineMessages: async () => {
      throw new TypeError('cannot read "the secret text"')
    },
  })
  const response = await app.http.inject(post)
  assert.equal(response.statusCode, 500)
  assert.deepEqual(response.json(), envelopeOf(new errors.internal()))
  const [line] = app.log.lines().filter(({ level }) => level === 50)
  const logged = line?.error as { name: string; frames: string[] }
  assert.equal(logged.name, 'TypeError')
  assert.ok(logged.frames.some(frame => frame.includes('errors.test.ts')))
  assert.doesNotMatch(app.log.text(), /secret text/)
})

test('a commit that does not finish is 503 in time for the sender, and its deadline leaves nothing behind', async t => {
  const clock = new FakeClock(Date.now())
  const entered = Promise.withResolvers<void>()
  const app = await createTestApp(t, {
    clock,
    acceptOfflineMessages: () => {
      entered.resolve()
      return new Promise<never>(() => {})
    },
  })
  const answer = app.http.inject(post)
  await entered.promise
  clock.advance(10_000)
  const response = await answer
  assert.deepEqual([response.statusCode, response.json().code], [503, 'RELAY_TIMEOUT'])
  assert.equal(clock.pendingTimers(), 0)
})

test('a handler that does not finish is 503', async t => {
  const unlimited = new Set<string>()
  await createTestApp(t, {
    prepare: http =>
      http.addHook('onResponse', async request => {
        const { handlerTimeout, url } = request.routeOptions as { handlerTimeout?: number; url?: string }
        if (handlerTimeout !== HANDLER_TIMEOUT_MS) unlimited.add(url ?? '')
      }),
  }).then(async ({ http }) => {
    for (const url of ['/health', '/metrics', '/v1/devices', '/v1/messages/x', '/v1/recipients/x'])
      await http.inject({ url })
    await http.inject({ method: 'DELETE', url: '/v1/recipients/x' })
  })
  assert.deepEqual(
    [...unlimited].filter(url => url !== ''),
    [],
  )
  assert.equal(
    toTableError(Object.assign(new Error(), { code: 'FST_ERR_HANDLER_TIMEOUT' })).code,
    'RELAY_TIMEOUT',
  )
})

test('whatever is thrown becomes an error of the table', () => {
  const code = (thrown: unknown) => toTableError(thrown).code
  assert.equal(code('text'), 'RELAY_INTERNAL')
  assert.equal(code(undefined), 'RELAY_INTERNAL')
  assert.equal(code(new Error('x')), 'RELAY_INTERNAL')
  assert.equal(code(Object.assign(new Error('x'), { statusCode: 400 })), 'RELAY_BAD_REQUEST')
  assert.equal(code(Object.assign(new Error('x'), { statusCode: 502 })), 'RELAY_INTERNAL')
  assert.equal(code(new errors.expired()), 'RELAY_EXPIRED')
})

test('answers that a browser may show carry security headers, refusals too; those for machines do not', async t => {
  const { http } = await createTestApp(t)
  for (const url of ['/health', '/metrics', '/v1/devices', '/nowhere']) {
    const { headers } = await http.inject(url)
    assert.equal(headers['x-content-type-options'], 'nosniff', url)
    assert.equal(headers['content-security-policy'], "default-src 'none';frame-ancestors 'none'", url)
    assert.equal(headers['x-frame-options'], 'SAMEORIGIN', url)
    // Whether its name is to be reached by TLS only is the proxy's to say.
    assert.equal(headers['strict-transport-security'], undefined, url)
  }
  for (const url of ['/v1/messages', '/v1/hooks/mod_interact']) {
    const { headers } = await http.inject({ method: 'POST', url })
    assert.equal(headers['content-security-policy'], undefined, url)
  }
  const docs = await http.inject('/docs/static/index.html')
  assert.match(String(docs.headers['content-security-policy']), /default-src 'self'/)
})

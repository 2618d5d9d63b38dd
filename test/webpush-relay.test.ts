import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { generateVapidKeys } from '../src/providers/webpush/vapid-keys.ts'
import { startWebPushSimulator } from '../src/simulator/webpush/webpush-simulator.ts'
import { ADMIN_TOKEN, HOOK_TOKEN, RelayProcess } from './support/relay-process.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

const PAGE = 'https://chat.example.org'
const JSON_TYPE = { 'content-type': 'application/json' }
const admin = { authorization: `Bearer ${ADMIN_TOKEN}`, ...JSON_TYPE }

async function startStand(t: TestContext, isListed: boolean) {
  const simulator = await startWebPushSimulator()
  t.after(() => simulator.close())
  const caFile = join(temporaryDirectory(t), 'ca.pem')
  writeFileSync(caFile, simulator.ca)
  const keys = generateVapidKeys()
  const relay = await RelayProcess.start({
    RELAY_LOG_LEVEL: 'trace',
    RELAY_CORS_ORIGINS: PAGE,
    RELAY_WEBPUSH_PUBLIC_KEY: keys.publicKey,
    RELAY_WEBPUSH_PRIVATE_KEY: keys.privateKey,
    RELAY_WEBPUSH_SUBJECT: 'mailto:admin@example.org',
    ...(isListed ? { RELAY_WEBPUSH_ALLOWED_ORIGINS: simulator.url, RELAY_WEBPUSH_CA_FILE: caFile } : {}),
  })
  t.after(() => relay.close())
  const call = async (method: string, path: string, body?: object, headers: object = admin) => {
    const text = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(relay.url + path, { method, headers: { ...headers }, ...text })
    return { status: response.status, headers: response.headers, body: (await response.json()) as Answer }
  }
  const register = (subscription: object, changes: object = {}) =>
    call('PUT', '/v1/devices/browser1', {
      recipient: 'bob@localhost',
      provider: 'webpush',
      ...subscription,
      ...changes,
    })
  const test = () => call('POST', '/v1/devices/browser1/test?recipient=bob@localhost')
  return { simulator, relay, keys, call, register, test }
}

interface Answer {
  providers: { provider: string; apps: string[]; vapidPublicKey?: string }[]
  results: { id: string; status: string }[]
  state: string
  deliveries: { provider: string; app: string; state: string }[]
  code: string
  message: string
  outcome: string
  status?: number
  reason?: string
  tokenHash: string
}

describe('a browser that registers with the relay', () => {
  it('finds the key, registers from its own page, and gets its messages', async t => {
    const { simulator, keys, call, register } = await startStand(t, true)
    const { headers, body } = await call('GET', '/v1/providers', undefined, { origin: PAGE })
    assert.equal(headers.get('access-control-allow-origin'), PAGE)
    const offer = body.providers.find(({ provider }) => provider === 'webpush')
    assert.equal(offer?.vapidPublicKey, keys.publicKey)

    const subscription = simulator.subscribe({ kind: 'apple', applicationServerKey: keys.publicKey })
    const registered = await register(subscription, { app: offer?.apps[0] })
    assert.equal(registered.status, 201)
    assert.equal((await register(subscription)).status, 200)

    const message = { to: 'bob@localhost', from: 'anna@localhost', body: 'Hi Bob' }
    const hook = { authorization: `Bearer ${HOOK_TOKEN}`, ...JSON_TYPE }
    const posted = await call('POST', '/v1/messages', [message], hook)
    await simulator.until(() => simulator.browser(subscription).messages.length === 1)
    const [received] = simulator.browser(subscription).messages
    assert.equal(JSON.parse(received?.text ?? '').body, 'Hi Bob')
    let trace = await call('GET', `/v1/messages/${posted.body.results[0]?.id}`)
    while (trace.body.state === 'pending')
      trace = await call('GET', `/v1/messages/${posted.body.results[0]?.id}`)
    assert.deepEqual([trace.body.state, trace.body.deliveries[0]?.app], ['accepted', offer?.apps[0]])
  })

  it('leaves no endpoint, key or text in a log line or an answer', async t => {
    const { simulator, relay, keys, register, test } = await startStand(t, true)
    const subscription = simulator.subscribe()
    const shown = [JSON.stringify((await register(subscription)).body)]
    simulator.unsubscribe(subscription)
    shown.push(JSON.stringify((await test()).body))
    assert.match(shown[1] ?? '', /"outcome":"unregistered"/)
    simulator.dropConnections()
    await relay.kill('SIGTERM')
    const secrets = [
      new URL(subscription.endpoint).pathname,
      ...Object.values(subscription.keys),
      keys.privateKey,
      'Push notifications reach this device',
    ]
    for (const secret of secrets) assert.ok(![relay.output, ...shown].join('\n').includes(secret), secret)
  })
})

describe('a client that wants the relay to ask somebody else', () => {
  it('is refused this machine and its network, and told nothing about them', async t => {
    const { simulator, register } = await startStand(t, false)
    const subscription = simulator.subscribe()
    for (const origin of [
      ...[simulator.url, `https://localhost:${simulator.port}`, `https://2130706433:${simulator.port}`],
      ...['https://169.254.169.254', 'https://[::ffff:7f00:1]', 'https://10.0.0.1', 'https://router.local'],
    ]) {
      const { status, body } = await register(subscription, { endpoint: `${origin}/push` })
      assert.deepEqual(
        [status, body.code, body.message],
        [400, 'RELAY_INVALID_TOKEN', 'the endpoint must be at a public address'],
      )
    }
    assert.equal(simulator.stats().connections.total, 0)
  })

  it('learns of a name that leads nowhere only that it cannot be reached', async t => {
    const { simulator, register, test } = await startStand(t, false)
    const endpoint = `https://does-not-exist.example.org:${simulator.port}/push`
    assert.equal((await register(simulator.subscribe(), { endpoint })).status, 201)
    const { body } = await test()
    assert.deepEqual([body.outcome, body.status, body.reason], ['unsent', undefined, 'unreachable'])
  })

  it('hears at once of a shape that is wrong', async t => {
    const { simulator, register } = await startStand(t, false)
    const subscription = simulator.subscribe()
    const endpoint = 'https://push.example.org/a'
    const wrong = [
      { endpoint: undefined },
      { endpoint, keys: undefined },
      { endpoint, keys: { p256dh: subscription.keys.p256dh } },
      { endpoint, keys: { ...subscription.keys, more: 'x' } },
      { endpoint, token: 'abc' },
      { endpoint: 5 },
      { endpoint: 'a'.repeat(3000) },
    ]
    for (const changes of wrong) {
      const { status, body } = await register(subscription, changes)
      assert.deepEqual([status, body.code], [400, 'RELAY_INVALID_REQUEST'], JSON.stringify(changes))
    }
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { publicHealth, type RelayHealth, stateOf } from '../../src/http/health-view.ts'
import { StoreUnavailableError } from '../../src/store/store-unavailable.ts'
import { ADMIN_TOKEN, bearer, createTestApp, HOOK_TOKEN, type TestApp } from '../support/test-app.ts'

const since = Date.UTC(2026, 0, 31, 12)
const pause = (kind: 'unsent' | 'deferred' | 'blocked') => ({
  scope: 'apns/k/production',
  kind,
  reason: 'why',
  since,
})

function health(app: TestApp, headers: object = {}) {
  return app.http.inject({ url: '/health', headers: { ...headers } })
}

test('a provider is as well as the worst of its scopes', () => {
  const state = (connection: 'idle' | 'ready' | 'down', ...kinds: Parameters<typeof pause>[0][]) =>
    stateOf({ connection, simulated: false, scopes: kinds.map(pause) })
  assert.equal(state('idle'), 'idle')
  assert.equal(state('ready'), 'ready')
  assert.equal(state('down'), 'down')
  assert.equal(state('ready', 'unsent'), 'down')
  assert.equal(state('ready', 'unsent', 'deferred'), 'paused')
  assert.equal(state('ready', 'unsent', 'deferred', 'blocked'), 'blocked')
  const minor = [{ ...pause('blocked'), isMinor: true }, pause('unsent')]
  assert.equal(stateOf({ connection: 'ready', simulated: false, scopes: minor }), 'down')
  assert.equal(stateOf({ connection: 'ready', simulated: false, scopes: minor.slice(0, 1) }), 'ready')
})

test('idle is ok, waiting is degraded, and down is only what accepts nothing', () => {
  const relay = (scopes: ReturnType<typeof pause>[], waves: RelayHealth['waves'] = []): RelayHealth => ({
    providers: new Map([['apns', { connection: 'idle', simulated: false, scopes }]]),
    waves,
  })
  const wave = { provider: 'apns', topic: 'com.example.chat', misaddressed: 12, recipients: 40 }
  const status = (input: Partial<Parameters<typeof publicHealth>[0]>) =>
    publicHealth({ relay: relay([]), store: { writable: true }, isStopping: false, version: '1', ...input })
      .status
  assert.equal(status({}), 'ok')
  assert.equal(status({ relay: relay([pause('deferred')]) }), 'degraded')
  assert.equal(status({ relay: relay([pause('blocked')]) }), 'degraded')
  assert.equal(status({ relay: relay([], [wave]) }), 'degraded')
  assert.equal(status({ store: { writable: false, reason: 'disk-full' } }), 'down')
  assert.equal(status({ isStopping: true }), 'down')
  assert.equal(status({ relay: { providers: new Map(), waves: [] } }), 'ok')
})

test('anybody may know whether it works, and no more', async t => {
  const app = await createTestApp(t)
  app.health = {
    providers: new Map([['apns', { connection: 'ready', simulated: true, scopes: [pause('blocked')] }]]),
    waves: [],
  }
  const expected = {
    status: 'degraded',
    version: '0.0.0-test',
    providers: { apns: { state: 'blocked', simulated: true } },
  }
  for (const headers of [{}, bearer(HOOK_TOKEN)]) {
    const response = await health(app, headers)
    assert.equal(response.statusCode, 200)
    assert.deepEqual(response.json(), expected)
  }
})

test('a monitor with an old token sees what anybody may; it is counted as a failure, and reported', async t => {
  const app = await createTestApp(t)
  const refused: object[] = []
  app.events.on('request.refused', event => refused.push(event))
  const open = await health(app)
  for (let call = 0; call < 40; call++) {
    const response = await health(app, bearer('old'))
    assert.deepEqual([response.statusCode, response.body], [200, open.body])
    assert.equal(response.headers['retry-after'], undefined)
  }
  const event = { route: 'GET /health', code: 'RELAY_UNAUTHENTICATED', cause: 'unknown-token' }
  assert.deepEqual(refused.slice(0, 30), Array(30).fill(event))
  assert.equal((await app.http.inject({ url: '/v1/messages', headers: bearer('old') })).statusCode, 429)
  assert.ok('outbox' in (await health(app, bearer(ADMIN_TOKEN))).json())
})

test('an admin hears why', async t => {
  const app = await createTestApp(t)
  const wave = { provider: 'apns', topic: 'com.example.chat', misaddressed: 12, recipients: 40 }
  app.health = {
    providers: new Map([['apns', { connection: 'ready', simulated: false, scopes: [pause('deferred')] }]]),
    waves: [wave],
  }
  const { uptimeSeconds, ...rest } = (await health(app, bearer(ADMIN_TOKEN))).json()
  assert.ok(Number.isInteger(uptimeSeconds))
  assert.deepEqual(rest, {
    status: 'degraded',
    version: '0.0.0-test',
    role: 'all',
    providers: {
      apns: {
        state: 'paused',
        scopes: [
          { scope: 'apns/k/production', kind: 'deferred', reason: 'why', since: '2026-01-31T12:00:00.000Z' },
        ],
      },
    },
    store: { writable: true },
    outbox: { pending: 0, oldestSeconds: 0 },
    warnings: [{ kind: 'misaddressed-wave', ...wave }],
  })
})

test('a store that cannot be written is 503, and its reason is for the admin', async t => {
  const app = await createTestApp(t, {
    store: {
      health: () => ({ writable: false, reason: 'disk-full' }),
      outbox: async () => {
        throw new StoreUnavailableError('disk-full')
      },
    },
  })
  const shown = await health(app)
  assert.equal(shown.statusCode, 503)
  assert.equal(shown.json().status, 'down')
  assert.doesNotMatch(shown.body, /disk-full/)
  const detailed = await health(app, bearer(ADMIN_TOKEN))
  assert.equal(detailed.statusCode, 503)
  assert.deepEqual(detailed.json().store, { writable: false, reason: 'disk-full' })
})

test('while it stops, health says down and live says alive', async t => {
  const app = await createTestApp(t)
  app.isStopping = true
  const response = await health(app)
  assert.deepEqual([response.statusCode, response.json().status], [503, 'down'])
  const live = await app.http.inject('/health/live')
  assert.deepEqual([live.statusCode, live.json()], [200, { status: 'ok' }])
})

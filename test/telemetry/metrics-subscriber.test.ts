import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEvents } from '../../src/telemetry/events.ts'
import { createMetrics, type MetricsSources } from '../../src/telemetry/metrics-subscriber.ts'
import { FakeClock } from '../support/fake-clock.ts'

function setUp(outbox: MetricsSources['store']['outbox'] = async () => ({ pending: 0 })) {
  const clock = new FakeClock()
  const events = createEvents()
  const metrics = createMetrics(events, { store: { outbox }, inMemory: () => 7, clock, providers: ['apns'] })
  /** The value of a series, written as Prometheus does. */
  const value = async (series: string) => {
    const line = (await metrics.text()).split('\n').find(text => text.startsWith(`${series} `))
    return line === undefined ? undefined : Number(line.slice(series.length + 1))
  }
  return { clock, events, metrics, value }
}

const accepted = { messageId: 'm1', durationMs: 3, leased: true }

test('messages are counted by what became of them', async () => {
  const { events, value } = setUp()
  events.emit('message.accepted', { ...accepted, status: 'queued' })
  events.emit('message.accepted', { ...accepted, status: 'queued' })
  events.emit('message.accepted', { ...accepted, status: 'duplicate' })
  events.emit('message.accepted', { ...accepted, status: 'ignored', reason: 'empty-body' })
  events.emit('message.settled', { messageId: 'm1', state: 'accepted' })
  assert.equal(await value('relay_messages_accepted_total'), 2)
  assert.equal(await value('relay_messages_duplicate_total'), 1)
  assert.equal(await value('relay_messages_ignored_total{reason="empty-body"}'), 1)
  assert.equal(await value('relay_messages_settled_total{state="accepted"}'), 1)
  assert.equal(await value('relay_accept_duration_seconds_bucket{le="0.0025"}'), 0)
  assert.equal(await value('relay_accept_duration_seconds_bucket{le="0.005"}'), 4)
  assert.equal(await value('relay_accept_duration_seconds_sum'), 0.012)
})

test('attempts are counted by provider and outcome, and timed', async () => {
  const { events, value } = setUp()
  const event = { messageId: 'm1', deliveryId: 'd1', provider: 'apns', app: 'a', state: 'pending' } as const
  const attempt = { number: 1, at: 0, durationMs: 40, environment: 'production' }
  events.emit('attempt.finished', { ...event, attempt: { ...attempt, outcome: 'accepted' } })
  events.emit('attempt.finished', { ...event, attempt: { ...attempt, outcome: 'failed' } })
  assert.equal(await value('relay_attempts_total{provider="apns",outcome="accepted"}'), 1)
  assert.equal(await value('relay_attempts_total{provider="apns",outcome="failed"}'), 1)
  assert.equal(await value('relay_attempt_duration_seconds_count{provider="apns"}'), 2)
})

test('refusals are counted by route and code; wrong credentials have their series before the first', async () => {
  const { events, value } = setUp()
  const series = (route: string, code: string) =>
    `relay_requests_refused_total{route="${route}",code="${code}"}`
  events.emit('routes.opened', { routes: ['POST /v1/messages', 'GET /metrics'] })
  assert.equal(await value(series('POST /v1/messages', 'RELAY_UNAUTHENTICATED')), 0)
  assert.equal(await value(series('GET /metrics', 'RELAY_TOO_MANY_REQUESTS')), 0)
  events.emit('request.refused', {
    route: 'GET /metrics',
    code: 'RELAY_UNAUTHENTICATED',
    cause: 'no-credential',
  })
  events.emit('request.refused', { route: '(none)', code: 'RELAY_NOT_FOUND' })
  assert.equal(await value(series('GET /metrics', 'RELAY_UNAUTHENTICATED')), 1)
  assert.equal(await value(series('(none)', 'RELAY_NOT_FOUND')), 1)
})

test('every series exists before its first event, so that alerts see the first one', async () => {
  const { value } = setUp()
  for (const series of [
    'relay_messages_ignored_total{reason="no-device"}',
    'relay_messages_settled_total{state="dead"}',
    'relay_attempts_total{provider="apns",outcome="blocked"}',
    'relay_registration_changes_total{change="too-many-moves"}',
    'relay_provider_connections{provider="apns"}',
    'relay_scopes_paused{kind="blocked"}',
    'relay_misaddressed_waves',
  ]) {
    assert.equal(await value(series), 0, series)
  }
})

test('pauses, connections and the store are what they are now', async () => {
  const { events, value } = setUp()
  const paused = { scope: 's1', reason: 'r', retryMs: 1 }
  events.emit('scope.paused', { ...paused, kind: 'unsent' })
  events.emit('scope.paused', { ...paused, kind: 'unsent' })
  events.emit('scope.paused', { ...paused, scope: 's2', kind: 'blocked' })
  assert.equal(await value('relay_scopes_paused{kind="unsent"}'), 1)
  assert.equal(await value('relay_scopes_paused{kind="blocked"}'), 1)
  events.emit('scope.resumed', { scope: 's1', pausedMs: 1 })
  assert.equal(await value('relay_scopes_paused{kind="unsent"}'), 0)
  for (const state of ['connected', 'connected', 'closed', 'failed'] as const) {
    events.emit('provider.connection', { provider: 'apns', scope: 's1', state })
  }
  assert.equal(await value('relay_provider_connections{provider="apns"}'), 1)
  assert.equal(await value('relay_provider_connect_failures_total{provider="apns"}'), 1)
  assert.equal(await value('relay_store_writable'), 1)
  events.emit('store.unavailable', { reason: 'disk-full' })
  assert.equal(await value('relay_store_writable'), 0)
  events.emit('store.recovered', {})
  events.emit('store.commit', { durationMs: 2, operations: 12 })
  assert.equal(await value('relay_store_writable'), 1)
  assert.equal(await value('relay_store_operations_total'), 12)
  assert.equal(await value('relay_store_commit_duration_seconds_count'), 1)
  assert.equal(await value('relay_deliveries_in_memory'), 7)
})

test('the outbox is counted at most once a second', async () => {
  let reads = 0
  const { clock, value } = setUp(async () => {
    reads++
    return { pending: 5, oldestAt: clock.now() - 3000 }
  })
  assert.equal(await value('relay_outbox_pending_messages'), 5)
  assert.equal(await value('relay_outbox_oldest_age_seconds'), 3)
  assert.equal(reads, 1)
  clock.advance(1000)
  assert.equal(await value('relay_outbox_pending_messages'), 5)
  assert.equal(reads, 2)
})

test('a store that cannot be read leaves the other metrics readable', async () => {
  const { metrics, value } = setUp(() => Promise.reject(new Error('closed')))
  assert.ok(Number.isNaN(await value('relay_outbox_pending_messages')))
  assert.match(await metrics.text(), /^process_cpu_seconds_total /m)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoreUnavailableError } from '../../src/store/store-unavailable.ts'
import { describeError } from '../../src/telemetry/describe-error.ts'
import { createEvents, type RelayEvents } from '../../src/telemetry/events.ts'
import { subscribeLog } from '../../src/telemetry/log-subscriber.ts'
import { captureLog } from '../support/captured-log.ts'
import { FakeClock } from '../support/fake-clock.ts'

const LEVELS: Record<number, string> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' }
const attempt = {
  number: 2,
  at: 0,
  outcome: 'failed',
  status: 503,
  reason: 'Shutdown',
  durationMs: 7.129,
  environment: 'production',
} as const
const base = { messageId: 'm1', deliveryId: 'd1', provider: 'apns', app: 'com.example.chat' } as const

/** The lines that one event becomes, without what every line has. */
function written<N extends keyof RelayEvents>(name: N, event: RelayEvents[N]) {
  const events = createEvents()
  const log = captureLog()
  subscribeLog(events, log.logger)
  events.emit(name, event)
  return log.lines().map(({ level, time: _time, pid: _pid, hostname: _hostname, ...line }) => ({
    level: LEVELS[Number(level)],
    ...line,
  }))
}

test('an attempt is one line with the fixed fields', () => {
  assert.deepEqual(written('attempt.finished', { ...base, attempt, state: 'pending' }), [
    {
      level: 'debug',
      ...base,
      attempt: 2,
      environment: 'production',
      outcome: 'failed',
      status: 503,
      reason: 'Shutdown',
      durationMs: 7.1,
      state: 'pending',
      msg: 'attempt finished',
    },
  ])
})

test('nothing per message at info or above, unless it was lost', () => {
  const level = <N extends keyof RelayEvents>(name: N, event: RelayEvents[N]) =>
    written(name, event)[0]?.level
  const accepted = { messageId: 'm1', durationMs: 1, leased: true }
  assert.equal(level('message.accepted', { ...accepted, status: 'queued' }), 'debug')
  assert.equal(level('message.accepted', { ...accepted, status: 'ignored', reason: 'no-device' }), 'debug')
  assert.equal(level('message.settled', { messageId: 'm1', state: 'accepted' }), 'debug')
  assert.equal(level('message.settled', { messageId: 'm1', state: 'unreachable' }), 'debug')
  assert.equal(level('registration.changed', { change: 'created' }), 'debug')
  assert.equal(level('store.commit', { durationMs: 1, operations: 1 }), 'trace')
  assert.equal(level('message.settled', { messageId: 'm1', state: 'dead' }), 'debug')
  assert.equal(level('attempt.finished', { ...base, attempt, state: 'pending' }), 'debug')
  assert.equal(level('attempt.finished', { ...base, attempt, state: 'dead' }), 'warn')
  assert.equal(level('message.settled', { messageId: 'm1', state: 'expired' }), 'warn')
})

test('the warning of a dead delivery says why', () => {
  const rejected = { ...attempt, outcome: 'rejected', status: 413, reason: 'PayloadTooLarge' } as const
  const [line] = written('attempt.finished', { ...base, attempt: rejected, state: 'dead' })
  const { msg, outcome, status, reason, messageId, deliveryId } = line as Record<string, unknown>
  assert.match(String(msg), /dead/)
  assert.deepEqual(
    [outcome, status, reason, messageId, deliveryId],
    ['rejected', 413, 'PayloadTooLarge', 'm1', 'd1'],
  )
})

test('a round after which the message waits is not called its end', () => {
  const said = (state: 'pending' | 'accepted') => {
    const [line] = written('message.settled', { messageId: 'm1', state })
    return (line as Record<string, unknown>).msg
  }
  assert.equal(said('pending'), 'round settled: the message waits')
  assert.equal(said('accepted'), 'message settled')
})

test('a refusal is warned of once a minute, with the number of those left out', () => {
  const events = createEvents()
  const log = captureLog()
  const clock = new FakeClock()
  subscribeLog(events, log.logger, clock)
  const refuse = (cause: 'unknown-token' | 'jwt-expired', route = 'POST /v1/messages') =>
    events.emit('request.refused', { route, code: 'RELAY_UNAUTHENTICATED', cause })
  const warned = () =>
    log.lines().flatMap(({ level, cause, suppressed }) => (level === 40 ? [[cause, suppressed]] : []))
  for (let call = 0; call < 5; call++) refuse('unknown-token')
  assert.deepEqual(warned(), [['unknown-token', 0]])
  refuse('jwt-expired')
  clock.advance(59_999)
  refuse('unknown-token')
  assert.deepEqual(warned(), [
    ['unknown-token', 0],
    ['jwt-expired', 0],
  ])
  clock.advance(1)
  refuse('unknown-token')
  refuse('unknown-token')
  assert.deepEqual(warned().at(-1), ['unknown-token', 5])
  assert.equal(log.lines().length, 9, 'what is left out has its line at debug')
  refuse('unknown-token', '(none)')
  assert.equal(log.lines().at(-1)?.level, 30)
})

test('lifecycle is info, what someone should look at is warn, loss is error', () => {
  const level = <N extends keyof RelayEvents>(name: N, event: RelayEvents[N]) =>
    written(name, event)[0]?.level
  const scope = { scope: 'apns/k/production', reason: 'InvalidProviderToken', retryMs: 1000 }
  assert.equal(
    level('relay.started', { address: 'http://127.0.0.1:8080', version: '1', role: 'all' }),
    'info',
  )
  assert.equal(level('scope.paused', { ...scope, kind: 'blocked' }), 'warn')
  assert.equal(level('scope.paused', { ...scope, kind: 'unsent' }), 'warn')
  assert.equal(level('scope.paused', { ...scope, kind: 'deferred' }), 'info')
  assert.equal(level('scope.resumed', { scope: scope.scope, pausedMs: 5 }), 'info')
  const connection = { provider: 'apns', scope: scope.scope } as const
  assert.equal(level('provider.connection', { ...connection, state: 'failed' }), 'warn')
  assert.equal(level('provider.connection', { ...connection, state: 'connected' }), 'info')
  assert.equal(level('provider.unknown-reason', { provider: 'apns', status: 499, reason: 'New' }), 'warn')
  assert.equal(level('registration.changed', { change: 'too-many-moves' }), 'warn')
  assert.equal(
    level('wave.started', { provider: 'apns', topic: 't', misaddressed: 12, recipients: 40 }),
    'warn',
  )
  assert.equal(level('store.unavailable', { reason: 'disk-full' }), 'error')
  assert.equal(level('store.recovered', {}), 'info')
  assert.equal(level('store.thread-ended', { thread: 'reader', cause: 'exit' }), 'error')
})

test('an error is logged by its kind and place, never by its message', () => {
  const error = new SyntaxError('Unexpected token in "a secret text"')
  for (const [line] of [
    written('loop.failed', { loop: 'claims', error }),
    written('attempt.crashed', { messageId: 'm1', deliveryId: 'd1', provider: 'apns', error }),
  ]) {
    assert.equal(line?.level, 'error')
    assert.doesNotMatch(JSON.stringify(line), /secret text/)
    assert.match(JSON.stringify(line), /SyntaxError.*log-subscriber\.test\.ts/)
  }
})

test('a described error keeps its code and our reason', () => {
  const system = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  assert.equal(describeError(system).code, 'ECONNREFUSED')
  assert.equal(describeError(new StoreUnavailableError('disk-full')).reason, 'disk-full')
  assert.deepEqual(describeError('text'), { name: 'string', frames: [] })
})

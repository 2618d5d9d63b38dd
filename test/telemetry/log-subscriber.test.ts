import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoreUnavailableError } from '../../src/store/store.ts'
import { describeError } from '../../src/telemetry/describe-error.ts'
import { createEvents, type RelayEvents } from '../../src/telemetry/events.ts'
import { subscribeLog } from '../../src/telemetry/log-subscriber.ts'
import { captureLog } from '../support/captured-log.ts'

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
  assert.equal(level('message.settled', { messageId: 'm1', state: 'dead' }), 'warn')
  assert.equal(level('message.settled', { messageId: 'm1', state: 'expired' }), 'warn')
})

test('lifecycle is info, what someone should look at is warn, loss is error', () => {
  const level = <N extends keyof RelayEvents>(name: N, event: RelayEvents[N]) =>
    written(name, event)[0]?.level
  const scope = { scope: 'apns/k/production', reason: 'InvalidProviderToken', retryMs: 1000 }
  assert.equal(level('relay.started', { address: 'http://127.0.0.1:8080', version: '1' }), 'info')
  assert.equal(level('scope.paused', { ...scope, kind: 'blocked' }), 'warn')
  assert.equal(level('scope.paused', { ...scope, kind: 'unsent' }), 'warn')
  assert.equal(level('scope.paused', { ...scope, kind: 'deferred' }), 'info')
  assert.equal(level('scope.resumed', { scope: scope.scope, pausedMs: 5 }), 'info')
  const connection = { provider: 'apns', scope: scope.scope } as const
  assert.equal(level('provider.connection', { ...connection, state: 'failed' }), 'warn')
  assert.equal(level('provider.connection', { ...connection, state: 'connected' }), 'info')
  assert.equal(level('provider.unknown-reason', { provider: 'apns', status: 499, reason: 'New' }), 'warn')
  assert.equal(level('registration.changed', { change: 'too-many-moves' }), 'warn')
  assert.equal(level('wave.started', { topic: 't', misaddressed: 12, recipients: 40 }), 'warn')
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

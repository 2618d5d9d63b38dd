import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { OUTCOME_KINDS, type Outcome } from '../../../src/domain/outcome.ts'
import { type ApnsAnswerContext, classify, isKnownReason } from '../../../src/providers/apns/classify.ts'

const CREDENTIAL = 'apns/K/production'
const TOPIC = 'apns/K/production/com.example.chat'
const context: ApnsAnswerContext = {
  now: 1000,
  credentialScope: CREDENTIAL,
  topicScope: TOPIC,
  environmentIsDoubtful: false,
}

const rejected = { kind: 'rejected' }
const blocked = { kind: 'blocked', scope: CREDENTIAL }
const blockedTopic = { kind: 'blocked', scope: TOPIC }

/** Apple's whole table: status, reason, what we make of it. */
const TABLE: [number, string, object][] = [
  [400, 'BadCollapseId', rejected],
  [400, 'BadDeviceToken', { kind: 'misaddressed', fault: 'environment' }],
  [400, 'BadExpirationDate', rejected],
  [400, 'BadMessageId', rejected],
  [400, 'BadPriority', rejected],
  [400, 'BadTopic', blockedTopic],
  [400, 'DeviceTokenNotForTopic', { kind: 'misaddressed', fault: 'app' }],
  [400, 'DuplicateHeaders', rejected],
  [400, 'IdleTimeout', { kind: 'failed', pace: 'reconnect' }],
  [400, 'InvalidPushType', rejected],
  [400, 'MissingDeviceToken', rejected],
  [400, 'MissingTopic', blockedTopic],
  [400, 'PayloadEmpty', rejected],
  [400, 'TopicDisallowed', blockedTopic],
  [403, 'BadCertificate', blocked],
  [403, 'BadCertificateEnvironment', blocked],
  [403, 'ExpiredProviderToken', blocked],
  [403, 'Forbidden', blocked],
  [403, 'InvalidProviderToken', blocked],
  [403, 'MissingProviderToken', blocked],
  [403, 'UnrelatedKeyIdInToken', blocked],
  [403, 'BadEnvironmentKeyIdInToken', blocked],
  [403, 'BadEnvironmentKeyInToken', blocked],
  [404, 'BadPath', rejected],
  [405, 'MethodNotAllowed', rejected],
  [410, 'ExpiredToken', { kind: 'unregistered' }],
  [410, 'Unregistered', { kind: 'unregistered' }],
  [413, 'PayloadTooLarge', rejected],
  [429, 'TooManyProviderTokenUpdates', { kind: 'deferred', scope: CREDENTIAL, untilMs: 301_000 }],
  [429, 'TooManyRequests', { kind: 'deferred' }],
  [500, 'InternalServerError', { kind: 'failed', pace: 'server' }],
  [503, 'ServiceUnavailable', { kind: 'failed', pace: 'server' }],
  [503, 'Shutdown', { kind: 'failed', pace: 'reconnect' }],
]

describe("the table of Apple's answers", () => {
  for (const [status, reason, outcome] of TABLE) {
    it(`${status} ${reason}`, () => {
      assert.deepEqual(classify({ status, reason }, context), { ...outcome, status, reason })
      assert.ok(isKnownReason(reason))
    })
  }

  it('200 is accepted', () => {
    assert.deepEqual(classify({ status: 200, reason: 'HTTP 200' }, context), {
      kind: 'accepted',
      status: 200,
    })
  })

  it("takes Apple's timestamp as the moment of death", () => {
    const outcome = classify({ status: 410, reason: 'Unregistered', timestamp: 42 }, context)
    assert.deepEqual(outcome, { kind: 'unregistered', since: 42, status: 410, reason: 'Unregistered' })
  })

  it('honours retry-after', () => {
    const deferred = classify({ status: 429, reason: 'TooManyRequests', retryAfterMs: 9000 }, context)
    assert.equal((deferred as { untilMs?: number }).untilMs, 10_000)
    const failed = classify({ status: 503, reason: 'ServiceUnavailable', retryAfterMs: 9000 }, context)
    assert.equal((failed as { retryAfterMs?: number }).retryAfterMs, 9000)
  })

  it("takes a complaint about a doubtful environment for that registration's fault", () => {
    for (const reason of [
      'BadCertificateEnvironment',
      'BadEnvironmentKeyIdInToken',
      'BadEnvironmentKeyInToken',
    ]) {
      const outcome = classify({ status: 403, reason }, { ...context, environmentIsDoubtful: true })
      assert.equal(outcome.kind, 'misaddressed', reason)
    }
  })

  it('decides by status about words that Apple has not used yet', () => {
    const kindOf = (status: number) => classify({ status, reason: 'Brandnew' }, context).kind
    assert.deepEqual([500, 502, 503, 599].map(kindOf), ['failed', 'failed', 'failed', 'failed'])
    assert.deepEqual([401, 403, 407].map(kindOf), ['blocked', 'blocked', 'blocked'])
    assert.deepEqual([400, 404, 409, 418].map(kindOf), ['rejected', 'rejected', 'rejected', 'rejected'])
    assert.equal(kindOf(429), 'deferred')
    assert.equal(kindOf(408), 'failed')
  })

  it('has an outcome for any answer whatever', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 999 }), fc.string(), (status, reason) => {
        const outcome: Outcome = classify({ status, reason }, context)
        assert.ok(OUTCOME_KINDS.includes(outcome.kind))
      }),
    )
    assert.equal(classify({ status: 400, reason: 'constructor' }, context).kind, 'rejected')
    assert.equal(classify({ status: 400, reason: '__proto__' }, context).kind, 'rejected')
  })
})

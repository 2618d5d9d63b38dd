import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Outcome } from '../../src/domain/outcome.ts'
import { type DecisionContext, decide, MAX_REPEATS } from '../../src/domain/retry-policy.ts'

const NOW = 1_000_000
const context = (changes: Partial<DecisionContext> = {}): DecisionContext => ({
  attemptCount: 1,
  repeats: 0,
  canTryOtherEnvironment: false,
  clock: { now: () => NOW, random: () => 1 },
  ...changes,
})

/** Delays of consecutive attempts at full jitter's upper end, in seconds. */
function delays(outcome: Outcome, attempts: number): number[] {
  return Array.from({ length: attempts }, (_, index) => {
    const decision = decide(outcome, context({ attemptCount: index + 1, repeats: 1 }))
    assert.equal(decision.next, 'wait')
    return ((decision as { runAt: number }).runAt - NOW) / 1000
  })
}

describe('what follows an outcome', () => {
  it('ends with an answer that is final', () => {
    assert.deepEqual(decide({ kind: 'accepted' }, context()), { next: 'finish', state: 'accepted' })
    assert.deepEqual(decide({ kind: 'unregistered' }, context()), { next: 'finish', state: 'unregistered' })
    assert.deepEqual(decide({ kind: 'rejected' }, context()), { next: 'finish', state: 'dead' })
  })

  it('tries the other environment once, and only for an environment fault', () => {
    const environment: Outcome = { kind: 'misaddressed', fault: 'environment' }
    assert.deepEqual(decide(environment, context({ canTryOtherEnvironment: true })), {
      next: 'other-environment',
    })
    assert.deepEqual(decide(environment, context()), { next: 'finish', state: 'dead' })
    const app: Outcome = { kind: 'misaddressed', fault: 'app' }
    assert.deepEqual(decide(app, context({ canTryOtherEnvironment: true })), {
      next: 'finish',
      state: 'dead',
    })
  })

  it('repeats timeouts and resets from 1 s doubling to 15 min', () => {
    const expected = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert.deepEqual(delays({ kind: 'failed', pace: 'transport' }, 12), expected)
  })

  it('repeats server failures after 5 s, 30 s, 2 min, then every 15 min', () => {
    assert.deepEqual(delays({ kind: 'failed', pace: 'server' }, 6), [5, 30, 120, 900, 900, 900])
  })

  it('repeats rarely where each repeat may be shown once more: after 1 min, 10 min, then every hour', () => {
    assert.deepEqual(delays({ kind: 'failed', pace: 'unrecognised' }, 4), [60, 600, 3600, 3600])
  })

  it('never waits longer than 15 min however many attempts there were', () => {
    const decision = decide({ kind: 'failed', pace: 'transport' }, context({ attemptCount: 5000 }))
    assert.deepEqual(decision, { next: 'wait', runAt: NOW + 900_000 })
  })

  it('spreads waits over their whole length and adds them to what the provider asked for', () => {
    const outcome: Outcome = { kind: 'failed', pace: 'server', retryAfterMs: 7000 }
    const clock = { now: () => NOW, random: () => 0 }
    assert.deepEqual(decide(outcome, context({ clock })), { next: 'wait', runAt: NOW + 7000 })
  })

  it('goes to a new connection at once when the server shuts down, then waits', () => {
    const shutdown: Outcome = { kind: 'failed', pace: 'reconnect' }
    assert.deepEqual(decide(shutdown, context()), { next: 'again' })
    assert.equal(decide(shutdown, context({ repeats: 1 })).next, 'wait')
  })

  it('sends again at once what was provably not taken, a bounded number of times, then pauses the scope', () => {
    const unsent: Outcome = { kind: 'unsent', scope: 'apns/K/production', retryNow: true }
    for (let repeats = 0; repeats < MAX_REPEATS; repeats++) {
      assert.deepEqual(decide(unsent, context({ repeats })), { next: 'again' })
    }
    const paused = { next: 'pause', scope: 'apns/K/production', kind: 'unsent' }
    assert.deepEqual(decide(unsent, context({ repeats: MAX_REPEATS })), paused)
    assert.deepEqual(decide({ ...unsent, retryNow: false }, context()), paused)
    // Each repeat waits for a new connection: they are paced there.
    assert.deepEqual(decide({ ...unsent, isPaced: true }, context({ repeats: 1000 })), { next: 'again' })
  })

  it('lets the token wait, or the scope, whichever was meant', () => {
    assert.deepEqual(decide({ kind: 'deferred', untilMs: 5 }, context()), { next: 'wait', runAt: 5 })
    assert.deepEqual(decide({ kind: 'deferred' }, context()), { next: 'wait', runAt: NOW + 15_000 })
    assert.deepEqual(decide({ kind: 'deferred', untilMs: 5, scope: 's' }, context()), {
      next: 'pause',
      scope: 's',
      kind: 'deferred',
      untilMs: 5,
    })
  })

  it('pauses the scope when our credential is wrong', () => {
    assert.deepEqual(decide({ kind: 'blocked', scope: 's' }, context()), {
      next: 'pause',
      scope: 's',
      kind: 'blocked',
    })
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { classify, isKnownStatus } from '../../../src/providers/http/classify.ts'

const SCOPE = 'http/0123456789ab/production'
const context = { now: 1000, scope: SCOPE }
const blocked = { kind: 'blocked', scope: SCOPE }
const failed = { kind: 'failed', pace: 'server' }

/** docs/providers/http.md. */
const TABLE: [statuses: number[], outcome: object, isKnown: boolean][] = [
  [[200, 201, 202, 204, 299], { kind: 'accepted' }, true],
  [[410], { kind: 'unregistered' }, true],
  [[400, 413, 422], { kind: 'rejected' }, true],
  [[401, 403, 404, 405, 407, 415], blocked, true],
  [[429], { kind: 'deferred', scope: SCOPE }, true],
  [[408], failed, true],
  [[300, 301, 302, 303, 304, 307, 308], blocked, false],
  [[402, 409, 418, 499], { kind: 'rejected' }, false],
  [[500, 502, 503, 504, 599], failed, false],
  [[600, 999], failed, false],
]

describe("the table of a receiver's answers", () => {
  for (const [statuses, outcome, isKnown] of TABLE)
    it(statuses.join(', '), () => {
      for (const status of statuses) {
        const reason = 'kind' in outcome && outcome.kind === 'accepted' ? {} : { reason: `HTTP ${status}` }
        assert.deepEqual(classify({ status }, context), { ...outcome, status, ...reason })
        assert.equal(isKnownStatus(status), isKnown, String(status))
      }
    })

  it('waits as long as it is told: everything for 429, this message for 408 and 5xx', () => {
    const outcomes = [429, 408, 503, 410].map(status => classify({ status, retryAfterMs: 5000 }, context))
    const [tooMany, slow, down, gone] = outcomes
    assert.ok(tooMany?.kind === 'deferred' && tooMany.untilMs === 6000 && tooMany.scope === SCOPE)
    assert.ok(slow?.kind === 'failed' && slow.retryAfterMs === 5000)
    assert.ok(down?.kind === 'failed' && down.retryAfterMs === 5000)
    assert.deepEqual(gone, { kind: 'unregistered', status: 410, reason: 'HTTP 410' })
  })
})

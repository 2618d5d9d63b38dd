import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { OUTCOME_KINDS, type Outcome } from '../../../src/domain/outcome.ts'
import { readAnswer } from '../../../src/providers/webpush/answer.ts'
import { classify, isKnownStatus } from '../../../src/providers/webpush/classify.ts'

const SCOPE = 'webpush/vapid-0123456789ab/push.example.org'
const NOW = 1000
const context = { now: NOW, scope: SCOPE, mayBlock: true }

function outcomeOf(status: number, body = '', headers: Record<string, string> = {}): Outcome {
  return classify(readAnswer({ status, headers, body: Buffer.from(body) }, true, NOW), context)
}

const rejected = { kind: 'rejected' }
const unregistered = { kind: 'unregistered' }
const blocked = { kind: 'blocked', scope: SCOPE }
const failed = { kind: 'failed', pace: 'server' }
const misaddressed = { kind: 'misaddressed', fault: 'app' }

/** Status, body, outcome, reason. */
const TABLE: [status: number, body: string, outcome: object, reason: string][] = [
  // Apple.
  [400, '{"reason":"BadTtl"}', rejected, 'BadTtl'],
  [400, '{"reason":"BadUrgency"}', rejected, 'BadUrgency'],
  [400, '{"reason":"BadWebPushRequest"}', rejected, 'BadWebPushRequest'],
  [400, '{"reason":"BadWebPushTopic"}', rejected, 'BadWebPushTopic'],
  [400, '{"reason":"VapidPkHashMismatch"}', misaddressed, 'VapidPkHashMismatch'],
  [403, '{"reason":"VapidPkHashMismatch"}', misaddressed, 'VapidPkHashMismatch'],
  [400, '{"reason":"IdleTimeout"}', { kind: 'failed', pace: 'reconnect' }, 'IdleTimeout'],
  [403, '{"reason":"BadAuthorizationHeader"}', blocked, 'BadAuthorizationHeader'],
  [400, '{"reason":"BadAuthorizationHeader"}', blocked, 'BadAuthorizationHeader'],
  [403, '{"reason":"BadJwtToken"}', blocked, 'BadJwtToken'],
  [403, '{"reason":"BadVapidPublicKey"}', blocked, 'BadVapidPublicKey'],
  [404, '{"reason":"BadPath"}', unregistered, 'BadPath'],
  [405, '{"reason":"MethodNotAllowed"}', rejected, 'MethodNotAllowed'],
  [410, '{"reason":"Unregistered"}', unregistered, 'Unregistered'],
  [413, '{"reason":"PayloadTooLarge"}', rejected, 'PayloadTooLarge'],
  [429, '{"reason":"TooManyRequests"}', { kind: 'deferred' }, 'TooManyRequests'],
  [500, '{"reason":"InternalServerError"}', failed, 'InternalServerError'],
  [503, '{"reason":"ServiceUnavailable"}', failed, 'ServiceUnavailable'],
  [503, '{"reason":"Shutdown"}', failed, 'Shutdown'],
  // Mozilla.
  [
    400,
    '{"code":400,"errno":111,"error":"Bad Request","message":"Missing TTL value"}',
    rejected,
    'errno 111',
  ],
  [
    401,
    '{"code":401,"errno":109,"error":"Unauthorized","message":"Invalid VAPID audience"}',
    blocked,
    'errno 109',
  ],
  [
    401,
    '{"code":401,"errno":109,"message":"VAPID public key mismatch"}',
    misaddressed,
    'VapidPkHashMismatch',
  ],
  [404, '{"code":404,"errno":102,"error":"Not Found"}', unregistered, 'errno 102'],
  [410, '{"code":410,"errno":103,"error":"Gone"}', unregistered, 'errno 103'],
  [410, '{"code":410,"errno":106,"error":"Gone"}', unregistered, 'errno 106'],
  [413, '{"code":413,"errno":104}', rejected, 'errno 104'],
  [502, '{"code":502,"errno":903}', failed, 'errno 903'],
  [503, '{"code":503,"errno":201}', failed, 'errno 201'],
  [500, '{"code":500,"errno":null}', failed, 'HTTP 500'],
  // Google.
  [
    403,
    'the VAPID credentials in the authorization header do not correspond to the credentials used to create the subscriptions.\n',
    misaddressed,
    'VapidPkHashMismatch',
  ],
  [403, 'permission denied: invalid JWT provided', blocked, 'HTTP 403'],
  [410, 'push subscription has unsubscribed or expired.', unregistered, 'HTTP 410'],
  [404, '<html>not found</html>', unregistered, 'HTTP 404'],
  // Microsoft.
  [406, '', { kind: 'deferred' }, 'HTTP 406'],
  // A proxy.
  [407, '', blocked, 'HTTP 407'],
  // ntfy.
  [403, '{"code":40301,"http":403,"error":"forbidden"}', blocked, 'code 40301'],
  [413, '{"code":41301,"http":413}', rejected, 'code 41301'],
  [429, '{"code":42901,"http":429,"error":"limit reached"}', { kind: 'deferred' }, 'code 42901'],
  [507, '{"code":50701,"http":507}', failed, 'code 50701'],
  // Others.
  [402, '', rejected, 'HTTP 402'],
  [408, '', failed, 'HTTP 408'],
  [301, '', failed, 'HTTP 301'],
  [308, '', failed, 'HTTP 308'],
  [599, '', failed, 'HTTP 599'],
]

describe("the table of push services' answers", () => {
  for (const [status, body, outcome, reason] of TABLE) {
    it(`${status} ${reason}`, () => {
      assert.deepEqual(outcomeOf(status, body), { ...outcome, status, reason })
    })
  }

  it('whoever says when is believed', () => {
    const headers = { 'retry-after': '60' }
    const untilMs = NOW + 60_000
    assert.deepEqual(outcomeOf(429, '', headers), {
      kind: 'deferred',
      untilMs,
      status: 429,
      reason: 'HTTP 429',
    })
    assert.deepEqual(outcomeOf(406, '', headers), {
      ...{ kind: 'deferred', untilMs, status: 406, reason: 'HTTP 406' },
    })
    assert.deepEqual(outcomeOf(503, '', headers), {
      ...{ kind: 'failed', pace: 'server', retryAfterMs: 60_000 },
      ...{ status: 503, reason: 'HTTP 503' },
    })
  })

  it('a refusal says nothing of our credential where it has been good', () => {
    for (const [status, body] of [
      [401, '{"errno":109}'],
      [403, ''],
      [403, '{"reason":"BadJwtToken"}'],
      [400, '{"reason":"BadAuthorizationHeader"}'],
      [407, ''],
    ] as const) {
      const answer = readAnswer({ status, headers: {}, body: Buffer.from(body) }, true, NOW)
      const outcome = classify(answer, { ...context, mayBlock: false })
      assert.deepEqual(outcome, { ...failed, status, reason: answer.reason })
    }
  })

  it('every status and body has an outcome with a short, safe reason', () => {
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      fc.dictionary(fc.constantFrom('reason', 'errno', 'code'), fc.jsonValue()),
    )
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 599 }), body, fc.boolean(), (status, said, isTrusted) => {
        const text = typeof said === 'string' ? said : JSON.stringify(said)
        const answer = readAnswer({ status, headers: {}, body: Buffer.from(text) }, isTrusted, NOW)
        const outcome = classify(answer, context)
        assert.ok(OUTCOME_KINDS.includes(outcome.kind))
        assert.match(outcome.reason ?? 'none', /^(?:[A-Za-z]{1,64}|(?:HTTP|errno|code) \d{1,5})$/)
        if (!isTrusted && outcome.kind !== 'accepted') assert.equal(outcome.reason, `HTTP ${status}`)
      }),
    )
  })

  it('only what is documented is taken for known', () => {
    const known = [200, 201, 204, 299, 400, 401, 403, 404, 406, 407, 408, 410, 413, 429, 500, 503, 507]
    assert.deepEqual(
      known.filter(status => !isKnownStatus(status)),
      [],
    )
    assert.deepEqual([301, 307, 402, 405, 409, 418, 451].filter(isKnownStatus), [])
  })
})

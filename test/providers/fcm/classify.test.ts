import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { OUTCOME_KINDS } from '../../../src/domain/outcome.ts'
import { readAnswer } from '../../../src/providers/fcm/answer.ts'
import { classify, isKnownAnswer } from '../../../src/providers/fcm/classify.ts'

const NOW = Date.UTC(2026, 0, 15, 12)
const SCOPE = 'fcm/demo-chat/production'
const TOKEN_TEXT = 'The registration token is not a valid FCM registration token'

interface Said {
  status: number
  word?: string
  code?: string
  message?: string
  more?: object[]
  headers?: Record<string, string>
}

function fcmError(errorCode: string): object {
  return { '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode }
}

function rpc(type: string, fields: object): object {
  return { '@type': `type.googleapis.com/google.rpc.${type}`, ...fields }
}

function apnsError(statusCode: number, reason: string): object {
  return { '@type': 'type.googleapis.com/google.firebase.fcm.v1.ApnsError', statusCode, reason }
}

/** As Google writes it. */
function answerOf({ status, word, code, message = 'Said in words.', more = [], headers = {} }: Said) {
  const details = [...(code === undefined ? [] : [fcmError(code)]), ...more]
  const body = Buffer.from(JSON.stringify({ error: { code: status, message, status: word, details } }))
  return readAnswer({ status, headers, body }, NOW)
}

function bare(status: number, body = '', headers = {}) {
  return readAnswer({ status, headers, body: Buffer.from(body) }, NOW)
}

const outcomeOf = (answer: ReturnType<typeof answerOf>) => classify(answer, { now: NOW, scope: SCOPE })

const rejected = { kind: 'rejected' }
const blocked = { kind: 'blocked', scope: SCOPE }
const unregistered = { kind: 'unregistered' }
const misaddressed = { kind: 'misaddressed', fault: 'app' }
const failed = { kind: 'failed', pace: 'server' }
const waitsAlone = { kind: 'deferred', untilMs: NOW + 60_000 }
const allWait = { ...waitsAlone, scope: SCOPE }
const badRequest = (field: string) => rpc('BadRequest', { fieldViolations: [{ field, description: 'No.' }] })

/** What Google says, the reason that is noted, what we make of it. */
const TABLE: [name: string, said: Said, reason: string, outcome: object][] = [
  [
    'a message it does not understand',
    { status: 400, word: 'INVALID_ARGUMENT', more: [badRequest('message.data[0].value')] },
    'INVALID_ARGUMENT',
    rejected,
  ],
  [
    'a message that is too big',
    {
      status: 400,
      word: 'INVALID_ARGUMENT',
      code: 'INVALID_ARGUMENT',
      message: 'Android message is too big',
    },
    'INVALID_ARGUMENT',
    rejected,
  ],
  [
    'a token that cannot be one, in words',
    { status: 400, word: 'INVALID_ARGUMENT', code: 'INVALID_ARGUMENT', message: TOKEN_TEXT },
    'INVALID_ARGUMENT',
    misaddressed,
  ],
  [
    'a token that cannot be one, by its field',
    { status: 400, word: 'INVALID_ARGUMENT', code: 'INVALID_ARGUMENT', more: [badRequest('message.token')] },
    'INVALID_ARGUMENT',
    misaddressed,
  ],
  [
    'a token and something else',
    {
      status: 400,
      word: 'INVALID_ARGUMENT',
      code: 'INVALID_ARGUMENT',
      message: TOKEN_TEXT,
      more: [rpc('BadRequest', { fieldViolations: [{ field: 'message.token' }, { field: 'message.data' }] })],
    },
    'INVALID_ARGUMENT',
    rejected,
  ],
  [
    'an iPhone without the app',
    {
      status: 400,
      word: 'INVALID_ARGUMENT',
      code: 'INVALID_ARGUMENT',
      more: [apnsError(410, 'Unregistered')],
    },
    'INVALID_ARGUMENT',
    unregistered,
  ],
  [
    'an iPhone of another app',
    {
      status: 400,
      word: 'INVALID_ARGUMENT',
      code: 'INVALID_ARGUMENT',
      more: [apnsError(400, 'BadDeviceToken')],
    },
    'INVALID_ARGUMENT',
    misaddressed,
  ],
  ['a dead token', { status: 404, word: 'NOT_FOUND', code: 'UNREGISTERED' }, 'UNREGISTERED', unregistered],
  [
    'a token of another project',
    { status: 403, word: 'PERMISSION_DENIED', code: 'SENDER_ID_MISMATCH' },
    'SENDER_ID_MISMATCH',
    misaddressed,
  ],
  ['a project that is not there', { status: 404, word: 'NOT_FOUND' }, 'NOT_FOUND', blocked],
  ['no right to send', { status: 403, word: 'PERMISSION_DENIED' }, 'PERMISSION_DENIED', blocked],
  [
    'an API that is off',
    { status: 403, word: 'PERMISSION_DENIED', more: [rpc('ErrorInfo', { reason: 'SERVICE_DISABLED' })] },
    'SERVICE_DISABLED',
    blocked,
  ],
  [
    'an access token that has expired',
    { status: 401, word: 'UNAUTHENTICATED', more: [rpc('ErrorInfo', { reason: 'ACCESS_TOKEN_EXPIRED' })] },
    'ACCESS_TOKEN_EXPIRED',
    blocked,
  ],
  [
    "Apple's credential in Firebase",
    { status: 401, word: 'UNAUTHENTICATED', code: 'THIRD_PARTY_AUTH_ERROR' },
    'THIRD_PARTY_AUTH_ERROR',
    { kind: 'deferred' },
  ],
  [
    'the same under its former name',
    { status: 401, word: 'UNAUTHENTICATED', code: 'APNS_AUTH_ERROR' },
    'APNS_AUTH_ERROR',
    { kind: 'deferred' },
  ],
  [
    "a device's quota",
    { status: 429, word: 'RESOURCE_EXHAUSTED', code: 'QUOTA_EXCEEDED' },
    'QUOTA_EXCEEDED',
    waitsAlone,
  ],
  [
    "a device's quota, said to be one",
    {
      status: 429,
      word: 'RESOURCE_EXHAUSTED',
      code: 'QUOTA_EXCEEDED',
      more: [
        rpc('QuotaFailure', { violations: [{ subject: 'device', description: 'projects may differ' }] }),
      ],
    },
    'QUOTA_EXCEEDED',
    waitsAlone,
  ],
  [
    "the project's quota, said to be one",
    {
      status: 429,
      word: 'RESOURCE_EXHAUSTED',
      code: 'QUOTA_EXCEEDED',
      more: [rpc('QuotaFailure', { violations: [{ subject: 'project:demo-chat' }] })],
    },
    'QUOTA_EXCEEDED',
    allWait,
  ],
  [
    "the project's quota, at the front end",
    { status: 429, word: 'RESOURCE_EXHAUSTED', more: [rpc('ErrorInfo', { reason: 'RATE_LIMIT_EXCEEDED' })] },
    'RATE_LIMIT_EXCEEDED',
    allWait,
  ],
  ['an error of its own', { status: 500, word: 'INTERNAL', code: 'INTERNAL' }, 'INTERNAL', failed],
  ['overload', { status: 503, word: 'UNAVAILABLE', code: 'UNAVAILABLE' }, 'UNAVAILABLE', failed],
  ['the same without FcmError', { status: 503, word: 'UNAVAILABLE' }, 'UNAVAILABLE', failed],
  ['a conflict of its own', { status: 409, word: 'ABORTED' }, 'ABORTED', failed],
  ['a call that it gave up', { status: 499, word: 'CANCELLED' }, 'CANCELLED', failed],
  ['a deadline of its own', { status: 504, word: 'DEADLINE_EXCEEDED' }, 'DEADLINE_EXCEEDED', failed],
]

describe("the table of Google's answers", () => {
  for (const [name, said, reason, outcome] of TABLE) {
    it(`${said.status} ${reason}: ${name}`, () => {
      const answer = answerOf(said)
      assert.deepEqual(outcomeOf(answer), { ...outcome, status: said.status, reason })
      assert.ok(isKnownAnswer(answer))
    })
  }

  it('200 with the name of a message is accepted', () => {
    const answer = bare(200, '{"name":"projects/demo-chat/messages/0:1"}')
    assert.deepEqual(outcomeOf(answer), { kind: 'accepted', status: 200 })
    assert.ok(isKnownAnswer(answer))
  })

  it('200 without one is not: a page, nothing, or something else has taken its place', () => {
    for (const body of ['', '{}', '[]', 'null', '<html></html>', '{"name":1}', '{"name":"projec']) {
      const answer = bare(200, body)
      assert.deepEqual(outcomeOf(answer), { ...failed, status: 200, reason: 'HTTP 200' }, body)
      assert.ok(!isKnownAnswer(answer))
    }
  })

  it('waits as long as it is told, by header or in the body', () => {
    const headers = { 'retry-after': '300' }
    const said = { status: 429, word: 'RESOURCE_EXHAUSTED' }
    assert.deepEqual(outcomeOf(answerOf({ ...said, headers })), {
      ...allWait,
      untilMs: NOW + 300_000,
      status: 429,
      reason: 'RESOURCE_EXHAUSTED',
    })
    const alone = outcomeOf(answerOf({ ...said, code: 'QUOTA_EXCEEDED', headers }))
    assert.deepEqual(alone, { ...waitsAlone, untilMs: NOW + 300_000, status: 429, reason: 'QUOTA_EXCEEDED' })
    const more = [rpc('RetryInfo', { retryDelay: '27.5s' })]
    assert.equal((outcomeOf(answerOf({ ...said, more })) as { untilMs?: number }).untilMs, NOW + 27_000)
    const busy = outcomeOf(answerOf({ status: 503, word: 'UNAVAILABLE', headers }))
    assert.equal((busy as { retryAfterMs?: number }).retryAfterMs, 300_000)
  })
})

describe('answers that are not in the table', () => {
  for (const [status, outcome] of [
    [301, blocked],
    [307, blocked],
    [400, rejected],
    [401, blocked],
    [403, blocked],
    [404, blocked],
    [405, rejected],
    [407, blocked],
    [408, failed],
    [413, rejected],
    [429, allWait],
    [500, failed],
    [502, failed],
    [504, failed],
    [204, failed],
  ] as const) {
    it(`a page with status ${status}`, () => {
      const answer = bare(status, '<html><title>Error</title></html>')
      assert.deepEqual(outcomeOf(answer), { ...outcome, status, reason: `HTTP ${status}` })
      assert.ok(!isKnownAnswer(answer))
    })
  }

  it('words that Google has not used yet are told verbatim, and the status decides', () => {
    for (const [status, kind] of [
      [400, 'rejected'],
      [403, 'blocked'],
      [503, 'failed'],
    ] as const) {
      const answer = answerOf({ status, word: 'UNAVAILABLE', code: 'BRAND_NEW' })
      assert.deepEqual([outcomeOf(answer).kind, answer.reason], [kind, 'BRAND_NEW'])
      assert.ok(!isKnownAnswer(answer))
    }
    assert.equal(
      answerOf({ status: 404, word: 'NOT_FOUND', code: 'UNSPECIFIED_ERROR' }).reason,
      'UNSPECIFIED_ERROR',
    )
  })

  it('a text is no word: it might hold a token', () => {
    const token = `${'f'.repeat(22)}:APA91b${'x'.repeat(134)}`
    for (const text of [token, 'two words', '', 'A'.repeat(49), '<b>', '1ST']) {
      assert.equal(answerOf({ status: 400, word: text, code: text }).reason, 'HTTP 400')
    }
    assert.equal(outcomeOf(answerOf({ status: 400, code: '__proto__' })).kind, 'rejected')
    assert.equal(outcomeOf(answerOf({ status: 400, code: 'constructor' })).kind, 'rejected')
  })

  it('a word that is an object, and will not become a text, is none', () => {
    const odd = { toString: 1, valueOf: 1 }
    const violation = { field: odd, subject: odd }
    const details = [
      { '@type': odd },
      rpc('QuotaFailure', { violations: [violation] }),
      rpc('RetryInfo', { retryDelay: odd }),
    ]
    for (const more of [details, [...details, rpc('BadRequest', { fieldViolations: [violation] })]]) {
      const body = JSON.stringify({ error: { status: odd, message: odd, details: more } })
      assert.deepEqual(outcomeOf(bare(400, body)), { kind: 'rejected', status: 400, reason: 'HTTP 400' })
    }
  })

  it('has an outcome for any answer whatever, and a short reason', () => {
    const body = fc.oneof(
      fc.string(),
      fc.jsonValue().map(value => JSON.stringify(value)),
      fc.jsonValue().map(value => JSON.stringify({ error: value })),
      fc
        .jsonValue()
        .map(value => JSON.stringify({ error: { status: value, details: [value, { '@type': value }] } })),
    )
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 999 }), body, (status, text) => {
        const outcome = outcomeOf(bare(status, text))
        assert.ok(OUTCOME_KINDS.includes(outcome.kind))
        assert.ok((outcome.reason ?? '').length <= 64)
      }),
    )
  })
})

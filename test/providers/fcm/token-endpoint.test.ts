import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { createHttp1Client } from '../../../src/http1/create-http1-client.ts'
import type { Http1Request, Http1Result } from '../../../src/http1/http1-client.ts'
import { createTokenEndpoint, type TokenFailure } from '../../../src/providers/fcm/token-endpoint.ts'
import type { HttpAnswer } from '../../../src/simulator/http-fault.ts'
import { startHttpSimulator } from '../../../src/simulator/http-simulator.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { ACCOUNT, askForToken, GRANT_TYPE, startFcm } from '../../support/fcm-simulator.ts'

const NOW = Date.UTC(2026, 0, 15, 12)
const TOKEN_URI = 'https://oauth2.googleapis.com/token'

/** An endpoint that answers so, and what it was asked. */
function rig(result: Http1Result, tokenUri = TOKEN_URI) {
  const asked: Http1Request[] = []
  const client = {
    async request(request: Http1Request) {
      asked.push(request)
      return result
    },
  }
  const account = { ...ACCOUNT, tokenUri }
  return { asked, fetchToken: createTokenEndpoint({ account, client, clock: new FakeClock(NOW) }) }
}

function response({ status, headers = {}, body = '' }: HttpAnswer): Http1Result {
  return { kind: 'response', status, headers, body: Buffer.from(body) }
}

const granted = (more: object = {}) =>
  response({ status: 200, body: JSON.stringify({ access_token: 'ya29.x', expires_in: 3599, ...more }) })

async function failureOf(result: Http1Result): Promise<TokenFailure> {
  const answer = await rig(result).fetchToken()
  assert.ok(!answer.ok)
  return answer.failure
}

describe('the assertion', () => {
  it('is what Google asks for, and verifies with node:crypto', async () => {
    const { asked, fetchToken } = rig(granted())
    await fetchToken()
    const [request] = asked
    assert.deepEqual([request?.method, request?.path], ['POST', '/token'])
    assert.equal(request?.headers['content-type'], 'application/x-www-form-urlencoded')
    const form = new URLSearchParams(request?.body.toString())
    assert.deepEqual([...form.keys()], ['grant_type', 'assertion'])
    assert.equal(form.get('grant_type'), GRANT_TYPE)
    const [head = '', claims = '', signature = ''] = form.get('assertion')?.split('.') ?? []
    const decoded = [head, claims].map(part => JSON.parse(Buffer.from(part, 'base64url').toString()))
    assert.deepEqual(decoded, [
      { alg: 'RS256', typ: 'JWT', kid: ACCOUNT.keyId },
      {
        iss: ACCOUNT.clientEmail,
        scope: 'https://www.googleapis.com/auth/firebase.messaging',
        aud: TOKEN_URI,
        iat: NOW / 1000,
        exp: NOW / 1000 + 3600,
      },
    ])
    const key = createPublicKey(ACCOUNT.publicKey)
    assert.ok(verify('sha256', Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, 'base64url')))
  })

  it('goes where the key file says, and is meant for it', async () => {
    const uri = 'https://proxy.example.org:8443/oauth/token?tenant=1'
    const { asked, fetchToken } = rig(granted(), uri)
    await fetchToken()
    assert.equal(asked[0]?.path, '/oauth/token?tenant=1')
    const [, claims = ''] = new URLSearchParams(asked[0]?.body.toString()).get('assertion')?.split('.') ?? []
    assert.equal(JSON.parse(Buffer.from(claims, 'base64url').toString()).aud, uri)
  })
})

describe('the answer', () => {
  it('an access token, and when it ends', async () => {
    const endOf = async (more: object) => {
      const answer = await rig(granted(more)).fetchToken()
      assert.ok(answer.ok)
      assert.deepEqual([answer.token.value, answer.token.obtainedAt], ['ya29.x', NOW])
      return answer.token.expiresAt - NOW
    }
    assert.equal(await endOf({}), 3_599_000)
    assert.equal(await endOf({ expires_in: undefined }), 3_600_000)
    assert.equal(await endOf({ expires_in: 1e12 }), 86_400_000)
  })

  for (const [name, answer, failure] of [
    [
      'a key that was deleted',
      { status: 400, body: '{"error":"invalid_grant"}' },
      { kind: 'refused', reason: 'invalid_grant' },
    ],
    [
      'an account that may not',
      { status: 401, body: '{"error":"unauthorized_client"}' },
      { kind: 'refused', reason: 'unauthorized_client' },
    ],
    [
      'a word of tomorrow',
      { status: 403, body: '{"error":"brand_new"}' },
      { kind: 'refused', reason: 'brand_new', isUnknown: true },
    ],
    [
      'a passing trouble',
      { status: 400, body: '{"error":"internal_failure"}' },
      { kind: 'unavailable', reason: 'internal_failure' },
    ],
    [
      'too many',
      { status: 429, headers: { 'retry-after': '7' } },
      { kind: 'throttled', reason: 'token endpoint: HTTP 429', isUnknown: true, retryAfterMs: 7000 },
    ],
    [
      'a server error',
      { status: 503, headers: { 'retry-after': '7' } },
      { kind: 'unavailable', reason: 'token endpoint: HTTP 503', isUnknown: true, retryAfterMs: 7000 },
    ],
    [
      'a page for 404',
      { status: 404, body: '<html>' },
      { kind: 'refused', reason: 'token endpoint: HTTP 404', isUnknown: true },
    ],
    [
      'a redirect',
      { status: 302, headers: { location: 'https://evil.example.org' } },
      { kind: 'refused', reason: 'token endpoint: HTTP 302', isUnknown: true },
    ],
    [
      'a page for 200',
      { status: 200, body: '<html>Welcome</html>' },
      { kind: 'unavailable', reason: 'token endpoint: HTTP 200', isUnknown: true },
    ],
    [
      'nothing',
      { status: 200 },
      { kind: 'unavailable', reason: 'token endpoint: HTTP 200', isUnknown: true },
    ],
    [
      'a token that fits no header',
      { status: 200, body: '{"access_token":"a\\r\\nb"}' },
      { kind: 'unavailable', reason: 'token endpoint: HTTP 200', isUnknown: true },
    ],
    [
      'a token that has ended',
      { status: 200, body: '{"access_token":"a","expires_in":0}' },
      { kind: 'unavailable', reason: 'token endpoint: HTTP 200', isUnknown: true },
    ],
    [
      'a text in the place of a word',
      { status: 400, body: '{"error":"ya29.secret token"}' },
      { kind: 'refused', reason: 'token endpoint: HTTP 400', isUnknown: true },
    ],
  ] as const) {
    it(`${name}: ${failure.kind}`, async () => {
      assert.deepEqual(await failureOf(response(answer)), { ...failure, status: answer.status })
    })
  }

  it('none at all: unavailable, whether or not the request was sent', async () => {
    const unreachable = { kind: 'not-processed', reason: 'ECONNREFUSED', isUnreachable: true } as const
    const failure = { kind: 'unavailable', reason: 'token endpoint: ECONNREFUSED' }
    assert.deepEqual(await failureOf(unreachable), failure)
    const reason = 'token endpoint: timeout'
    assert.deepEqual(await failureOf({ kind: 'unknown', reason: 'timeout' }), { ...failure, reason })
  })

  it('invalid_grant under another clock says so', async () => {
    const reasonAt = async (ms: number, error = 'invalid_grant') => {
      const headers = { date: new Date(NOW + ms).toUTCString() }
      return (await failureOf(response({ status: 400, headers, body: JSON.stringify({ error }) }))).reason
    }
    assert.equal(await reasonAt(300_000), 'invalid_grant')
    assert.equal(await reasonAt(301_000), 'invalid_grant (clock is off)')
    assert.equal(await reasonAt(-86_400_000), 'invalid_grant (clock is off)')
    assert.equal(await reasonAt(-86_400_000, 'invalid_scope'), 'invalid_scope')
  })

  it('is one, whatever comes', async () => {
    const body = fc.oneof(
      fc.string(),
      fc.jsonValue().map(value => JSON.stringify(value)),
      fc.jsonValue().map(value => JSON.stringify({ access_token: value, expires_in: value, error: value })),
    )
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 200, max: 599 }), body, async (status, text) => {
        const answer = await rig(response({ status, body: text })).fetchToken()
        assert.ok(answer.ok || /^[\x20-\x7e]{1,100}$/.test(answer.failure.reason))
      }),
      { numRuns: 50 },
    )
  })
})

describe('over the wire', () => {
  async function client(t: TestContext, origin: string, ca: string | undefined) {
    const http1 = createHttp1Client({ origin, tls: { ca }, clock: new FakeClock(NOW), onConnection() {} })
    t.after(() => http1.close())
    return http1
  }

  it('buys a token from a strict stand-in for Google', async t => {
    const clock = new FakeClock(NOW)
    const simulator = await startFcm(t, { clock })
    const { token_uri: tokenUri } = JSON.parse(simulator.serviceAccountFile)
    const http1 = await client(t, simulator.tokenEndpoint.url, simulator.ca)
    const answer = await createTokenEndpoint({ account: { ...ACCOUNT, tokenUri }, client: http1, clock })()
    assert.ok(answer.ok && answer.token.value.startsWith('ya29.'))
    assert.equal((await askForToken(simulator, {})).status, 400)
  })

  it('survives 10 MB, half an answer, and a connection that ends', async t => {
    const server = await startHttpSimulator({ respond: () => ({ status: 200, body: '{' }) })
    t.after(() => server.close())
    const http1 = await client(t, server.url, undefined)
    const account = { ...ACCOUNT, tokenUri: `${server.url}/token` }
    const fetchToken = createTokenEndpoint({ account, client: http1, clock: new FakeClock(NOW) })
    for (const fault of [
      { action: 'answer', status: 200, body: Buffer.alloc(10 * 1024 * 1024, '{"a":[') },
      { action: 'truncate', status: 200 },
      { action: 'reset' },
      { action: 'drop' },
    ] as const) {
      server.faults.replace([{ ...fault, times: 1 }])
      const answer = await fetchToken()
      assert.ok(!answer.ok && answer.failure.kind === 'unavailable', fault.action)
    }
  })
})

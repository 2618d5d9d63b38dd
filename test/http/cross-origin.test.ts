import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { ADMIN_TOKEN, bearer, createTestApp, HOOK_TOKEN, type TestApp } from '../support/test-app.ts'

const ORIGIN = 'https://chat.example.org'
const BOB = '?recipient=bob@localhost'

const openTo = (t: TestContext, ...corsOrigins: string[]) => createTestApp(t, { config: { corsOrigins } })

function preflight({ http }: TestApp, method: string, url: string, origin = ORIGIN) {
  return http.inject({
    method: 'OPTIONS',
    url,
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'authorization,content-type',
    },
  })
}

const CALLS = [
  ['PUT', '/v1/devices/phone1'],
  ['GET', '/v1/devices'],
  ['DELETE', '/v1/devices/phone1'],
  ['POST', '/v1/devices/phone1/test'],
] as const

describe('a page of an origin that is allowed', () => {
  for (const [method, url] of CALLS) {
    it(`may call ${method} ${url}, without credential in the preflight`, async t => {
      const { statusCode, headers, body } = await preflight(await openTo(t, ORIGIN), method, url)
      assert.deepEqual([statusCode, body], [204, ''])
      assert.equal(headers['access-control-allow-origin'], ORIGIN)
      assert.ok(String(headers['access-control-allow-methods']).split(', ').includes(method))
      assert.equal(headers['access-control-allow-headers'], 'authorization, content-type')
      assert.equal(headers['access-control-allow-credentials'], undefined)
    })
  }

  it('reads answers, refusals too', async t => {
    const { http } = await openTo(t, 'https://other.example', ORIGIN)
    for (const [headers, status] of [
      [bearer(ADMIN_TOKEN), 200],
      [bearer('nobody-knows-this-token'), 401],
      [{}, 401],
    ] as const) {
      const answer = await http.inject({ url: `/v1/devices${BOB}`, headers: { ...headers, origin: ORIGIN } })
      assert.equal(answer.statusCode, status)
      assert.equal(answer.headers['access-control-allow-origin'], ORIGIN)
      assert.match(String(answer.headers.vary), /origin/i)
    }
  })

  it('can neither call nor read anything else', async t => {
    const app = await openTo(t, ORIGIN)
    for (const [method, url] of [
      ['POST', '/v1/messages'],
      ['GET', '/v1/messages'],
      ['GET', '/v1/messages/0190b2e4-0000-7000-8000-000000000000'],
      ['POST', '/v1/hooks/mod_interact'],
      ['DELETE', '/v1/recipients/bob@localhost'],
      ['GET', '/metrics'],
      ['GET', '/health'],
      ['GET', '/health/live'],
      ['GET', '/openapi.yaml'],
      ['GET', '/docs'],
      ['GET', '/nowhere'],
    ] as const) {
      const asked = await preflight(app, method, url)
      assert.equal(asked.statusCode, 404, url)
      assert.equal(asked.headers['access-control-allow-origin'], undefined, url)
      for (const token of [ADMIN_TOKEN, HOOK_TOKEN]) {
        const answer = await app.http.inject({ method, url, headers: { ...bearer(token), origin: ORIGIN } })
        assert.equal(answer.headers['access-control-allow-origin'], undefined, url)
      }
    }
  })
})

describe('a page of any other origin', () => {
  it('is told nothing, also when origins are allowed', async t => {
    const app = await openTo(t, ORIGIN)
    for (const origin of ['https://evil.example', 'https://chat.example.org.evil.example', 'null']) {
      const asked = await preflight(app, 'PUT', '/v1/devices/phone1', origin)
      const headers = { ...bearer(ADMIN_TOKEN), origin }
      const answer = await app.http.inject({ url: `/v1/devices${BOB}`, headers })
      assert.equal(asked.headers['access-control-allow-origin'], undefined)
      assert.equal(answer.headers['access-control-allow-origin'], undefined)
    }
  })

  it('finds no route to ask when none is', async t => {
    const app = await createTestApp(t)
    const asked = await preflight(app, 'PUT', '/v1/devices/phone1')
    assert.deepEqual([asked.statusCode, asked.json().code], [404, 'RELAY_NOT_FOUND'])
  })
})

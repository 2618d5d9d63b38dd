import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../support/test-app.ts'

const ORIGIN = 'https://chat.example.org'

test('anybody may ask which providers are on, with what a registration may name', async t => {
  const { http } = await createTestApp(t)
  const response = await http.inject('/v1/providers')
  assert.equal(response.statusCode, 200)
  assert.deepEqual(response.json(), {
    providers: [
      {
        provider: 'apns',
        kinds: ['alert'],
        apps: ['com.example.chat'],
        environments: ['production', 'sandbox'],
      },
    ],
  })
})

test('a page of an origin that is allowed may ask too, another may not', async t => {
  const { http } = await createTestApp(t, { config: { corsOrigins: [ORIGIN] } })
  const allowed = await http.inject({ url: '/v1/providers', headers: { origin: ORIGIN } })
  assert.equal(allowed.headers['access-control-allow-origin'], ORIGIN)
  const other = await http.inject({ url: '/v1/providers', headers: { origin: 'https://evil.example' } })
  assert.notEqual(other.headers['access-control-allow-origin'], 'https://evil.example')
})

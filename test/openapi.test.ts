import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { OPENAPI_FILE, type Operation, openApiDocument } from './support/openapi-document.ts'
import { createTestApp } from './support/test-app.ts'

const { yaml, paths } = await openApiDocument()
const operations: [name: string, operation: Operation][] = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
)

test('openapi.yaml is what the routes say: after a change run `npm run openapi`', () => {
  assert.equal(readFileSync(OPENAPI_FILE, 'utf8'), yaml)
})

test('it describes every route of the contract', () => {
  assert.deepEqual(operations.map(([name]) => name).toSorted(), [
    'delete /v1/devices/{device}',
    'delete /v1/recipients/{jid}',
    'delete /zeropush/channels/{name}',
    'delete /zeropush/register',
    'delete /zeropush/subscribe',
    'delete /zeropush/subscribe/{channel}',
    'delete /zeropush/unregister',
    'get /health',
    'get /health/live',
    'get /metrics',
    'get /openapi.yaml',
    'get /v1/devices',
    'get /v1/messages',
    'get /v1/messages/{id}',
    'get /v1/providers',
    'get /zeropush/channels',
    'get /zeropush/channels/{name}',
    'get /zeropush/devices',
    'get /zeropush/devices/{token}',
    'get /zeropush/inactive_tokens',
    'get /zeropush/verify_credentials',
    'patch /zeropush/devices/{token}',
    'post /v1/devices/{device}/test',
    'post /v1/hooks/{dialect}',
    'post /v1/messages',
    'post /v1/messages/{id}/requeue',
    'post /zeropush/broadcast',
    'post /zeropush/broadcast/{channel}',
    'post /zeropush/notify',
    'post /zeropush/register',
    'post /zeropush/set_badge',
    'post /zeropush/subscribe',
    'post /zeropush/subscribe/{channel}',
    'put /v1/devices/{device}',
    'put /zeropush/devices/{token}',
  ])
})

test('every operation has a name, a summary, a tag, its credential and every answer', () => {
  const names = operations.map(([, { operationId }]) => operationId)
  assert.equal(new Set(names).size, operations.length)
  for (const [name, { operationId, summary, tags, security, responses }] of operations) {
    assert.ok(operationId && summary && tags?.length === 1 && security, name)
    const statuses = Object.keys(responses)
    assert.ok(statuses.includes('500') && statuses.includes('503'), name)
    const isPublic = security.length === 0 || security.some(scheme => Object.keys(scheme).length === 0)
    assert.ok(isPublic || (statuses.includes('401') && statuses.includes('429')), name)
    for (const { description } of Object.values(responses))
      assert.notEqual(description, 'Default Response', name)
  }
})

test('it has no dangling reference, no anchor and no example that OpenAPI 3.0 does not know', () => {
  const defined = [...yaml.matchAll(/^ {4}(\w+):$/gm)].map(([, name]) => name)
  const used = [...yaml.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name)
  assert.deepEqual(
    [...new Set(used)].filter(name => !defined.includes(name)),
    [],
  )
  assert.doesNotMatch(yaml, /[&*]a\d+|examples:|def-\d/)
})

test('the relay serves it, and a page to read it', async t => {
  const { http } = await createTestApp(t)
  const served = await http.inject('/openapi.yaml')
  assert.equal(served.statusCode, 200)
  assert.match(String(served.headers['content-type']), /^application\/yaml/)
  assert.match(served.body, /operationId: registerDevice/)
  const page = await http.inject('/docs')
  assert.equal(page.statusCode, 200)
  assert.match(page.body, /Swagger UI/)
  const policy = String(page.headers['content-security-policy'])
  assert.match(policy, /default-src 'self'/)
  assert.doesNotMatch(policy, /upgrade-insecure-requests/)
  const script = await http.inject('/docs/static/swagger-initializer.js')
  assert.equal(script.statusCode, 200)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newMessageId } from '../../src/domain/message-id.ts'
import { registerPhone } from '../support/requests.ts'
import {
  ADMIN_TOKEN,
  BOUND_TOKEN,
  bearer,
  createTestApp,
  HOOK_TOKEN,
  type TestApp,
} from '../support/test-app.ts'

function call(app: TestApp, method: 'GET' | 'POST' | 'DELETE', url: string, as = ADMIN_TOKEN) {
  return app.http.inject({ method, url, headers: bearer(as) })
}

async function post(app: TestApp, to: string): Promise<string> {
  const payload = { to, from: 'alice@localhost', body: 'hi' }
  const response = await app.http.inject({
    method: 'POST',
    url: '/v1/messages',
    headers: bearer(HOOK_TOKEN),
    payload,
  })
  return response.json().id
}

test('a trace tells what became of a message', async t => {
  const app = await createTestApp(t)
  const id = await post(app, 'Bob@localhost/phone')
  const response = await call(app, 'GET', `/v1/messages/${id}`)
  assert.equal(response.statusCode, 200)
  const { receivedAt, expiresAt, settledAt, steps, ...rest } = response.json()
  assert.deepEqual(rest, {
    id,
    state: 'ignored',
    reason: 'no-device',
    recipient: 'bob@localhost',
    sender: 'alice@localhost',
    type: 'chat',
    deliveries: [],
  })
  for (const instant of [receivedAt, expiresAt, settledAt, steps[0].at]) {
    assert.match(instant, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  }
  assert.equal(steps[0].step, 'received')
})

test('a trace shows every delivery with its attempts, and neither text nor token', async t => {
  const app = await createTestApp(t)
  await registerPhone(app, 'bob@localhost')
  const id = await post(app, 'bob@localhost')
  const at = Date.UTC(2026, 0, 31, 12)
  const attempt = {
    number: 1,
    at,
    outcome: 'failed',
    status: 503,
    reason: 'Shutdown',
    durationMs: 7,
  } as const
  await app.store.settle({
    messageId: id,
    recipient: 'bob@localhost',
    round: 'first',
    at,
    results: [
      {
        record: {
          id: newMessageId(),
          device: 'phone1',
          kind: 'alert',
          provider: 'apns',
          app: 'com.example.chat',
          state: 'pending',
          reason: 'Shutdown',
          attemptCount: 1,
          crashCount: 0,
          attempts: [{ ...attempt, environment: 'production' }],
        },
        wait: { scope: 'apns/production', runAt: at + 5000 },
      },
    ],
  })
  const trace = (await call(app, 'GET', `/v1/messages/${id}`)).json()
  const [{ id: deliveryId, ...delivery }] = trace.deliveries
  assert.ok(deliveryId)
  assert.equal(trace.state, 'pending')
  assert.deepEqual(delivery, {
    device: 'phone1',
    kind: 'alert',
    provider: 'apns',
    app: 'com.example.chat',
    state: 'pending',
    reason: 'Shutdown',
    attemptCount: 1,
    nextAttemptAt: '2026-01-31T12:00:05.000Z',
    attempts: [{ ...attempt, at: '2026-01-31T12:00:00.000Z', environment: 'production' }],
  })
})

test('the list is newest first, filtered, and read page by page', async t => {
  const app = await createTestApp(t)
  const ids = [
    await post(app, 'bob'),
    await post(app, 'carol'),
    await post(app, 'bob'),
    await post(app, 'bob'),
  ]
  const page = async (query: string) => {
    const { messages, next } = (await call(app, 'GET', `/v1/messages${query}`)).json()
    return { ids: messages.map(({ id }: { id: string }) => id), next }
  }
  assert.deepEqual(await page(''), { ids: ids.toReversed(), next: undefined })
  assert.deepEqual(await page('?recipient=CAROL@localhost'), { ids: [ids[1]], next: undefined })
  assert.deepEqual(await page('?recipient=carol'), { ids: [ids[1]], next: undefined })
  assert.deepEqual(await page('?state=pending'), { ids: [], next: undefined })
  const first = await page('?recipient=bob@localhost&limit=2')
  assert.deepEqual(first, { ids: [ids[3], ids[2]], next: ids[2] })
  assert.deepEqual(await page(`?recipient=bob@localhost&limit=2&before=${first.next}`), {
    ids: [ids[0]],
    next: undefined,
  })
})

test('wrong queries are 400, unknown messages 404', async t => {
  const app = await createTestApp(t)
  for (const query of ['limit=0', 'limit=201', 'limit=x', 'state=lost', 'before=x', 'recipient=']) {
    const response = await call(app, 'GET', `/v1/messages?${query}`)
    assert.deepEqual([response.statusCode, response.json().code], [400, 'RELAY_INVALID_REQUEST'], query)
  }
  const misspelt = await call(app, 'GET', '/v1/messages?recipent=bob@localhost')
  assert.deepEqual(
    [misspelt.statusCode, misspelt.json().message],
    [400, 'The request is not valid: querystring has an unknown property: recipent'],
  )
  const id = newMessageId()
  for (const response of [
    await call(app, 'GET', `/v1/messages/${id}`),
    await call(app, 'POST', `/v1/messages/${id}/requeue`),
  ]) {
    assert.deepEqual([response.statusCode, response.json().code], [404, 'RELAY_UNKNOWN_MESSAGE'])
  }
  assert.equal((await call(app, 'GET', '/v1/messages/17')).statusCode, 400)
})

test('requeue answers for each case, and wakes the dispatcher only when something was revived', async t => {
  let answer: 'requeued' | 'expired' | 'not-dead' | 'unknown' = 'requeued'
  const app = await createTestApp(t, { store: { requeue: async () => answer } })
  const id = newMessageId()
  const requeue = () => call(app, 'POST', `/v1/messages/${id}/requeue`)
  const requeued = await requeue()
  assert.deepEqual([requeued.statusCode, requeued.json()], [202, { id, status: 'requeued' }])
  const refusals = { expired: 409, 'not-dead': 409, unknown: 404 } as const
  const codes: string[] = []
  for (const [status, expected] of Object.entries(refusals) as [keyof typeof refusals, number][]) {
    answer = status
    const response = await requeue()
    assert.equal(response.statusCode, expected)
    codes.push(response.json().code)
  }
  assert.deepEqual(codes, ['RELAY_EXPIRED', 'RELAY_NOT_DEAD', 'RELAY_UNKNOWN_MESSAGE'])
  assert.equal(app.requeues, 1)
})

test('only an admin token opens these', async t => {
  const app = await createTestApp(t)
  for (const url of ['/v1/messages', `/v1/messages/${newMessageId()}`, '/metrics']) {
    assert.equal((await call(app, 'GET', url, HOOK_TOKEN)).statusCode, 401)
    assert.equal((await app.http.inject(url)).statusCode, 401)
    assert.equal((await app.http.inject(`${url}?access_token=${ADMIN_TOKEN}`)).statusCode, 401)
  }
})

test('an account that is gone takes all its phones along', async t => {
  const app = await createTestApp(t)
  const left = async (recipient: string) => (await app.store.registrations(recipient)).length
  await registerPhone(app, 'bob@example.org', 'phone1', 'ab'.repeat(32))
  await registerPhone(app, 'bob@example.org', 'phone2', 'cd'.repeat(32))
  await registerPhone(app, 'bob@localhost', 'phone3', 'ef'.repeat(32))
  const remove = (jid: string, as: string) =>
    call(app, 'DELETE', `/v1/recipients/${encodeURIComponent(jid)}`, as)
  assert.equal((await remove('Bob@Example.org', BOUND_TOKEN)).statusCode, 204)
  assert.equal(await left('bob@example.org'), 0)
  const foreign = await remove('bob@localhost', BOUND_TOKEN)
  assert.deepEqual([foreign.statusCode, foreign.json().code], [403, 'RELAY_WRONG_DOMAIN'])
  const unbound = await remove('bob@localhost', HOOK_TOKEN)
  assert.deepEqual([unbound.statusCode, unbound.json().code], [403, 'RELAY_WRONG_DOMAIN'])
  assert.equal(await left('bob@localhost'), 1)
  assert.equal((await remove('bob@localhost', ADMIN_TOKEN)).statusCode, 204)
  assert.equal((await remove('two words', ADMIN_TOKEN)).json().code, 'RELAY_INVALID_JID')
  assert.equal((await remove('bob@localhost', 'wrong')).statusCode, 401)
})

test('a recipient with the longest JID that there is can be named in a path', async t => {
  const app = await createTestApp(t)
  const jid = `${'é'.repeat(511)}@localhost`
  const response = await call(app, 'DELETE', `/v1/recipients/${encodeURIComponent(jid)}`)
  assert.equal(response.statusCode, 204)
})

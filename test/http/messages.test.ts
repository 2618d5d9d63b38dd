import assert from 'node:assert/strict'
import { test } from 'node:test'
import { registerPhone } from '../support/requests.ts'
import { bearer, createTestApp, HOOK_TOKEN, type TestApp } from '../support/test-app.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const JSON_TYPE = { 'content-type': 'application/json' }
const message = { to: 'bob@localhost', from: 'alice@localhost', body: 'See you at eight?' }

function post(app: TestApp, payload: object | string, headers: object = {}) {
  return app.http.inject({
    method: 'POST',
    url: '/v1/messages',
    headers: { ...bearer(HOOK_TOKEN), ...headers },
    payload,
  })
}

test('a message is on disk before 202, and on its way to the dispatcher', async t => {
  const app = await createTestApp(t)
  await registerPhone(app, 'bob@localhost')
  const response = await post(app, message)
  assert.equal(response.statusCode, 202)
  const { id, status } = response.json()
  assert.equal(status, 'queued')
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.equal((await app.store.message(id))?.recipient, 'bob@localhost')
  assert.deepEqual(
    app.handedOff.map(({ content }) => [content.recipient, content.sender, content.body]),
    [['bob@localhost', 'alice@localhost', 'See you at eight?']],
  )
})

test('a message for someone without a device is ignored, and says why', async t => {
  const app = await createTestApp(t)
  const response = await post(app, message)
  assert.equal(response.statusCode, 202)
  const { id, ...rest } = response.json()
  assert.deepEqual(rest, { status: 'ignored', reason: 'no-device' })
  assert.ok(id)
})

test('chat states and headlines are ignored', async t => {
  const app = await createTestApp(t)
  await registerPhone(app, 'bob@localhost')
  const response = await post(app, [
    { ...message, body: ' \n' },
    { ...message, type: 'headline' },
    { ...message, type: 'error' },
  ])
  const reasons = response.json().results.map((result: { reason: string }) => result.reason)
  assert.deepEqual(reasons, ['empty-body', 'headline', 'error'])
  assert.equal(app.handedOff.length, 0)
})

test('the same stanza posted twice is one message; with another text, or without an id, it is not', async t => {
  const app = await createTestApp(t)
  await registerPhone(app, 'bob@localhost')
  const first = (await post(app, { ...message, id: 's1' })).json()
  const second = (await post(app, { ...message, id: 's1' })).json()
  const other = (await post(app, { ...message, id: 's1', body: 'another' })).json()
  const anonymous = [(await post(app, message)).json(), (await post(app, { ...message, id: '' })).json()]
  assert.deepEqual(second, { id: first.id, status: 'duplicate' })
  assert.deepEqual([other.status, ...anonymous.map(({ status }) => status)], ['queued', 'queued', 'queued'])
})

test('a form is one message', async t => {
  const app = await createTestApp(t)
  await registerPhone(app, 'bob@localhost')
  const response = await post(
    app,
    'to=bob&from=alice%40localhost%2Fphone&body=50%25+%26+more+%F0%9F%91%8D',
    FORM,
  )
  assert.equal(response.statusCode, 202)
  assert.deepEqual(
    app.handedOff.map(({ content }) => [content.recipient, content.sender, content.body]),
    [['bob@localhost', 'alice@localhost', '50% & more 👍']],
  )
})

test('an array is answered in order, and a bad entry spoils no other', async t => {
  const app = await createTestApp(t)
  await registerPhone(app, 'bob@localhost')
  const response = await post(app, [message, { from: 'alice@localhost', body: 'x' }, 'text', message])
  assert.equal(response.statusCode, 202)
  const results: { status: string; code?: string }[] = response.json().results
  assert.deepEqual(
    results.map(({ status, code }) => [status, code]),
    [
      ['queued', undefined],
      ['invalid', 'RELAY_INVALID_TO'],
      ['invalid', 'RELAY_INVALID_MESSAGE'],
      ['queued', undefined],
    ],
  )
  assert.equal(app.handedOff.length, 2)
})

test('1000 entries are one commit; 1001 are refused as a whole', async t => {
  const app = await createTestApp(t)
  const batch = Array.from({ length: 1001 }, (_, index) => ({ ...message, id: `s${index}` }))
  const commits: number[] = []
  app.events.on('store.commit', ({ operations }) => commits.push(operations))
  const accepted = await post(app, batch.slice(1))
  assert.equal(accepted.json().results.length, 1000)
  assert.equal(commits.length, 1)
  const refused = await post(app, batch)
  assert.equal(refused.statusCode, 400)
  assert.equal(refused.json().code, 'RELAY_MALFORMED_BODY')
  assert.equal(commits.length, 1)
})

async function notesOf(app: TestApp, response: { json(): { id: string } }): Promise<string[]> {
  const trace = await app.store.message(response.json().id)
  return (trace?.steps ?? []).flatMap(({ step, detail }) => (step === 'noted' ? [String(detail)] : []))
}

test('optional fields of the wrong type never lose a message, and the trace names what became of them', async t => {
  const app = await createTestApp(t)
  await registerPhone(app, 'bob@localhost')
  const response = await post(app, {
    ...message,
    id: 17,
    type: ['chat'],
    nick: { a: 1 },
    room: 5,
    thread: null,
    unread: 'many',
    sentAt: 'yesterday',
    encrypted: 'perhaps',
    unknown: true,
  })
  assert.equal(response.json().status, 'queued')
  assert.equal(app.handedOff[0]?.content.type, 'chat')
  assert.deepEqual((await notesOf(app, response)).toSorted(), [
    'encrypted dropped',
    'id coerced',
    'nick dropped',
    'room coerced',
    'sentAt dropped',
    'type read as chat',
    'unread dropped',
  ])
})

test('what is text in JSON and should not be is noted; in a form everything is text', async t => {
  const app = await createTestApp(t)
  await registerPhone(app, 'bob@localhost')
  const fields = { ...message, unread: '3', encrypted: 'false', sentAt: '2026-08-03T10:00:00Z' }
  const asJson = await post(app, fields)
  const asForm = await post(app, new URLSearchParams(fields).toString(), FORM)
  assert.deepEqual((await notesOf(app, asJson)).toSorted(), ['encrypted coerced', 'unread coerced'])
  assert.deepEqual(await notesOf(app, asForm), [])
  assert.deepEqual(
    app.handedOff.map(({ content }) => [content.unread, content.encrypted]),
    [
      [3, false],
      [3, false],
    ],
  )
})

test('without XMPP domain a local part alone is refused', async t => {
  const app = await createTestApp(t, { config: { xmppDomain: undefined } })
  const response = await post(app, { ...message, to: 'bob' })
  assert.deepEqual([response.statusCode, response.json().code], [400, 'RELAY_INVALID_TO'])
})

test('bodies of other types are 415, and no body at all is 400', async t => {
  const app = await createTestApp(t)
  for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/xml', 'nonsense']) {
    const response = await post(app, 'to=bob&from=alice&body=hi', { 'content-type': type })
    assert.deepEqual([response.statusCode, response.json().code], [415, 'RELAY_UNSUPPORTED_MEDIA_TYPE'], type)
  }
  for (const headers of [{}, JSON_TYPE, FORM]) {
    const response = await post(app, '', headers)
    assert.equal(response.statusCode, 400)
  }
})

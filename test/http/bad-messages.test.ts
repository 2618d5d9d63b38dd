import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MessageContent } from '../../src/domain/offline-message.ts'
import { assertNothingHappened, registerPhone } from '../support/requests.ts'
import { bearer, createTestApp, HOOK_TOKEN, type TestApp } from '../support/test-app.ts'

const JSON_TYPE = 'application/json'
const FORM = 'application/x-www-form-urlencoded'
const message = { to: 'bob@localhost', from: 'alice@localhost', body: 'hi' }

function post(app: TestApp, payload: string | Buffer, contentType = JSON_TYPE) {
  return app.http.inject({
    method: 'POST',
    url: '/v1/messages',
    headers: { ...bearer(HOOK_TOKEN), 'content-type': contentType },
    payload,
  })
}

test('what cannot be read is 400 and repeats nothing', async t => {
  const app = await createTestApp(t)
  const bodies: [string, string | Buffer, string?][] = [
    ['empty', ''],
    ['broken', '{"to":"bob-secret'],
    ['trailing', `${JSON.stringify(message)},`],
    ['a string', '"bob-secret"'],
    ['null', 'null'],
    ['a number', '17'],
    ['an empty array', '[]'],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
    ['UTF-16', Buffer.from(JSON.stringify(message), 'utf16le')],
    ['deep', `${'['.repeat(100_000)}`],
    ['form, not UTF-8', 'to=bob&from=alice&body=%ff', FORM],
    ['form, to twice', 'to=bob&from=alice&body=x&to=carol', FORM],
    ['form, from twice', 'to=bob&from=alice&body=x&from=ceo', FORM],
    ['form, body twice', 'to=bob&from=alice&body=x&body=y', FORM],
    ['form, 1001 fields', `to=bob&from=alice&body=x${'&a='.repeat(1000)}`, FORM],
  ]
  for (const [name, body, contentType] of bodies) {
    const response = await post(app, body, contentType)
    assert.equal(response.statusCode, 400, name)
    assert.equal(response.json().code, 'RELAY_MALFORMED_BODY', name)
    assert.doesNotMatch(response.body, /secret|carol|ceo/, name)
  }
  await assertNothingHappened(app)
})

test('to, from and body of the wrong shape are 400 with a code of their own', async t => {
  const app = await createTestApp(t)
  const longPart = 'a'.repeat(1024)
  const wrong: [string, object][] = [
    ['TO', { from: 'a@x', body: 'b' }],
    ['TO', { ...message, to: '' }],
    ['TO', { ...message, to: 17 }],
    ['TO', { ...message, to: ['bob@localhost'] }],
    ['TO', { ...message, to: null }],
    ['TO', { ...message, to: 'two words@localhost' }],
    ['TO', { ...message, to: 'bob@' }],
    ['TO', { ...message, to: '@localhost' }],
    ['TO', { ...message, to: 'bob@local\u0000host' }],
    ['TO', { ...message, to: `${longPart}@localhost` }],
    ['TO', { ...message, to: `bob@${longPart}` }],
    ['TO', { ...message, to: `bob@localhost/${longPart}` }],
    ['FROM', { to: 'bob@localhost', body: 'b' }],
    ['FROM', { ...message, from: { jid: 'alice' } }],
    ['FROM', { ...message, from: 'al"ice@localhost' }],
    ['BODY', { to: 'bob@localhost', from: 'alice@localhost' }],
    ['BODY', { ...message, body: 17 }],
    ['BODY', { ...message, body: ['hi'] }],
    ['BODY', { ...message, body: null }],
  ]
  for (const [field, body] of wrong) {
    const response = await post(app, JSON.stringify(body))
    const name = JSON.stringify(body).slice(0, 80)
    assert.deepEqual([response.statusCode, response.json().code], [400, `RELAY_INVALID_${field}`], name)
    assert.ok(response.body.length < 250, 'repeats what was sent')
  }
  await assertNothingHappened(app)
})

test('JIDs are compared in their normalised form', async t => {
  const app = await createTestApp(t)
  const part = 'b'.repeat(1023)
  await registerPhone(app, 'bob@bücher.example')
  await registerPhone(app, `${part}@localhost`, 'phone2', 'cd'.repeat(32))
  for (const to of ['Bob@BÜCHER.example/Phone 1', 'bob@xn--bcher-kva.example', `${part}@localhost/${part}`]) {
    const response = await post(app, JSON.stringify({ ...message, to }))
    assert.equal(response.json().status, 'queued', to.slice(0, 40))
  }
})

test('every text arrives as it was sent, in JSON and in a form', async t => {
  const app = await createTestApp(t)
  await registerPhone(app, 'bob@localhost')
  const texts = [
    'x&to=carol&from=ceo',
    `x&access_token=${HOOK_TOKEN}`,
    '100% + 50%25 %zz %',
    'two\nlines\r\nand\ttab',
    '👩‍👩‍👧‍👦 é ﷺ',
    '\u202eright to left\u202c שלום',
    '"quoted" \\ \' <b>',
  ]
  for (const body of texts) {
    await post(app, JSON.stringify({ ...message, body }))
    await post(app, new URLSearchParams({ ...message, body }).toString(), FORM)
  }
  assert.deepEqual(
    app.handedOff.map(({ content }) => content.body),
    texts.flatMap(text => [text, text]),
  )
  assert.ok(app.handedOff.every(({ content }) => content.sender === 'alice@localhost'))
})

const SPECIAL = [
  '100%',
  '%41',
  'a+b',
  'a&to=carol&from=ceo',
  'a=b',
  '👩‍👩‍👧‍👦 é',
  '\u202egnp.exe',
  'שלום مرحبا',
  '"\\{}',
]

for (const field of ['nick', 'room', 'thread', 'id'] as const) {
  test(`${field} arrives as it was sent, in JSON and in a form; a line break or a NUL becomes a space`, async t => {
    const app = await createTestApp(t)
    await registerPhone(app, 'bob@localhost')
    for (const [text, expected] of [...SPECIAL.map(same => [same, same]), ['a\nb\0c\r\n', 'a b c  ']]) {
      // Bodies differ, so that an id that comes twice is no duplicate.
      const inJson = { ...message, body: `json ${text}`, [field]: text }
      const inForm = { ...message, body: `form ${text}`, [field]: text }
      await post(app, JSON.stringify(inJson))
      await post(app, new URLSearchParams(inForm).toString(), FORM)
      assert.deepEqual(
        app.handedOff
          .splice(0)
          .map(({ content }) => [content.recipient, content.sender, fieldOf(content, field)]),
        Array(2).fill(['bob@localhost', 'alice@localhost', expected]),
      )
    }
  })
}

function fieldOf(content: MessageContent, field: 'nick' | 'room' | 'thread' | 'id'): string | undefined {
  return content[field === 'id' ? 'stanzaId' : field]
}

test('NUL becomes U+FFFD, and a text is kept to 8 KiB', async t => {
  const app = await createTestApp(t)
  await registerPhone(app, 'bob@localhost')
  await post(app, JSON.stringify({ ...message, body: 'a\u0000b' }))
  await post(app, JSON.stringify({ ...message, body: 'é'.repeat(1_000_000) }))
  assert.equal(app.handedOff[0]?.content.body, 'a\ufffdb')
  assert.equal(app.handedOff[1]?.content.body, 'é'.repeat(4096))
})

test('a body beyond 4 MiB is 413, whoever sends it', async t => {
  const app = await createTestApp(t)
  const response = await post(app, JSON.stringify({ ...message, body: 'x'.repeat(4 * 1024 * 1024) }))
  assert.deepEqual([response.statusCode, response.json().code], [413, 'RELAY_BODY_TOO_LARGE'])
  await assertNothingHappened(app)
})

test('keys that a prototype has are not fields', async t => {
  const app = await createTestApp(t)
  const response = await post(app, `{"__proto__":${JSON.stringify(message)}}`)
  assert.deepEqual([response.statusCode, response.json().code], [400, 'RELAY_INVALID_TO'])
  await assertNothingHappened(app)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DirectContent } from '../../../src/domain/direct-content.ts'
import { buildNotification } from '../../../src/domain/notification.ts'
import type { MessageContent } from '../../../src/domain/offline-message.ts'
import type { Preview } from '../../../src/domain/registration.ts'
import { encodeDirect } from '../../../src/providers/fcm/direct-payload.ts'
import { encodeRequest, type PayloadKind } from '../../../src/providers/fcm/payload.ts'
import { isSentMessage, readMessage } from '../../../src/simulator/fcm/message-rules.ts'

const ID = '019a0000-0000-7000-8000-000000000001'
const SETTINGS = { preview: 'full', previewText: 'New message', hashKey: 'k' } as const

interface How {
  body?: string
  unread?: number
  kind?: PayloadKind
  preview?: Preview
}

/** As Google reads it. */
function sent(direct: DirectContent, { kind = 'notification', preview = 'full', ...said }: How = {}) {
  const content = {
    ...{ recipient: 'x@zeropush.invalid', sender: 'zeropush.invalid', type: 'normal', encrypted: false },
    ...said,
    direct,
  } as MessageContent
  const notification = buildNotification(ID, content, preview, SETTINGS)
  assert(notification.direct)
  const bytes = encodeRequest('token', 60, encodeDirect(notification, notification.direct, kind))
  const read = readMessage(bytes)
  assert(isSentMessage(read), JSON.stringify(read))
  const { token: _token, isDryRun: _isDryRun, ...message } = read
  const { ttl: _ttl, ...android } = message.android
  return { ...message, android }
}

const DATA = { alert: 'hello', title: 'Test', user_id: 5, nested: { a: 1 } }

test('an app that was given data gets that, as texts, and nothing else', () => {
  const expected = {
    data: { alert: 'hello', title: 'Test', user_id: '5', nested: '{"a":1}' },
    android: { priority: 'HIGH', collapseKey: 'friend_request' },
  }
  for (const kind of ['notification', 'data'] as const) {
    assert.deepEqual(
      sent({ data: DATA, title: 'Test', collapseKey: 'friend_request' }, { kind, body: 'hello' }),
      expected,
    )
  }
  const { android } = sent({ data: { user_id: 5 } })
  assert.deepEqual(android, { priority: 'NORMAL' }, 'nothing in it is to be shown')
})

test("Google's own keys are left out, because one would cost the message", () => {
  const { data } = sent(
    {
      data: { from: 'alice', google: 1, 'google\n': 1, gcm_x: 1, message_type: 'x', kept: 'y', from_us: 'z' },
    },
    { body: 'x' },
  )
  assert.deepEqual(data, { kept: 'y', from_us: 'z' })
})

test('the text stays, though the data of the app takes more room in JSON than Google counts', () => {
  const kinds = ['notification', 'data'] as const
  for (const info of [
    { quotes: '"'.repeat(1500) },
    { ids: Array.from({ length: 500 }, (_, id) => `x${id % 9}`) },
  ]) {
    const said = kinds.map(kind => sent({ info }, { body: 'Dinner at eight?', kind }))
    assert.deepEqual(
      said.map(({ notification, data }) => notification?.body ?? data.alert),
      Array(2).fill('Dinner at eight?'),
    )
    const [{ notification: long } = {}] = [sent({ info }, { body: '"'.repeat(8000) })]
    assert.ok(String(long?.body).length > 200)
  }
})

test('a text is drawn by Android, or said to an app that always draws', () => {
  const said = { sound: 'default', info: { from: 'alice' } }
  assert.deepEqual(sent(said, { body: 'Hi', unread: 2 }), {
    notification: { body: 'Hi' },
    data: { info: '{"from":"alice"}' },
    android: { priority: 'HIGH', notification: { tag: ID, sound: 'default', notificationCount: 2 } },
  })
  assert.deepEqual(sent({ ...said, title: 'T' }, { body: 'Hi', unread: 2, kind: 'data' }), {
    data: { title: 'T', alert: 'Hi', badge: '2', sound: 'default', info: '{"from":"alice"}' },
    android: { priority: 'HIGH' },
  })
  assert.deepEqual(sent({ title: 'T' }).notification, { title: 'T' })
})

test('what nobody sees', () => {
  assert.deepEqual(sent({ contentAvailable: true }), {
    data: { content_available: 'true' },
    android: { priority: 'NORMAL' },
  })
  assert.deepEqual(sent({}, { unread: 0 }).data, { badge: '0' })
})

test('what is hidden is not in it', () => {
  const said = {
    data: { text: 'secret' },
    info: { from: 'alice', text: 'secret' },
    title: 'secret',
    sound: 'alice',
  }
  const sender = sent(said, { body: 'secret', preview: 'sender' })
  assert.deepEqual(
    [sender.notification, sender.data],
    [{ body: 'New message' }, { info: '{"from":"alice"}' }],
  )
  const none = sent(said, { body: 'secret', preview: 'none' })
  assert.doesNotMatch(JSON.stringify(none), /secret|alice/)
})

test('no content makes a message that Google refuses', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 300 })
  const custom = fc.dictionary(fc.string({ maxLength: 20 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 10 })
  const direct = fc.record(
    { title: text, sound: text, contentAvailable: fc.constant(true as const), info: custom, data: custom },
    { requiredKeys: [] },
  )
  const body = fc.option(fc.string({ unit: 'grapheme', maxLength: 3000 }), { nil: undefined })
  const kind = fc.constantFrom<PayloadKind[]>('notification', 'data')
  fc.assert(
    fc.property(
      direct,
      body,
      kind,
      fc.constantFrom<Preview[]>('full', 'sender', 'none'),
      (said, words, how, preview) => {
        fc.pre(Buffer.byteLength(JSON.stringify({ ...said, title: undefined })) <= 3072)
        sent(said, { kind: how, preview, ...(words === undefined ? {} : { body: words }) })
      },
    ),
    { numRuns: 300 },
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DirectContent } from '../../../src/domain/direct-content.ts'
import { buildNotification } from '../../../src/domain/notification.ts'
import type { MessageContent } from '../../../src/domain/offline-message.ts'
import type { Preview } from '../../../src/domain/registration.ts'
import { encodePayload, MAX_PAYLOAD_BYTES } from '../../../src/providers/apns/payload.ts'
import { checkPayload } from '../../../src/simulator/apns/payload-rules.ts'

const SETTINGS = { preview: 'full', previewText: 'New message', hashKey: 'k' } as const
type Said = Pick<MessageContent, 'body' | 'unread'>

function notificationOf(direct: DirectContent, said: Partial<Said> = {}, preview: Preview = 'full') {
  const content = {
    ...{ recipient: 'x@zeropush.invalid', sender: 'zeropush.invalid', type: 'normal', encrypted: false },
    ...said,
    direct,
  } as MessageContent
  return buildNotification('019a0000-0000-7000-8000-000000000001', content, preview, SETTINGS)
}

function payloadOf(direct: DirectContent, said: Partial<Said> = {}, preview: Preview = 'full') {
  const notification = notificationOf(direct, said, preview)
  const bytes = encodePayload(notification)
  assert.ok(bytes.length <= MAX_PAYLOAD_BYTES)
  const pushType = notification.direct?.isSilent ? 'background' : 'alert'
  assert.equal(checkPayload(bytes, pushType), undefined)
  return JSON.parse(bytes.toString())
}

test('what the service sent, key by key', () => {
  const modZeropush = payloadOf({ sound: 'default', info: { from: 'alice' } }, { body: 'Hi', unread: 2 })
  assert.deepEqual(modZeropush, { aps: { alert: 'Hi', badge: 2, sound: 'default' }, info: { from: 'alice' } })
  assert.deepEqual(payloadOf({ title: 'T' }, { body: 'B' }), { aps: { alert: { title: 'T', body: 'B' } } })
  assert.deepEqual(payloadOf({ alert: { 'loc-key': 'K', 'loc-args': ['a'] }, category: 'C' }), {
    aps: { alert: { 'loc-key': 'K', 'loc-args': ['a'] }, category: 'C' },
  })
  assert.deepEqual(payloadOf({ contentAvailable: true, sound: 's' }), {
    aps: { 'content-available': 1, sound: 's' },
  })
  assert.deepEqual(payloadOf({ data: { a: 1, info: 'other' }, info: { b: 2 } }, { unread: 0 }), {
    aps: { badge: 0 },
    a: 1,
    info: { b: 2 },
  })
})

test('what nobody sees goes in the background', () => {
  assert.deepEqual(payloadOf({ contentAvailable: true }), { aps: { 'content-available': 1 } })
  assert.deepEqual(payloadOf({ data: { a: 1 } }), { aps: { 'content-available': 1 }, a: 1 })
})

test('the text makes way when all does not fit, and ends between characters', () => {
  const info = { a: 'x'.repeat(2900) }
  const { aps } = payloadOf({ title: 'T'.repeat(1000), info }, { body: '👩‍👩‍👧'.repeat(500) })
  assert.match(aps.alert.body, /^(👩‍👩‍👧)+…$/u)
  const plain = payloadOf({ info }, { body: 'é"'.repeat(3000) })
  assert.ok(plain.aps.alert.length > 300 && plain.aps.alert.endsWith('…'))
})

test('no content makes a payload that is too long, or that Apple would not take', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 300 })
  const direct = fc.record(
    {
      title: text,
      alert: fc.record(
        { 'loc-key': text, 'loc-args': fc.array(text, { maxLength: 2 }) },
        { requiredKeys: [] },
      ),
      sound: text,
      category: text,
      contentAvailable: fc.constant(true as const),
      info: fc.dictionary(fc.string({ maxLength: 20 }), fc.string({ maxLength: 50 }), { maxKeys: 20 }),
      data: fc.dictionary(fc.string({ maxLength: 20 }), fc.string({ maxLength: 50 }), { maxKeys: 5 }),
    },
    { requiredKeys: [] },
  )
  const body = fc.option(fc.string({ unit: 'grapheme', maxLength: 3000 }), { nil: undefined })
  const preview = fc.constantFrom<Preview[]>('full', 'sender', 'none')
  fc.assert(
    fc.property(direct, body, preview, (said, words, how) => {
      fc.pre(Buffer.byteLength(JSON.stringify({ ...said, title: undefined })) <= 3072)
      payloadOf(said, words === undefined ? {} : { body: words }, how)
    }),
    { numRuns: 300 },
  )
})

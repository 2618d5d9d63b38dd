import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { buildNotification, type Notification } from '../../../src/domain/notification.ts'
import type { MessageContent } from '../../../src/domain/offline-message.ts'
import type { Preview } from '../../../src/domain/registration.ts'
import { encodePayload, MAX_PAYLOAD_BYTES } from '../../../src/providers/apns/payload.ts'

const ID = '019a0000-0000-7000-8000-000000000001'
const content: MessageContent = {
  recipient: 'bob@example.org',
  sender: 'anna@example.org',
  type: 'chat',
  body: 'Hi Bob',
  encrypted: false,
  stanzaId: 'stanza-1',
}
const settings = { preview: 'full', previewText: 'New message', hashKey: 'k' } as const

function payloadOf(changes: Partial<MessageContent> = {}, preview: Preview = 'full') {
  const bytes = encodePayload(buildNotification(ID, { ...content, ...changes }, preview, settings))
  assert.ok(bytes.length <= MAX_PAYLOAD_BYTES)
  return JSON.parse(bytes.toString())
}

describe('what the phone is sent', () => {
  it('shows sender and text, and tells the app which message it is', () => {
    assert.deepEqual(payloadOf({ unread: 3 }), {
      aps: {
        alert: { title: 'anna', body: 'Hi Bob' },
        badge: 3,
        sound: 'default',
        'mutable-content': 1,
        category: 'chat',
        'thread-id': 'anna@example.org',
      },
      chat: { id: ID, stanzaId: 'stanza-1', from: 'anna@example.org', to: 'bob@example.org', type: 'chat' },
    })
  })

  it('takes the nick for a title and the room for a conversation', () => {
    const { aps, chat } = payloadOf({
      nick: 'Alice & Co',
      room: 'room1@conference.localhost',
      type: 'groupchat',
    })
    assert.equal(aps.alert.title, 'Alice & Co')
    assert.equal(aps['thread-id'], 'room1@conference.localhost')
    assert.equal(chat.room, 'room1@conference.localhost')
  })

  it('shows the sender but no text with preview `sender`, and for encrypted content', () => {
    for (const payload of [payloadOf({}, 'sender'), payloadOf({ encrypted: true })]) {
      assert.deepEqual(payload.aps.alert, { title: 'anna', body: 'New message' })
    }
  })

  it('reveals nobody with preview `none`', () => {
    const all = { nick: 'Anna', room: 'secret-room@conference.example.org', unread: 1 }
    const payload = payloadOf(all, 'none')
    const text = JSON.stringify(payload)
    for (const word of ['anna', 'Anna', 'bob', 'secret-room', 'Hi Bob', 'stanza-1'])
      assert.ok(!text.includes(word), word)
    assert.deepEqual(payload.chat, { id: ID })
    const collapseId = buildNotification(ID, content, 'none', settings).collapseId
    assert.notEqual(collapseId, ID)
    assert.ok(Buffer.byteLength(collapseId) <= 64)
    assert.equal(collapseId, buildNotification(ID, content, 'none', settings).collapseId)
  })

  it('cuts a long text on a grapheme boundary and uses nearly all the room', () => {
    const body = 'x👩‍👩‍👧‍👦'.repeat(1000)
    const bytes = encodePayload(buildNotification(ID, { ...content, body }, 'full', settings))
    const shown: string = JSON.parse(bytes.toString()).aps.alert.body
    assert.ok(bytes.length > MAX_PAYLOAD_BYTES - 64 && bytes.length <= MAX_PAYLOAD_BYTES)
    assert.match(shown, /^(x👩‍👩‍👧‍👦)+x?…$/u)
  })

  it('still shows text when the names alone would fill the payload', () => {
    const long = (character: string) => `${character.repeat(1020)}@${character.repeat(1020)}.org`
    const payload = payloadOf({
      recipient: long('r'),
      sender: long('s'),
      room: long('o').slice(0, 1024),
      nick: 'n'.repeat(1024),
      stanzaId: 'i'.repeat(1024),
    })
    assert.equal(payload.aps.alert.body, 'Hi Bob')
    assert.equal(payload.chat.id, ID)
  })

  it('never exceeds the limit, whatever the text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 6000, size: 'max' }),
      fc.string({ maxLength: 6000, size: 'max' }),
    )
    fc.assert(
      fc.property(text, text, (body, title) => {
        const notification: Notification = { title, body, threadId: title, collapseId: 'c', chat: { id: ID } }
        const bytes = encodePayload(notification)
        assert.ok(bytes.length <= MAX_PAYLOAD_BYTES)
        JSON.parse(bytes.toString())
      }),
      { numRuns: 300 },
    )
  })
})

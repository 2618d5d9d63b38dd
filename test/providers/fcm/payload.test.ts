import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { buildNotification, type Notification } from '../../../src/domain/notification.ts'
import type { MessageContent } from '../../../src/domain/offline-message.ts'
import type { Preview } from '../../../src/domain/registration.ts'
import {
  encodePayload,
  encodeRequest,
  type PayloadKind,
  timeToLive,
} from '../../../src/providers/fcm/payload.ts'

const ID = '019a0000-0000-7000-8000-000000000001'
const TOKEN = 'cX7_demo-token:APA91bExample'
const GOOGLES_LIMIT = 4096
const content: MessageContent = {
  recipient: 'bob@example.org',
  sender: 'anna@example.org',
  type: 'chat',
  body: 'Hi Bob',
  encrypted: false,
  stanzaId: 'stanza-1',
}
const settings = { preview: 'full', previewText: 'New message', hashKey: 'k' } as const

function built(changes: Partial<MessageContent> = {}, preview: Preview = 'full'): Notification {
  return buildNotification(ID, { ...content, ...changes }, preview, settings)
}

/** The request's body, parsed; its `chat` too. */
function sent(notification: Notification, kind: PayloadKind = 'notification') {
  const { message } = JSON.parse(encodeRequest(TOKEN, 3600, encodePayload(notification, kind)).toString())
  assert.ok(bytesOf(message) <= GOOGLES_LIMIT)
  for (const value of Object.values(message.data)) assert.equal(typeof value, 'string')
  return { ...message, chat: JSON.parse(message.data.chat) }
}

/** Keys and values of all that could count. */
function bytesOf({ notification = {}, android, data }: Record<string, Record<string, unknown>>): number {
  const parts = [notification, android?.notification ?? {}, data ?? {}]
  const texts = parts.flatMap(part => Object.entries(part).flat())
  return Buffer.byteLength(texts.join(''))
}

describe('what Google is sent', () => {
  it('a notification that Android draws, and the facts for the app', () => {
    const { chat, ...message } = sent(built({ unread: 3 }))
    assert.deepEqual(message, {
      token: TOKEN,
      android: {
        ttl: '3600s',
        priority: 'HIGH',
        collapse_key: message.android.collapse_key,
        notification: { tag: ID, sound: 'default', notification_count: 3 },
      },
      notification: { title: 'anna', body: 'Hi Bob' },
      data: { threadId: 'anna@example.org', chat: message.data.chat },
    })
    assert.deepEqual(chat, {
      id: ID,
      stanzaId: 'stanza-1',
      from: 'anna@example.org',
      to: 'bob@example.org',
      type: 'chat',
    })
  })

  it('with `data` nothing that Android draws, and nothing that collapses', () => {
    const { chat, ...message } = sent(built({ unread: 3 }), 'data')
    assert.deepEqual(message, {
      token: TOKEN,
      android: { ttl: '3600s', priority: 'HIGH' },
      data: {
        title: 'anna',
        body: 'Hi Bob',
        collapseId: ID,
        badge: '3',
        threadId: 'anna@example.org',
        chat: message.data.chat,
      },
    })
    assert.equal(chat.from, 'anna@example.org')
  })

  it('collapses by conversation, not by message', () => {
    const keyOf = (id: string, changes: Partial<MessageContent>) =>
      sent(buildNotification(id, { ...content, ...changes }, 'full', settings)).android.collapse_key
    const key = keyOf('019a0000-0000-7000-8000-000000000002', { body: 'Another text' })
    assert.equal(key, keyOf(ID, {}))
    assert.notEqual(key, keyOf(ID, { sender: 'carol@example.org' }))
    assert.match(key, /^[\w-]{22}$/)
  })

  it('shows the sender but no text with preview `sender`, and for encrypted content', () => {
    for (const message of [sent(built({}, 'sender')), sent(built({ encrypted: true }))]) {
      assert.deepEqual(message.notification, { title: 'anna', body: 'New message' })
    }
  })

  it('reveals nobody with preview `none`', () => {
    const all = { nick: 'Anna', room: 'secret-room@conference.example.org', unread: 1 }
    for (const kind of ['notification', 'data'] as const) {
      const message = sent(built(all, 'none'), kind)
      const text = JSON.stringify(message)
      for (const word of ['anna', 'Anna', 'bob', 'secret-room', 'Hi Bob', 'stanza-1'])
        assert.ok(!text.includes(word), word)
      assert.deepEqual(message.chat, { id: ID })
    }
  })

  it('uses no key that is reserved', () => {
    for (const kind of ['notification', 'data'] as const)
      for (const key of Object.keys(sent(built({ unread: 1 }), kind).data))
        assert.ok(!/^(?:from|message_type|google.*|gcm.*)$/.test(key), key)
  })

  it('cuts a long text on a grapheme boundary and uses nearly all the room', () => {
    for (const kind of ['notification', 'data'] as const) {
      const message = sent(built({ body: 'x👩‍👩‍👧‍👦'.repeat(1000) }), kind)
      assert.ok(bytesOf(message) > GOOGLES_LIMIT - 400)
      assert.match((message.notification ?? message.data).body, /^(x👩‍👩‍👧‍👦)+x?…$/u)
    }
  })

  it('keeps the collapse key of a conversation whose long name is cut', () => {
    const sender = `${'s'.repeat(500)}@example.org`
    const keyOf = (body: string) => sent(built({ sender, body })).android.collapse_key
    assert.equal(keyOf('x'.repeat(8000)), keyOf('x'))
  })

  it('still shows text when the names alone would fill the payload', () => {
    const long = (character: string) => `${character.repeat(1020)}@${character.repeat(1020)}.org`
    const message = sent(
      built({
        recipient: long('r'),
        sender: long('s'),
        room: long('o').slice(0, 1024),
        nick: 'n'.repeat(1024),
        stanzaId: 'i'.repeat(1024),
      }),
    )
    assert.equal(message.notification.body, 'Hi Bob')
    assert.equal(message.chat.id, ID)
  })

  it('never exceeds the limit, whatever the text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 6000, size: 'max' }),
      fc.string({ maxLength: 6000, size: 'max' }),
    )
    const kind = fc.constantFrom('notification' as const, 'data' as const)
    fc.assert(
      fc.property(text, text, kind, (body, title, kind) => {
        sent({ title, body, threadId: title, collapseId: 'c', badge: 1, chat: { id: ID } }, kind)
      }),
      { numRuns: 300 },
    )
  })
})

describe('the time to live', () => {
  const now = Date.UTC(2026, 0, 15, 12)
  for (const [leftMs, seconds] of [
    [7 * 24 * 3_600_000, 604_800],
    [1999, 1],
    [999, 0],
    [-5000, 0],
    [60 * 24 * 3_600_000, 2_419_200],
  ] as const) {
    it(`${leftMs} ms are ${seconds} s`, () => {
      assert.equal(timeToLive(now + leftMs, now), seconds)
    })
  }

  it('is what is sent', () => {
    const body = encodeRequest(TOKEN, 0, encodePayload(built(), 'notification'))
    assert.equal(JSON.parse(body.toString()).message.android.ttl, '0s')
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DirectContent } from '../../src/domain/direct-content.ts'
import { buildNotification } from '../../src/domain/notification.ts'
import { contentBytes, type MessageContent } from '../../src/domain/offline-message.ts'
import type { Preview } from '../../src/domain/registration.ts'

const ID = '019a0000-0000-7000-8000-000000000001'
const SETTINGS = { preview: 'full', previewText: 'New message', hashKey: 'k' } as const
const RECIPIENT = '61be55a8e2f6b4e172338bddf184d6db@zeropush.invalid'

function content(direct: DirectContent, said: Partial<MessageContent> = {}): MessageContent {
  return {
    ...{ recipient: RECIPIENT, sender: 'zeropush.invalid', type: 'normal', encrypted: false },
    ...said,
    direct,
  } as MessageContent
}

function shown(preview: Preview, direct: DirectContent, said: Partial<MessageContent> = {}) {
  const { threadId, collapseId, chat, ...rest } = buildNotification(
    ID,
    content(direct, said),
    preview,
    SETTINGS,
  )
  assert.deepEqual([threadId, chat], ['zeropush.invalid', { id: ID }])
  return { ...rest, ...(collapseId === ID ? {} : { collapseId }) }
}

const WHOLE: DirectContent = {
  title: 'Secret title',
  alert: { 'loc-key': 'K', 'loc-args': ['secret'] },
  sound: 'alice.aiff',
  category: 'REPLY',
  collapseKey: 'secret-key',
  info: { from: 'alice', text: 'secret' },
  data: { text: 'secret' },
}
const TEXT = { body: 'Secret text', unread: 3 }
const NOTICED = { hasAlert: true, hasBody: true, contentAvailable: false, isSilent: false, isForApp: false }

test('full: all that was said, and nothing else', () => {
  assert.deepEqual(shown('full', WHOLE, TEXT), {
    title: 'Secret title',
    body: 'Secret text',
    badge: 3,
    collapseId: 'secret-key',
    direct: {
      ...NOTICED,
      isForApp: true,
      alert: { 'loc-key': 'K', 'loc-args': ['secret'] },
      sound: 'alice.aiff',
      category: 'REPLY',
    },
    custom: { text: 'secret', info: { from: 'alice', text: 'secret' } },
  })
  assert.deepEqual(shown('full', {}, { body: 'x' }), {
    title: '',
    body: 'x',
    direct: { ...NOTICED, alert: {} },
  })
})

test('sender: no text, and of the data only who it is from', () => {
  assert.deepEqual(shown('sender', WHOLE, TEXT), {
    title: '',
    body: 'New message',
    badge: 3,
    direct: { ...NOTICED, alert: {}, sound: 'alice.aiff', category: 'REPLY' },
    custom: { info: { from: 'alice' } },
  })
  const nameless = shown('sender', { info: { from: { text: 'secret' } } }, { body: 'x' })
  assert.equal('custom' in nameless, false)
})

test('none: neither texts nor names', () => {
  const hidden = shown('none', WHOLE, TEXT)
  assert.deepEqual(hidden, {
    title: '',
    body: 'New message',
    badge: 3,
    direct: { ...NOTICED, alert: {}, sound: 'default' },
  })
  assert.doesNotMatch(JSON.stringify(hidden), /secret|alice|REPLY/i)
})

test('what shows nothing shows nothing with any preview', () => {
  const silent = { hasAlert: false, hasBody: false, alert: {}, contentAvailable: true, isSilent: true }
  for (const preview of ['full', 'sender', 'none'] as const) {
    for (const direct of [{ contentAvailable: true as const }, { data: { a: 1 } }, { info: { a: 1 } }]) {
      const { title, body, direct: parts } = shown(preview, direct)
      const { isForApp, ...rest } = parts ?? {}
      assert.deepEqual([title, body, rest], ['', '', silent])
      assert.equal(isForApp, preview === 'full' && 'data' in direct)
    }
    const badge = shown(preview, {}, { unread: 0 })
    const { contentAvailable, isSilent } = badge.direct ?? {}
    assert.deepEqual([badge.body, contentAvailable, isSilent], ['', false, false])
  }
})

test('a key alone names a text: it is an alert, without a body', () => {
  const { body, direct } = shown('full', { alert: { 'loc-key': 'K' } })
  assert.deepEqual([body, direct?.hasAlert, direct?.hasBody], ['', true, false])
  const hidden = shown('none', { alert: { 'loc-key': 'K' } })
  assert.deepEqual([hidden.body, hidden.direct?.hasBody, hidden.direct?.alert], ['New message', true, {}])
})

test('memory counts all of it', () => {
  assert.equal(contentBytes({ body: 'é' }), 2)
  assert.equal(contentBytes({}), 0)
  assert.ok(contentBytes(content({ info: { a: 'x'.repeat(1000) } }, { body: 'abc' })) > 1003)
})

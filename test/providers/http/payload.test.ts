import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  encodeBody,
  encodeNotification,
  MAX_NOTIFICATION_BYTES,
} from '../../../src/providers/http/payload.ts'
import { aRegistration } from '../../support/registrations.ts'
import { aNotification, aPush } from './support.ts'

function bodyOf(push = aPush()) {
  return JSON.parse(encodeBody(push, encodeNotification(push.notification)).toString())
}

describe('what a receiver is told', () => {
  it('is for whom, until when, and what', () => {
    const registration = aRegistration({ device: 'phone1', token: 'to"ken', app: 'default', locale: 'pt-BR' })
    const push = aPush({ registration, notification: aNotification({ unread: 3, stanzaId: 's1' }) })
    assert.deepEqual(bodyOf(push), {
      id: push.deliveryId,
      expiresAt: '2030-01-02T03:04:05.000Z',
      device: { id: 'phone1', app: 'default', token: 'to"ken', locale: 'pt-BR' },
      notification: {
        title: 'alice',
        body: 'Dinner at eight?',
        threadId: 'alice@localhost',
        collapseId: '019a0000-0000-7000-8000-000000000001',
        badge: 3,
        chat: {
          id: '019a0000-0000-7000-8000-000000000001',
          stanzaId: 's1',
          from: 'alice@localhost',
          to: 'bob@localhost',
          type: 'chat',
        },
      },
    })
  })

  it('is nobody’s name with preview none', () => {
    const notification = aNotification({ nick: 'Alice', room: 'cooks@muc.localhost', unread: 1 }, 'none')
    const text = JSON.stringify(bodyOf(aPush({ notification })))
    for (const name of ['alice', 'Alice', 'bob', 'cooks', 'Dinner']) assert.ok(!text.includes(name), name)
    assert.equal(bodyOf(aPush({ notification })).notification.title, 'New message')
  })

  it('is cut between two graphemes when the text is too long', () => {
    const family = '👩‍👩‍👧‍👦'
    const notification = aNotification({ body: `x${family.repeat(400)}` })
    const encoded = encodeNotification(notification)
    assert.ok(Buffer.byteLength(encoded) <= MAX_NOTIFICATION_BYTES)
    assert.ok(Buffer.byteLength(encoded) > MAX_NOTIFICATION_BYTES - 30)
    assert.match(JSON.parse(encoded).body, new RegExp(`^x(?:${family})+…$`, 'u'))
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Notification } from '../../../src/domain/notification.ts'
import { MAX_BODY_BYTES, MAX_FIELD_BYTES } from '../../../src/domain/offline-message.ts'
import { beginningOf } from '../../../src/domain/text.ts'
import type { Received, Stand } from '../../support/stands/stand.ts'
import { aNotification, startRig } from './rig.ts'

export function acceptingContract(stand: Stand): void {
  test('accepted: the device gets the text, with an id by which it knows a repeat', async t => {
    const { provider, received, device, push, send } = await startRig(t, stand)
    const { address, registration } = device()
    const pushed = push({ registration })
    const outcome = await send(pushed)
    assert.equal(outcome.kind, 'accepted')
    const [only, ...others] = received
    assert.deepEqual(others, [])
    assert.deepEqual(only?.address, address)
    assert.equal(bodyOf(only, pushed.notification), pushed.notification.body)
    assert.equal(only?.id, stand.idOf(pushed))
    assert.deepEqual(provider.health(), { connection: 'ready', simulated: false })
  })

  test('accepted: nothing is opened before there is something to send', async t => {
    const { provider, standIn, connections, push } = await startRig(t, stand)
    push()
    assert.equal(provider.health().connection, 'idle')
    assert.deepEqual([standIn.openConnections(), standIn.requests(), connections], [0, 0, []])
  })

  test('accepted: each device of a recipient gets the same notification once', async t => {
    const { received, push, send } = await startRig(t, stand)
    const notification = aNotification()
    const pushes = Array.from({ length: 5 }, () => push({ notification }))
    for (const pushed of pushes) assert.equal((await send(pushed)).kind, 'accepted')
    const addresses = received.map(({ address }) => JSON.stringify(address))
    assert.equal(new Set(addresses).size, 5)
    for (const one of received) assert.equal(bodyOf(one, notification), notification.body)
  })

  test('accepted: as many at once as anybody asks for, each once', async t => {
    const { provider, received, push, send } = await startRig(t, stand)
    const pushes = Array.from({ length: 300 }, () => push())
    const outcomes = await Promise.all(pushes.map(send))
    assert.deepEqual(
      outcomes.filter(({ kind }) => kind !== 'accepted'),
      [],
    )
    const addresses = received.map(({ address }) => JSON.stringify(address))
    assert.deepEqual([addresses.length, new Set(addresses).size], [300, 300])
    assert.equal(provider.health().connection, 'ready')
  })

  test('capacity: always room for one, and whoever listens hears of more', async t => {
    const { provider, device, push, send } = await startRig(t, stand)
    const [scope] = provider.scopesOf(device().registration)
    const told: string[] = []
    provider.onCapacity(grown => told.push(grown))
    const before = provider.capacity(scope)
    assert.ok(Number.isInteger(before) && before >= 1)
    await Promise.all(Array.from({ length: before + 5 }, () => send(push())))
    const after = provider.capacity(scope)
    assert.ok(Number.isInteger(after) && after >= 1)
    if (after > before) assert.ok(told.includes(scope))
    assert.deepEqual(
      told.filter(grown => grown !== scope),
      [],
    )
  })

  test('expiry: a push whose time is as good as over is answered like any other', async t => {
    const { clock, push, send } = await startRig(t, stand)
    for (const expiresAt of [
      clock.now() - 1000,
      clock.now(),
      clock.now() + 1,
      clock.now() + 40 * 86_400_000,
    ]) {
      assert.equal((await send(push({ expiresAt }))).kind, 'accepted')
    }
  })

  test('texts: what people write arrives as it was written', async t => {
    const { received, push, send } = await startRig(t, stand)
    const texts = [
      'Grüße, 你好, שלום, 👩‍👩‍👧‍👦 🇩🇪 e\u0301',
      'a=b&c=d%20+e;f?g#h/i\\j"k\'l<m>&amp;n]]>o',
      '{"aps":{"alert":"x"}}',
      'line\nbreak\ttab',
      '&priority=2&apikey=x',
      '%',
      '\u2028\u2029\ufeff\u200f',
    ]
    for (const body of texts) {
      const notification = aNotification({ body })
      assert.equal((await send(push({ notification }))).kind, 'accepted', body)
      assert.equal(bodyOf(received.at(-1), notification), body)
    }
  })

  test('texts: one that is too long is cut on a grapheme boundary, and taken', async t => {
    const { received, push, send } = await startRig(t, stand)
    const graphemes = ['x', 'ä', '好', '👩‍👩‍👧‍👦', '🇩🇪', 'e\u0301\u0302', '"', '\\', '\n', '<', '&', '%']
    for (const grapheme of graphemes) {
      const body = beginningOf(`x${grapheme}`.repeat(MAX_BODY_BYTES), MAX_BODY_BYTES)
      const notification = aNotification({ body })
      assert.equal((await send(push({ notification }))).kind, 'accepted', grapheme)
      assertCut(bodyOf(received.at(-1), notification), body)
    }
  })

  test('texts: names of the greatest length leave room for the text', async t => {
    const { received, push, send } = await startRig(t, stand)
    const jid = (letter: string) => `${letter.repeat(1020)}@${letter.repeat(1020)}.example`
    const notification = aNotification({
      recipient: jid('r'),
      sender: jid('s'),
      room: jid('o').slice(0, MAX_FIELD_BYTES),
      nick: '👩‍👩‍👧‍👦'.repeat(MAX_FIELD_BYTES / 32),
      stanzaId: 'i'.repeat(MAX_FIELD_BYTES),
      unread: 99,
    })
    assert.equal((await send(push({ notification }))).kind, 'accepted')
    assert.equal(bodyOf(received.at(-1), notification), notification.body)
  })

  test('texts: whatever is written, the device gets it or its beginning', async t => {
    const { received, push, send } = await startRig(t, stand)
    const body = fc.string({ unit: 'binary', minLength: 1, maxLength: 3000, size: 'max' }).map(asAccepted)
    const nick = fc.string({ unit: 'binary', minLength: 1 }).map(asAccepted)
    await fc.assert(
      fc.asyncProperty(body, nick, async (text, name) => {
        const notification = aNotification({ body: text, nick: name })
        assert.equal((await send(push({ notification }))).kind, 'accepted')
        assertCut(bodyOf(received.at(-1), notification), text)
      }),
      { numRuns: 60 },
    )
  })

  function bodyOf(received: Received | undefined, notification: Notification): string | undefined {
    if (received === undefined || stand.bodyOf === undefined) return received?.text
    return stand.bodyOf(received.text, notification)
  }
}

/** What is left of a text when it has come in (domain/message-draft.ts). */
function asAccepted(text: string): string {
  return beginningOf(text.toWellFormed().replaceAll('\0', '\ufffd'), MAX_BODY_BYTES)
}

/** All of it, or a beginning that ends between two graphemes, and in an ellipsis. */
function assertCut(shown = '', body: string): void {
  if (shown === body) return
  assert.ok(shown.endsWith('…'), 'what was cut ends in an ellipsis')
  const kept = shown.slice(0, -1)
  assert.ok(kept !== '' && body.startsWith(kept), 'what is kept is a beginning')
  const boundaries = Array.from(new Intl.Segmenter().segment(body), ({ index }) => index)
  assert.ok(boundaries.includes(kept.length), 'no grapheme is cut in two')
}

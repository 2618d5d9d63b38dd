import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPhones } from '../../../src/simulator/apns/phones.ts'
import { createPushedIds } from '../../../src/simulator/apns/pushed-ids.ts'
import type { PushRequest } from '../../../src/simulator/apns/request-rules.ts'
import { TOKEN, TOPIC } from '../../support/apns-client.ts'
import { startRig } from '../../support/apns-simulator.ts'

const ID = '123e4567-e89b-12d3-a456-426614174000'

function push(changes: Partial<PushRequest> = {}): PushRequest {
  return { token: TOKEN, apnsId: ID, topic: TOPIC, pushType: 'alert', priority: 10, ...changes }
}

const PAYLOAD = '{"aps":{"alert":"Hi"}}'

test('a phone shows what was pushed', async t => {
  const { simulator, client } = await startRig(t)
  await client.push({
    headers: {
      'apns-id': ID,
      'apns-priority': '5',
      'apns-expiration': '1900000000',
      'apns-collapse-id': 'chat-42',
    },
    body: {
      aps: {
        alert: { title: 'Анна', subtitle: 's', body: 'Привет 👋' },
        badge: 3,
        sound: 'default',
        'thread-id': 'anna@example.org',
        category: 'message',
      },
      chat: { id: '1' },
    },
  })
  const { received, notifications } = simulator.phones.phone(TOKEN.toUpperCase())
  assert.equal(received, 1)
  const [{ receivedAt, ...shown } = { receivedAt: 0 }] = notifications
  assert.ok(Math.abs(receivedAt - Date.now()) < 60_000)
  assert.deepEqual(shown, {
    apnsId: ID,
    topic: TOPIC,
    pushType: 'alert',
    priority: 5,
    expiration: 1900000000,
    collapseId: 'chat-42',
    repeats: 0,
    title: 'Анна',
    subtitle: 's',
    body: 'Привет 👋',
    badge: 3,
    sound: 'default',
    threadId: 'anna@example.org',
    category: 'message',
    custom: { chat: { id: '1' } },
  })
})

test('the same collapse id replaces the banner of the same app, and counts', () => {
  const phones = createPhones()
  phones.show(push({ collapseId: 'a' }), '{"aps":{"alert":"one"}}', 1)
  phones.show(push({ collapseId: 'b' }), '{"aps":{"alert":"other"}}', 2)
  phones.show(push({ collapseId: 'a', topic: 'com.example.two' }), '{"aps":{"alert":"app two"}}', 3)
  phones.show(push({ collapseId: 'a' }), '{"aps":{"alert":"two"}}', 4)
  phones.show(push(), PAYLOAD, 5)
  phones.show(push(), PAYLOAD, 6)
  const { received, notifications } = phones.phone(TOKEN)
  assert.equal(received, 6)
  const shown = notifications.map(({ body, repeats, receivedAt }) => [body, repeats, receivedAt])
  assert.deepEqual(shown, [
    ['other', 0, 2],
    ['app two', 0, 3],
    ['two', 1, 4],
    ['Hi', 0, 5],
    ['Hi', 0, 6],
  ])
})

test('keeps the last notifications of a phone, and counts all', () => {
  const phones = createPhones({ perPhone: 3 })
  for (let n = 1; n <= 10; n += 1) phones.show(push(), PAYLOAD, n)
  const { received, notifications } = phones.phone(TOKEN)
  assert.equal(received, 10)
  assert.deepEqual(
    notifications.map(({ receivedAt }) => receivedAt),
    [8, 9, 10],
  )
})

test('forgets the phone that has been silent longest', () => {
  const phones = createPhones({ phones: 2 })
  for (const token of ['aa', 'bb', 'aa', 'cc']) phones.show(push({ token }), PAYLOAD, 0)
  assert.deepEqual(phones.list(), [
    { token: 'aa', received: 2, shown: 2 },
    { token: 'cc', received: 1, shown: 1 },
  ])
})

test('stays within its memory, whatever is pushed', () => {
  const phones = createPhones({ bytes: 100_000 })
  const payload = JSON.stringify({ aps: { alert: 'x'.repeat(4000) } })
  for (let n = 0; n < 1000; n += 1) {
    phones.show(push({ token: (n % 50).toString(16).padStart(4, '0') }), payload, n)
  }
  const shown = phones.list().reduce((sum, phone) => sum + phone.shown, 0)
  assert.ok(shown > 0 && shown * payload.length <= 100_000, `${shown} shown`)
  phones.clear()
  phones.show(push(), payload, 0)
  assert.equal(phones.list().length, 1)
})

test('a banner that was replaced takes no memory', () => {
  const phones = createPhones({ bytes: 20_000, perPhone: 2 })
  phones.show(push({ token: 'aa' }), PAYLOAD, 0)
  for (let n = 0; n < 1000; n += 1) phones.show(push({ collapseId: `${n % 5}` }), PAYLOAD, n)
  assert.equal(phones.list().length, 2)
})

test('knows every id that was pushed, and which came twice', () => {
  const ids = createPushedIds(300_000)
  for (let n = 0; n < 200_000; n += 1) ids.add(`id-${n}`)
  ids.add('id-7')
  ids.add('id-7')
  assert.deepEqual([ids.size, ids.repeatedSize, ids.forgotten], [200_000, 1, 0])
  assert.deepEqual(ids.repeated(), [['id-7', 3]])
  assert.deepEqual([ids.count('id-199999'), ids.count('never')], [1, 0])
})

test('forgets the oldest ids beyond its limit, and says so', () => {
  const ids = createPushedIds(3)
  for (const id of ['a', 'b', 'b', 'c', 'd', 'b', 'e']) ids.add(id)
  assert.deepEqual([ids.size, ids.forgotten, ids.count('a'), ids.count('b'), ids.count('e')], [3, 2, 0, 3, 1])
  assert.deepEqual(ids.repeated(), [['b', 3]])
  for (let n = 0; n < 1000; n += 1) ids.add(`${n}`)
  assert.ok(ids.size <= 6)
  assert.deepEqual([ids.size + ids.forgotten, ids.repeated()], [1005, []])
})

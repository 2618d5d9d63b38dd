import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { accessTokenOf, connectFcm, type FcmRequest, startFcm, TOKEN } from '../../support/fcm-simulator.ts'

const notification = { title: 'Anna', body: 'Hi' }

interface GoogleAnswer {
  status: number
  message?: string
  word?: string
  code?: string
  fields?: (string | undefined)[]
}

/** A simulator and what it answers to a body, or to a message that is right but for these fields. */
async function rig(t: TestContext) {
  const simulator = await startFcm(t)
  const accessToken = await accessTokenOf(simulator)
  const fcm = connectFcm(t, simulator)
  async function answerTo(body: unknown, more: FcmRequest = {}): Promise<GoogleAnswer> {
    const { status, body: text } = await fcm.send({ accessToken, body, ...more })
    return status === 200 || !text.startsWith('{') ? { status } : { status, ...errorIn(text) }
  }
  const answerToMessage = (fields: object) => answerTo({ message: { token: TOKEN, notification, ...fields } })
  return { simulator, answerTo, answerToMessage }
}

function errorIn(text: string): Omit<GoogleAnswer, 'status'> {
  const { message, status: word, details = [] } = JSON.parse(text).error
  const found = (type: string) => details.find((each: { '@type': string }) => each['@type'].endsWith(type))
  const violations: { field?: string }[] = found('BadRequest')?.fieldViolations ?? []
  return { message, word, code: found('FcmError')?.errorCode, fields: violations.map(({ field }) => field) }
}

test('takes everything that a message may hold, in either spelling', async t => {
  const { answerToMessage, simulator } = await rig(t)
  const full = {
    data: { chat: '{"id":"1"}', threadId: 'anna' },
    android: {
      collapse_key: 'k',
      priority: 'HIGH',
      ttl: '3.5s',
      restricted_package_name: 'org.example.chat',
      direct_boot_ok: true,
      notification: {
        tag: 't',
        sound: 'default',
        channel_id: 'messages',
        color: '#aabbcc',
        notification_count: 3,
        notification_priority: 'PRIORITY_HIGH',
        vibrate_timings: ['0.5s', '1s'],
        event_time: '2026-01-15T12:00:00Z',
        light_settings: { color: { red: 1 }, light_on_duration: '1s', light_off_duration: '1s' },
        proxy: 'DENY',
      },
      fcm_options: { analytics_label: 'l' },
    },
    apns: { headers: { 'apns-priority': '10' }, payload: { aps: { badge: 1, 'mutable-content': 1 } } },
    webpush: { headers: { TTL: '60' }, notification: { title: 'x', actions: [] } },
    fcm_options: { analytics_label: 'l' },
  }
  assert.deepEqual(await answerToMessage(full), { status: 200 })
  const camel = {
    android: {
      collapseKey: 'k',
      directBootOk: false,
      notification: { notificationCount: 3, channelId: 'c' },
    },
  }
  assert.deepEqual(await answerToMessage(camel), { status: 200 })
  const [first, second] = simulator.phones.phone(TOKEN).messages
  assert.deepEqual(
    { ...first, id: '', sentAt: 0 },
    {
      id: '',
      token: TOKEN,
      sentAt: 0,
      ttlSeconds: 3.5,
      priority: 'high',
      collapseKey: 'k',
      title: 'Anna',
      body: 'Hi',
      tag: 't',
      sound: 'default',
      channelId: 'messages',
      count: 3,
      data: { chat: '{"id":"1"}', threadId: 'anna' },
    },
  )
  assert.deepEqual(
    [second?.collapseKey, second?.count, second?.channelId, second?.ttlSeconds],
    ['k', 3, 'c', 2_419_200],
  )
})

const BAD_JSON: [name: string, fields: object, field: string | undefined, message: RegExp][] = [
  ['a field of the old API', { to: TOKEN }, 'message', /Unknown name "to" at 'message': Cannot find field/],
  ['an unknown field of Android', { android: { time_to_live: 60 } }, 'message.android', /"time_to_live"/],
  ['an unknown field of a notification', { notification: { sound: 'x' } }, 'message.notification', /"sound"/],
  [
    'a field in both spellings',
    { android: { collapse_key: 'a', collapseKey: 'b' } },
    'message.android',
    /collapseKey/,
  ],
  ['a number in data', { data: { a: 'x', count: 3 } }, 'message.data[1].value', /TYPE_STRING/],
  ['a flag in data', { data: { seen: true } }, 'message.data[0].value', /TYPE_STRING/],
  ['an object in data', { data: { chat: { id: '1' } } }, 'message.data[0].value', /TYPE_STRING/],
  ['null in data', { data: { chat: null } }, 'message.data[0].value', /TYPE_STRING/],
  ['a list as data', { data: ['x'] }, 'message.data', /a map/],
  [
    'a number in the data of Android',
    { android: { data: { a: 1 } } },
    'message.android.data[0].value',
    /STRING/,
  ],
  ['a ttl in milliseconds', { android: { ttl: 3_600_000 } }, 'message.android.ttl', /Duration/],
  ['a ttl without unit', { android: { ttl: '3600' } }, 'message.android.ttl', /Duration/],
  ['a ttl in minutes', { android: { ttl: '60m' } }, 'message.android.ttl', /Duration/],
  ['a priority of the old API', { android: { priority: '10' } }, 'message.android.priority', /ENUM/],
  ['a priority that is none', { android: { priority: 'urgent' } }, 'message.android.priority', /ENUM/],
  [
    'a count that is a text',
    { android: { notification: { notification_count: '3' } } },
    'message.android.notification.notification_count',
    /INT32/,
  ],
  [
    'a count that is too large',
    { android: { notification: { notification_count: 2 ** 31 } } },
    'message.android.notification.notification_count',
    /INT32/,
  ],
  ['a title that is no text', { notification: { title: 7 } }, 'message.notification.title', /TYPE_STRING/],
  ['half a character', { notification: { body: '\ud83d' } }, 'message.notification.body', /TYPE_STRING/],
  ['a notification that is a text', { notification: 'Hi' }, 'message.notification', /a message/],
  ['two targets', { topic: 'news' }, 'message', /oneof field 'target' is already set/],
]

for (const [name, fields, field, message] of BAD_JSON) {
  test(`refuses ${name}, by its field and without FcmError`, async t => {
    const { answerToMessage, simulator } = await rig(t)
    const answer = await answerToMessage(fields)
    assert.match(answer.message ?? '', message)
    assert.deepEqual(
      { ...answer, message: '' },
      { status: 400, message: '', word: 'INVALID_ARGUMENT', code: undefined, fields: [field] },
    )
    assert.equal(simulator.stats().taken, 0)
  })
}

const REFUSED: [name: string, fields: object, message: RegExp][] = [
  ['the reserved key from', { data: { from: 'anna' } }, /Invalid data payload key: from/],
  ['the reserved key message_type', { data: { message_type: 'x' } }, /key: message_type/],
  ['a key that begins with google', { data: { 'google.sent_time': '1' } }, /key: google/],
  ['a key that begins with gcm', { data: { gcm: '1' } }, /key: gcm/],
  ['a reserved key for Android', { android: { data: { 'gcm.notification.e': '1' } } }, /key: gcm/],
  ['a ttl below 0', { android: { ttl: '-1s' } }, /TTL/],
  ['a ttl above 28 days', { android: { ttl: '2419201s' } }, /TTL/],
  ['a colour by name', { android: { notification: { color: 'red' } } }, /color/],
  ['a count below 0', { android: { notification: { notification_count: -1 } } }, /count/],
  ['no target', { token: undefined }, /Recipient of the message is not set/],
  ['an empty target', { token: '' }, /Recipient/],
  ['a topic', { token: undefined, topic: 'news' }, /topic/],
  ['no content', { notification: undefined }, /neither/],
  ['a token that is none', { token: 'two words' }, /not a valid FCM registration token/],
]

for (const [name, fields, message] of REFUSED) {
  test(`refuses ${name}, with FcmError`, async t => {
    const { answerToMessage, simulator } = await rig(t)
    const answer = await answerToMessage(fields)
    assert.match(answer.message ?? '', message)
    assert.deepEqual([answer.status, answer.word, answer.code], [400, 'INVALID_ARGUMENT', 'INVALID_ARGUMENT'])
    assert.equal(simulator.stats().taken, 0)
  })
}

test('counts the bytes of keys and values: 4096 are taken, 4097 are not', async t => {
  const { answerToMessage } = await rig(t)
  // title, Anna, body, chat, and two bytes for each letter.
  const fixed = 'title'.length + 'Anna'.length + 'body'.length + 'chat'.length + 'tag'.length + 1
  const sized = (bytes: number) => ({
    notification: { title: 'Anna', body: 'é'.repeat(500) },
    android: { notification: { tag: 't' } },
    data: { chat: '"'.repeat(bytes - fixed - 1000) },
  })
  assert.deepEqual(await answerToMessage(sized(4096)), { status: 200 })
  const answer = await answerToMessage(sized(4097))
  assert.deepEqual(
    [answer.status, answer.code, answer.message],
    [400, 'INVALID_ARGUMENT', 'Android message is too big'],
  )
})

test('says all that is wrong with the JSON at once, and nothing of what stands in it', async t => {
  const { answerTo } = await rig(t)
  const answer = await answerTo({
    message: { token: TOKEN, secret: 1, data: { a: 'Geheim', b: 2 } },
    to: 'x',
  })
  assert.deepEqual(answer.fields, ['message', 'message.data[1].value', undefined])
  assert.ok(!answer.message?.includes('Geheim'))
})

test('takes nothing but JSON, in UTF-8, at the right address', async t => {
  const { answerTo, simulator } = await rig(t)
  const good = { message: { token: TOKEN, notification } }
  for (const body of ['', '{', '[]', 'null', '"x"', Buffer.from('{"message":"\xff"}', 'latin1')])
    assert.deepEqual([(await answerTo(body)).status, (await answerTo(body)).word], [400, 'INVALID_ARGUMENT'])
  assert.equal((await answerTo({ message: 'x'.repeat(70_000) })).status, 413)
  assert.equal((await answerTo(good, { type: 'text/plain' })).status, 400)
  const elsewhere = await answerTo(good, { path: '/v1/projects/another/messages:send' })
  assert.deepEqual([elsewhere.status, elsewhere.word, elsewhere.code], [404, 'NOT_FOUND', undefined])
  // Pages, not JSON: the old API, and what was never one.
  assert.deepEqual(await answerTo(good, { path: '/fcm/send' }), { status: 404 })
  assert.deepEqual(await answerTo(good, { path: '/v1/projects/demo-chat/messages' }), { status: 404 })
  assert.deepEqual(await answerTo(undefined, { method: 'GET' }), { status: 404 })
  assert.equal(simulator.stats().taken, 0)
})

test('only checks what is to be validated only', async t => {
  const { answerTo, simulator } = await rig(t)
  const message = { token: TOKEN, notification }
  assert.deepEqual(await answerTo({ message, validate_only: true }), { status: 200 })
  assert.equal((await answerTo({ message: { ...message, x: 1 }, validateOnly: true })).status, 400)
  assert.deepEqual(simulator.phones.phone(TOKEN).messages, [])
})

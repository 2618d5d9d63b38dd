import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FcmSimulatorOptions } from '../../../src/simulator/fcm/fcm-simulator.ts'
import type { TokenFate } from '../../../src/simulator/fcm/registration-tokens.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { accessTokenOf, connectFcm, startFcm, TOKEN } from '../../support/fcm-simulator.ts'

async function rig(t: Parameters<typeof startFcm>[0], options: FcmSimulatorOptions = {}) {
  const simulator = await startFcm(t, options)
  const accessToken = await accessTokenOf(simulator, options.clock?.now())
  const fcm = connectFcm(t, simulator)
  const send = async (fields: object = {}) => {
    const message = { token: TOKEN, notification: { title: 'Anna', body: 'Hi' }, ...fields }
    const { status, headers, body } = await fcm.send({ accessToken, body: { message } })
    const error = status === 200 || !body.startsWith('{') ? undefined : JSON.parse(body).error
    return { status, headers, body, error }
  }
  return { simulator, session: fcm.session, send, phone: () => simulator.phones.phone(TOKEN) }
}

const FATES: [fate: TokenFate, status: number, word: string, code: string][] = [
  ['unregistered', 404, 'NOT_FOUND', 'UNREGISTERED'],
  ['mismatch', 403, 'PERMISSION_DENIED', 'SENDER_ID_MISMATCH'],
  ['malformed', 400, 'INVALID_ARGUMENT', 'INVALID_ARGUMENT'],
  ['throttled', 429, 'RESOURCE_EXHAUSTED', 'QUOTA_EXCEEDED'],
  ['third-party', 401, 'UNAUTHENTICATED', 'THIRD_PARTY_AUTH_ERROR'],
]

for (const [fate, status, word, code] of FATES) {
  test(`a token that is ${fate}: ${status} ${code}, and no other token`, async t => {
    const { simulator, send } = await rig(t)
    simulator.registrationTokens.set(TOKEN, fate)
    const { error, ...answer } = await send()
    assert.deepEqual([answer.status, error.status, error.details[0].errorCode], [status, word, code])
    assert.equal((await send({ token: 'another' })).status, 200)
    assert.deepEqual(simulator.stats().refusals, { [`${status} ${code}`]: 1 })
    simulator.registrationTokens.forget(TOKEN)
    assert.equal((await send()).status, 200)
  })
}

test("the project's quota: 429 for everybody, without FcmError, until it is refilled", async t => {
  const { simulator, send } = await rig(t)
  simulator.exhaust('30')
  const { status, headers, error } = await send()
  assert.deepEqual([status, headers['retry-after'], error.status], [429, '30', 'RESOURCE_EXHAUSTED'])
  assert.equal(error.details[0].reason, 'RATE_LIMIT_EXCEEDED')
  assert.equal((await send({ token: 'another' })).status, 429)
  simulator.refill()
  assert.equal((await send()).status, 200)
})

test('a notification takes the place of one with its tag', async t => {
  const { send, phone } = await rig(t)
  const tagged = (tag: string, body: string) =>
    send({ notification: { body }, android: { notification: { tag } } })
  await tagged('a', 'first')
  await tagged('b', 'second')
  await tagged('a', 'third')
  assert.equal(phone().received, 3)
  assert.deepEqual(
    phone().drawer.map(({ body }) => body),
    ['second', 'third'],
  )
})

test('a phone that was off gets the last notification of each of four keys', async t => {
  const { simulator, send, phone } = await rig(t)
  simulator.phones.switchOff(TOKEN)
  const collapsing = (key: string, body: string) =>
    send({ notification: { body }, android: { collapse_key: key } })
  for (const key of ['a', 'b', 'c', 'd', 'e']) {
    await collapsing(key, `${key}1`)
    await collapsing(key, `${key}2`)
  }
  assert.deepEqual(phone().messages, [])
  simulator.phones.switchOn(TOKEN)
  assert.deepEqual(
    phone().messages.map(({ body }) => body),
    ['b2', 'c2', 'd2', 'e2'],
  )
})

test('without a key, one notification is left of all', async t => {
  const { simulator, send, phone } = await rig(t)
  simulator.phones.switchOff(TOKEN)
  for (const body of ['1', '2', '3']) await send({ notification: { body } })
  simulator.phones.switchOn(TOKEN)
  assert.deepEqual(
    phone().messages.map(({ body }) => body),
    ['3'],
  )
})

test('a hundred data messages are kept, and of a hundred and one none', async t => {
  const { simulator, send, phone } = await rig(t)
  const sendData = (n: number) => send({ notification: undefined, data: { n: String(n) } })
  simulator.phones.switchOff(TOKEN)
  for (let n = 0; n < 100; n++) await sendData(n)
  simulator.phones.switchOn(TOKEN)
  assert.deepEqual([phone().messages.length, phone().hasMissed], [100, false])
  simulator.phones.switchOff(TOKEN)
  for (let n = 0; n <= 100; n++) await sendData(n)
  simulator.phones.switchOn(TOKEN)
  assert.deepEqual([phone().received, phone().hasMissed], [100, true])
})

test('what has expired meanwhile is not shown', async t => {
  const clock = new FakeClock(Date.now())
  const { simulator, send, phone } = await rig(t, { clock })
  simulator.phones.switchOff(TOKEN)
  await send({ notification: undefined, data: { n: 'short' }, android: { ttl: '10s' } })
  await send({ notification: undefined, data: { n: 'long' }, android: { ttl: '11s' } })
  await send({ notification: undefined, data: { n: 'never' }, android: { ttl: '0s' } })
  clock.advance(10_000)
  simulator.phones.switchOn(TOKEN)
  assert.deepEqual(
    phone().messages.map(({ data }) => data.n),
    ['long'],
  )
})

test('faults strike messages that are right: by error code, as a page, and late', async t => {
  const { simulator, send } = await rig(t)
  simulator.faults.add({ action: 'answer', status: 503, reason: 'UNAVAILABLE', retryAfter: '7', times: 1 })
  const busy = await send()
  assert.deepEqual(
    [busy.status, busy.headers['retry-after'], busy.error.details[0].errorCode],
    [503, '7', 'UNAVAILABLE'],
  )
  simulator.faults.add({ action: 'answer', status: 502, body: '<html>', times: 1, token: TOKEN })
  assert.equal((await send({ token: 'another' })).status, 200)
  assert.deepEqual([(await send()).body, simulator.stats().strikes], ['<html>', 2])
  simulator.faults.add({ action: 'answer', status: 500, reason: 'INTERNAL', shown: true, times: 1 })
  assert.equal((await send()).status, 500)
  assert.equal(simulator.phones.phone(TOKEN).received, 1)
  simulator.faults.add({ action: 'delay', delayMs: 1, times: 1 })
  assert.equal((await send()).status, 200)
  assert.equal(simulator.stats().strikes, 4)
})

test('announces 100 streams, and says goodbye when it is told to', async t => {
  const { simulator, session, send } = await rig(t)
  await send()
  assert.equal(session.remoteSettings.maxConcurrentStreams, 100)
  const { promise, resolve } = Promise.withResolvers<number>()
  session.once('goaway', resolve)
  simulator.goaway({ code: 'ENHANCE_YOUR_CALM', reason: 'too_many_pings' })
  assert.equal(await promise, 11)
  await simulator.until(({ connections }) => connections.open === 0)
})

test('nobody listens, then again, at the same addresses', async t => {
  const { simulator } = await rig(t)
  simulator.refuseConnections()
  simulator.dropConnections()
  await simulator.until(({ connections }) => connections.open === 0)
  await assert.rejects(accessTokenOf(simulator), /ECONNREFUSED/)
  await simulator.acceptConnections()
  const accessToken = await accessTokenOf(simulator)
  const message = { token: TOKEN, data: { n: '1' } }
  const { status } = await connectFcm(t, simulator).send({ accessToken, body: { message } })
  assert.equal(status, 200)
})

test('whoever waits for what never comes hears of the end', async t => {
  const { simulator, send } = await rig(t)
  const waiting = simulator.received(2)
  await send()
  await Promise.all([assert.rejects(waiting, /closed before/), simulator.close()])
})

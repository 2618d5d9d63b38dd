import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Fault } from '../../src/simulator/fault.ts'
import { createFaults } from '../../src/simulator/faults.ts'
import { type ApnsAnswer, TOKEN, TOPIC } from '../support/apns-client.ts'
import { startRig } from '../support/apns-simulator.ts'
import { FakeClock } from '../support/fake-clock.ts'

const OTHER = 'cd'.repeat(32)

test('answers as it is told, with retry-after and timestamp', async t => {
  const { simulator, client } = await startRig(t)
  simulator.faults.add({
    action: 'answer',
    status: 503,
    reason: 'ServiceUnavailable',
    retryAfter: '2',
    times: 1,
  })
  simulator.faults.add({
    action: 'answer',
    status: 410,
    reason: 'Unregistered',
    timestamp: 1234,
    token: OTHER,
  })
  const busy = await client.push()
  assert.deepEqual([busy.status, busy.reason, busy.headers['retry-after']], [503, 'ServiceUnavailable', '2'])
  assert.equal((await client.push()).status, 200)
  const gone = await client.push({ token: OTHER.toUpperCase() })
  assert.deepEqual([gone.status, gone.reason, gone.timestamp], [410, 'Unregistered', 1234])
  const { received, accepted, strikes } = simulator.stats()
  assert.deepEqual([received, accepted, strikes], [1, 1, 2])
})

test('answers like a proxy, with a body that is not JSON or none', async t => {
  const { simulator, client } = await startRig(t)
  simulator.faults.replace([
    { action: 'answer', status: 502, body: '<html>', times: 1 },
    { action: 'answer', status: 204 },
  ])
  assert.deepEqual(pair(await client.push()), [502, '<html>'])
  assert.deepEqual(pair(await client.push()), [204, ''])

  function pair({ status, body }: ApnsAnswer): [number, string] {
    return [status, body]
  }
})

test('strikes a share evenly, after some, so many times', () => {
  const faults = createFaults()
  const struck = (requests: number) =>
    Array.from({ length: requests }, () => (faults.strike(TOKEN, TOPIC) === undefined ? '.' : 'x')).join('')
  faults.add({ action: 'hang', percent: 25 })
  assert.equal(struck(8), '...x...x')
  faults.replace([{ action: 'hang', after: 2, times: 3 }])
  assert.equal(struck(8), '..xxx...')
  assert.equal(faults.list()[0]?.strikes, 3)
  faults.replace([{ action: 'hang', topic: 'com.example.other' }])
  assert.equal(struck(2), '..')
  const id = faults.add({ action: 'hang' })
  assert.equal(struck(2), 'xx')
  assert.deepEqual([faults.remove(id), faults.remove(id), struck(2)], [true, false, '..'])
})

test('refuses faults it does not understand', () => {
  const faults = createFaults()
  const bad: [fault: unknown, message: RegExp][] = [
    [{}, /action must be one of/],
    [null, /must be a JSON object/],
    [{ action: 'toString' }, /action must be one of/],
    [{ action: 'answer' }, /needs a status/],
    [{ action: 'answer', status: 99 }, /status must be/],
    [{ action: 'answer', status: 503, retryAfter: 'a\r\nb: c' }, /retryAfter must be/],
    [{ action: 'delay' }, /needs delayMs/],
    [{ action: 'hang', percent: 0 }, /percent must be/],
    [{ action: 'hang', times: 1.5 }, /times must be/],
    [{ action: 'hang', token: 'xyz' }, /token must be/],
    [{ action: 'reset', code: 'NOPE' }, /code must be/],
    [{ action: 'hang', stauts: 1 }, /no field "stauts"/],
  ]
  for (const [fault, message] of bad) assert.throws(() => faults.add(fault as Fault), message)
  faults.add({ action: 'hang' })
  assert.throws(
    () => faults.replace(Array.from({ length: 101 }, () => ({ action: 'hang' }))),
    /more than 100/,
  )
  assert.deepEqual(faults.list().length, 1)
})

test('delays an answer until its time has come', async t => {
  const clock = new FakeClock()
  const { simulator, client } = await startRig(t, { clock, faults: [{ action: 'delay', delayMs: 500 }] })
  const answer = client.push()
  await simulator.until(({ requests }) => requests === 1)
  while (clock.pendingTimers() === 0) await new Promise(resolve => setImmediate(resolve))
  clock.advance(499)
  assert.equal(simulator.stats().received, 0)
  clock.advance(1)
  assert.equal((await answer).status, 200)
})

test('does not show a push that was cancelled while it was delayed', async t => {
  const faults: Fault[] = [
    { action: 'delay', delayMs: 500, times: 1 },
    { action: 'hang', shown: true, delayMs: 500 },
  ]
  const clock = new FakeClock()
  const { simulator, connect } = await startRig(t, { clock, faults })
  for (const delayed of [1, 2]) {
    const client = connect()
    const answer = client.tryPush()
    while (clock.pendingTimers() < delayed) await new Promise(resolve => setImmediate(resolve))
    client.close()
    await answer
  }
  await simulator.until(({ connections }) => connections.open <= 1)
  clock.advance(500)
  assert.deepEqual([simulator.stats().received, simulator.stats().strikes], [0, 0])
})

test('hangs, and shows the push when told to', async t => {
  const { simulator, client } = await startRig(t, { faults: [{ action: 'hang', shown: true }] })
  const answer = client.tryPush()
  await simulator.received(1)
  assert.equal(simulator.stats().accepted, 0)
  client.close()
  assert.ok('error' in (await answer))
})

test('resets a stream with the wanted code and goes on', async t => {
  const { simulator, client } = await startRig(t)
  simulator.faults.add({ action: 'reset', code: 'REFUSED_STREAM', times: 1 })
  simulator.faults.add({ action: 'reset', times: 1 })
  const codes = [await client.tryPush(), await client.tryPush()].map(end => 'rstCode' in end && end.rstCode)
  assert.deepEqual(codes, [7, 2])
  assert.equal((await client.push()).status, 200)
  assert.equal(simulator.stats().received, 1)
})

test('drops the connection with a TCP reset, for one request and for all', async t => {
  const { simulator, client, connect } = await startRig(t)
  const other = connect()
  assert.equal((await other.push()).status, 200)
  simulator.faults.add({ action: 'drop', times: 1, shown: true })
  const failure = await client.tryPush()
  assert.equal('error' in failure && failure.error, 'ECONNRESET')
  await client.closed
  assert.equal(simulator.stats().received, 2)
  assert.equal((await other.push()).status, 200)
  simulator.dropConnections()
  await other.closed
  await simulator.until(({ connections }) => connections.open === 0)
})

test('a malformed request is refused whatever faults are set', async t => {
  const { client } = await startRig(t, { faults: [{ action: 'answer', status: 503, reason: 'Shutdown' }] })
  assert.equal((await client.push({ body: '{}' })).reason, 'BadPayload')
  assert.equal((await client.push()).reason, 'Shutdown')
})

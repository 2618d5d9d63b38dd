import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect } from './support/scripted-peer.ts'
import { answer, data, headers, ping } from './support/wire.ts'

const OK = [[':status', '200']] as const
const LIMITS = { requestMs: 1000, pingMs: 60_000, pingTimeoutMs: 5000, idleMs: 300_000 }

describe('a request takes so long and no longer', () => {
  test('counted from its opening, each for itself; late answers are ignored', async t => {
    const peer = await connect(t, { limits: LIMITS })
    const [first] = await peer.handOver()
    peer.clock.advance(600)
    const [second] = await peer.handOver()
    peer.send(headers(3, OK))
    peer.clock.advance(399)
    assert.ok(!first!.isAnswered)
    peer.clock.advance(1)
    assert.equal(first!.outcome, 'unknown timeout')
    assert.ok(!second!.isAnswered)
    assert.deepEqual(await peer.hear(), ['RST_STREAM 1 CANCEL', 'PING \0\0\0\0\0\0\0\x01'])
    peer.send(answer(1), data(1, 'x', { end: true }))
    peer.clock.advance(600)
    assert.equal(second!.outcome, 'unknown timeout 200')
    assert.equal(first!.results.length, 1)
    assert.deepEqual(await peer.hear(), ['RST_STREAM 3 CANCEL'], 'it has asked already')
  })

  test('an answer that never ends is none', async t => {
    const peer = await connect(t, { limits: LIMITS })
    const [sent] = await peer.handOver()
    for (let at = 0; at < 10; at++) {
      peer.send(at === 0 ? headers(1, OK) : data(1, 'x'))
      peer.clock.advance(100)
    }
    assert.equal(sent!.outcome, 'unknown timeout 200')
  })

  test('three in a row: what follows takes another connection', async t => {
    const peer = await connect(t, { limits: LIMITS })
    await peer.handOver(2)
    peer.clock.advance(1000)
    assert.ok(!peer.events.includes('retired'))
    const [, good] = await peer.handOver(2)
    peer.send(answer(good!.streamId))
    peer.clock.advance(1000)
    assert.ok(!peer.events.includes('retired'), 'an answer begins the count anew')
    await peer.handOver(3)
    peer.clock.advance(1000)
    assert.ok(peer.events.includes('retired'))
    assert.equal(peer.connection.freeStreams(), 0)
    assert.equal((await peer.hear()).at(-1), 'GOAWAY NO_ERROR')
  })

  test('a peer that does not read: what was gathered was never sent', async t => {
    const peer = await connect(t, { limits: LIMITS })
    peer.transport.pause()
    const [first] = await peer.handOver()
    peer.clock.advance(500)
    const [second] = await peer.handOver(1, { body: Buffer.alloc(100) })
    peer.clock.advance(500)
    assert.equal(first!.outcome, 'unknown timeout')
    peer.clock.advance(500)
    assert.equal(second!.outcome, 'not-processed write-timeout')
    assert.ok(peer.transport.isDestroyed)
    assert.equal(peer.events.at(-1), 'closed write-timeout')
    peer.transport.resume()
    assert.deepEqual(await peer.hear(), [])
  })

  test('a peer that grants no window', async t => {
    const peer = await connect(t, { limits: LIMITS, announced: { INITIAL_WINDOW_SIZE: 0 } })
    const [sent] = await peer.handOver(1, { body: Buffer.alloc(100) })
    peer.clock.advance(1000)
    assert.equal(sent!.outcome, 'unknown timeout')
  })

  test('one timer for all, and none without a request', async t => {
    const peer = await connect(t, { limits: LIMITS })
    const timers = peer.clock.pendingTimers()
    const sent = await peer.handOver(50)
    assert.equal(peer.clock.pendingTimers(), timers + 1)
    peer.send(...sent.map(({ streamId }) => answer(streamId)))
    peer.clock.advance(1000)
    assert.equal(peer.clock.pendingTimers(), timers)
  })

  test('who asks again at each timeout keeps it at one timer', async t => {
    const peer = await connect(t, { limits: { ...LIMITS, streams: 4 } })
    const timers = peer.clock.pendingTimers()
    const again = () => {
      if (peer.requests.length < 9 && peer.connection.freeStreams() > 0) peer.request({}, again)
    }
    peer.request({}, again)
    await peer.turn()
    peer.clock.advance(500)
    await peer.handOver()
    for (let at = 0; at < 10; at++) {
      peer.clock.advance(500)
      await peer.turn()
      // A pong, and an answer now and then: the connection stays.
      peer.send(ping('\0\0\0\0\0\0\0\x01', true))
      const open = peer.requests.find(({ isAnswered }) => !isAnswered)
      if (at % 3 === 0 && open) peer.send(answer(open.streamId))
      assert.ok(peer.clock.pendingTimers() <= timers + 2, 'deadline and pong')
    }
  })
})

describe('a connection on which nothing is heard', () => {
  test('is asked, and kept when it answers', async t => {
    const peer = await connect(t, { limits: { ...LIMITS, idleMs: 10 ** 7 } })
    for (let number = 1; number < 4; number++) {
      peer.clock.advance(59_999)
      assert.deepEqual(await peer.hear(), [])
      peer.clock.advance(1)
      const payload = `\0\0\0\0\0\0\0${String.fromCharCode(number)}`
      assert.deepEqual(await peer.hear(), [`PING ${payload}`])
      peer.send(ping(payload, true))
    }
    assert.deepEqual(peer.events, ['ready', 'settings'])
  })

  test('is given up when it does not: what is under way is unknown', async t => {
    const peer = await connect(t, { limits: { ...LIMITS, requestMs: 10 ** 6 } })
    peer.clock.advance(30_000)
    const [sent] = await peer.handOver()
    peer.clock.advance(29_999)
    assert.deepEqual(await peer.hear(), [])
    peer.clock.advance(1)
    assert.match((await peer.hear()).join(), /^PING/)
    const gathered = peer.request()
    peer.clock.advance(4999)
    assert.ok(!peer.transport.isDestroyed)
    peer.clock.advance(1)
    assert.ok(peer.transport.isDestroyed)
    assert.equal(sent!.outcome, 'unknown ping-timeout')
    assert.equal(gathered.outcome, 'not-processed ping-timeout')
    assert.equal(peer.events.at(-1), 'closed ping-timeout')
  })

  test('an answer to a PING that nobody sent proves nothing', async t => {
    const peer = await connect(t, { limits: LIMITS })
    peer.send(ping('\0\0\0\0\0\0\0\0', true), ping('\0\0\0\0\0\0\0\x01', true))
    peer.clock.advance(60_000)
    assert.match((await peer.hear()).join(), /^PING/)
    peer.send(ping('\0\0\0\0\0\0\0\x02', true))
    peer.clock.advance(5000)
    assert.equal(peer.events.at(-1), 'closed ping-timeout')
  })

  test('the PING of a peer is answered with the same octets', async t => {
    const peer = await connect(t)
    peer.send(ping('\x00\xffabc~\x80\x7f'), ping('12345678'))
    assert.deepEqual(await peer.hear(), ['PING ack \x00\xffabc~\x80\x7f', 'PING ack 12345678'])
    assert.equal(peer.transport.writes.length, 3, 'hello, acknowledgement, and both in one')
  })

  test('a silent one after a timeout is asked at once', async t => {
    const peer = await connect(t, { limits: LIMITS })
    await peer.handOver()
    peer.clock.advance(1000)
    assert.deepEqual(await peer.hear(), ['RST_STREAM 1 CANCEL', 'PING \0\0\0\0\0\0\0\x01'])
    peer.clock.advance(5000)
    assert.equal(peer.events.at(-1), 'closed ping-timeout')
  })
})

describe('a connection that nobody uses', () => {
  test('is closed after a time, counted from its last request', async t => {
    const peer = await connect(t, { limits: { ...LIMITS, pingMs: 10 ** 7 } })
    peer.clock.advance(299_000)
    const [sent] = await peer.handOver()
    peer.clock.advance(500)
    peer.send(answer(1))
    assert.equal(sent!.outcome, 'response 200')
    peer.clock.advance(299_999)
    assert.deepEqual(await peer.hear(), [])
    peer.clock.advance(1)
    assert.deepEqual(await peer.hear(), ['GOAWAY NO_ERROR'])
    peer.hangUp()
    assert.deepEqual(peer.events.slice(-2), ['retired', 'closed idle'])
  })

  test('is not closed while a request is under way, however long', async t => {
    const peer = await connect(t, { limits: { ...LIMITS, pingMs: 10 ** 7, requestMs: 10 ** 6 } })
    const [sent] = await peer.handOver()
    peer.clock.advance(900_000)
    assert.deepEqual(await peer.hear(), [])
    peer.send(answer(1))
    assert.equal(sent!.outcome, 'response 200')
    peer.clock.advance(300_000)
    assert.deepEqual(await peer.hear(), ['GOAWAY NO_ERROR'])
  })
})

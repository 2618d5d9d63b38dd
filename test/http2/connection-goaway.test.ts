import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect, type Sent } from './support/scripted-peer.ts'
import { answer, CODES, data, frame, goaway, headers, reset, settings, windowUpdate } from './support/wire.ts'

const HIGHEST = 2 ** 31 - 1
const outcomes = (sent: Sent[]) => sent.map(({ outcome }) => outcome)
const state = (sent: Sent) => (sent.isAnswered ? sent.outcome : 'open')

describe('GOAWAY (RFC 9113 §6.8)', () => {
  test('graceful, in two steps: what the second one gives up was not processed, the rest is answered', async t => {
    const peer = await connect(t)
    const sent = await peer.handOver(4)
    peer.send(goaway(HIGHEST))
    assert.deepEqual(peer.events, ['ready', 'settings', 'retired'])
    assert.equal(peer.connection.freeStreams(), 0)
    assert.deepEqual(sent.map(state), ['open', 'open', 'open', 'open'])
    peer.send(answer(1), goaway(5))
    assert.deepEqual(sent.map(state), ['response 200', 'open', 'open', 'not-processed goaway'])
    peer.send(answer(5, 410))
    assert.deepEqual(await peer.hear(), [], 'stream 3 is still open')
    peer.send(answer(3))
    assert.deepEqual(outcomes(sent), ['response 200', 'response 200', 'response 410', 'not-processed goaway'])
    assert.deepEqual(await peer.hear(), ['GOAWAY NO_ERROR'])
    assert.ok(peer.transport.isEnded)
    peer.hangUp()
    assert.equal(peer.events.at(-1), 'closed goaway NO_ERROR')
  })

  test('with an error: what it covers may still be answered, whatever the code', async t => {
    for (const code of CODES) {
      const peer = await connect(t)
      const sent = await peer.handOver(3)
      peer.send(goaway(3, code, 'too many pushes'), answer(3))
      assert.deepEqual(sent.map(state), ['open', 'response 200', 'not-processed goaway'])
      peer.hangUp('ECONNRESET')
      assert.equal(sent[0]!.outcome, `unknown goaway ${code}`)
      assert.equal(peer.events.at(-1), `closed goaway ${code}`)
    }
  })

  test('what comes on streams that it gave up is ignored: the others are answered all the same', async t => {
    const peer = await connect(t)
    const sent = await peer.handOver(3)
    peer.send(goaway(1), headers(3, [[':status', '200']]), data(3, 'x'), answer(5), answer(1))
    assert.deepEqual(sent.map(state), ['response 200', 'not-processed goaway', 'not-processed goaway'])
  })

  test('a code that nobody knows is told by its number', async t => {
    const peer = await connect(t)
    peer.send(goaway(0, 0xfeed))
    peer.hangUp()
    assert.equal(peer.events.at(-1), 'closed goaway error-65261')
  })

  test('last stream 0: nothing was processed, and it is over at once', async t => {
    const peer = await connect(t)
    const sent = await peer.handOver(3)
    peer.send(goaway(0))
    assert.deepEqual(outcomes(sent), Array(3).fill('not-processed goaway'))
    assert.deepEqual(await peer.hear(), ['GOAWAY NO_ERROR'])
  })

  test('without a stream it is over at once', async t => {
    const peer = await connect(t)
    peer.send(goaway(HIGHEST))
    assert.deepEqual(await peer.hear(), ['GOAWAY NO_ERROR'])
  })

  test('lower again and again: each request has one result', async t => {
    const peer = await connect(t)
    const sent = await peer.handOver(4)
    for (const lastStreamId of [HIGHEST, 7, 7, 5, 5, 1, 1, 0]) peer.send(goaway(lastStreamId))
    assert.deepEqual(outcomes(sent), Array(4).fill('not-processed goaway'))
    assert.equal(peer.events.filter(event => event === 'retired').length, 1)
  })

  test('higher than before: PROTOCOL_ERROR; what was given up may be sent again, the rest is unknown', async t => {
    const peer = await connect(t)
    const sent = await peer.handOver(3)
    peer.send(goaway(3), goaway(5))
    assert.deepEqual(await peer.hear(), ['GOAWAY PROTOCOL_ERROR RFC 9113 §6.8'])
    assert.deepEqual(outcomes(sent), [
      'unknown PROTOCOL_ERROR RFC 9113 §6.8',
      'unknown PROTOCOL_ERROR RFC 9113 §6.8',
      'not-processed goaway',
    ])
  })

  test('the reserved bit is ignored', async t => {
    const peer = await connect(t)
    const sent = await peer.handOver(2)
    peer.send(goaway(2 ** 31 + 1))
    assert.deepEqual(sent.map(state), ['open', 'not-processed goaway'])
  })

  test('a request that is gathered, and given up: exact, though it leaves with what was gathered', async t => {
    const peer = await connect(t)
    await peer.handOver()
    const gathered = peer.request()
    peer.send(goaway(1))
    assert.equal(gathered.outcome, 'not-processed goaway')
    peer.send(answer(1))
    await peer.turn()
    assert.equal(peer.requests[0]!.outcome, 'response 200')
  })

  test('one that is gathered, and covered by the first step, is sent and answered', async t => {
    const peer = await connect(t)
    const gathered = peer.request({ body: Buffer.from('x') })
    peer.send(goaway(HIGHEST))
    assert.deepEqual(await peer.hear(), ['HEADERS 1', 'DATA 1 1 end'])
    peer.send(goaway(1), answer(1))
    assert.equal(gathered.outcome, 'response 200')
  })

  test('who has begun to answer has processed, whatever it says afterwards', async t => {
    const peer = await connect(t)
    const sent = await peer.handOver(2)
    peer.send(headers(3, [[':status', '200']]), goaway(1))
    assert.deepEqual(sent.map(state), ['open', 'unknown goaway NO_ERROR 200'])
  })

  test('bodies go on, and windows, and settings; retired is told once', async t => {
    const peer = await connect(t, { announced: { INITIAL_WINDOW_SIZE: 0 } })
    await peer.handOver(2, { body: Buffer.alloc(10) })
    peer.send(goaway(1), windowUpdate(1, 4), settings({ INITIAL_WINDOW_SIZE: 6 }))
    assert.deepEqual(await peer.hear(), ['DATA 1 4', 'SETTINGS ack', 'DATA 1 6 end'])
    peer.connection.retire()
    peer.send(answer(1))
    assert.equal(peer.requests[0]!.outcome, 'response 200')
  })

  test('late frames on what was given up: nothing to say to RST_STREAM and WINDOW_UPDATE', async t => {
    const peer = await connect(t)
    await peer.handOver(2)
    peer.send(goaway(1), reset(3, 'REFUSED_STREAM'), windowUpdate(3, 10))
    assert.deepEqual(await peer.hear(), [])
    peer.send(answer(1))
    assert.equal(peer.requests[0]!.outcome, 'response 200')
  })

  for (const octets of [0, 4, 7])
    test(`of ${octets} octets: FRAME_SIZE_ERROR`, async t => {
      const peer = await connect(t)
      peer.send(frame({ type: 'GOAWAY', payload: Buffer.alloc(octets) }))
      assert.deepEqual(await peer.hear(), ['GOAWAY FRAME_SIZE_ERROR RFC 9113 §4.2'])
    })
})

describe('our own goodbye', () => {
  test('a retired connection finishes what is under way, then says so; nothing is read afterwards', async t => {
    const peer = await connect(t)
    const [sent] = await peer.handOver()
    peer.connection.retire()
    assert.equal(peer.connection.freeStreams(), 0)
    assert.deepEqual(await peer.hear(), [])
    peer.send(headers(1, [[':status', '200']]), data(1, 'ok', { end: true }), settings(), goaway(0))
    assert.equal(sent!.outcome, 'response 200')
    assert.deepEqual(await peer.hear(), ['GOAWAY NO_ERROR'])
    peer.send(settings(), Buffer.from('anything'))
    assert.deepEqual(await peer.hear(), [])
  })

  test('the peer has so long to hang up', async t => {
    const peer = await connect(t)
    peer.connection.retire()
    peer.clock.advance(999)
    assert.ok(!peer.transport.isDestroyed)
    peer.clock.advance(1)
    assert.ok(peer.transport.isDestroyed)
    assert.deepEqual(peer.events.slice(-2), ['retired', 'closed close-timeout'])
  })

  test('when stream ids are used up the connection retires by itself (§5.1.1)', async t => {
    const peer = await connect(t, { limits: { lastStreamId: 5 } })
    const sent = await peer.handOver(2)
    assert.ok(!peer.events.includes('retired'))
    sent.push(...(await peer.handOver(1)))
    assert.ok(peer.events.includes('retired'))
    assert.equal(peer.connection.freeStreams(), 0)
    peer.send(answer(3), answer(1), answer(5))
    assert.deepEqual(outcomes(sent), Array(3).fill('response 200'))
    assert.deepEqual(await peer.hear(), ['GOAWAY NO_ERROR'])
  })
})

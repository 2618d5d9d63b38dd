import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect } from './support/scripted-peer.ts'
import { answer, CODES, data, frame, headers, ping, reset, windowUpdate } from './support/wire.ts'

const OK = [[':status', '200']] as const

describe('RST_STREAM (RFC 9113 §6.4, §8.7)', () => {
  for (const code of CODES)
    test(`${code}, before and after the first fields of the response`, async t => {
      const peer = await connect(t)
      const [before, informed, after] = await peer.handOver(3)
      peer.send(reset(1, code))
      peer.send(headers(3, [[':status', '103']]), reset(3, code))
      peer.send(headers(5, OK), reset(5, code))
      const expected = code === 'REFUSED_STREAM' ? 'not-processed refused-stream' : `unknown reset ${code}`
      assert.equal(before!.outcome, expected)
      assert.equal(informed!.outcome, expected, 'an informational response is none')
      assert.equal(after!.outcome, `unknown reset ${code} 200`)
      assert.deepEqual(await peer.hear(), [], 'a reset is not answered')
    })

  test('a code that nobody knows', async t => {
    const peer = await connect(t)
    const [sent] = await peer.handOver()
    peer.send(reset(1, 0x12345678))
    assert.equal(sent!.outcome, 'unknown reset error-305419896')
  })

  test('after the response it changes nothing, however often', async t => {
    const peer = await connect(t)
    const [sent] = await peer.handOver()
    peer.send(answer(1), reset(1, 'NO_ERROR'), reset(1, 'REFUSED_STREAM'))
    assert.equal(sent!.outcome, 'response 200')
    assert.deepEqual(await peer.hear(), [])
  })

  test('of another length: FRAME_SIZE_ERROR', async t => {
    const peer = await connect(t)
    await peer.handOver()
    peer.send(frame({ type: 'RST_STREAM', streamId: 1, payload: Buffer.alloc(5) }))
    assert.deepEqual(await peer.hear(), ['GOAWAY FRAME_SIZE_ERROR RFC 9113 §6.4'])
  })

  test('streams that are refused are free again', async t => {
    const peer = await connect(t, { announced: { MAX_CONCURRENT_STREAMS: 1 } })
    for (let at = 0; at < 3; at++) {
      const [sent] = await peer.handOver()
      assert.equal(peer.connection.freeStreams(), 0)
      peer.send(reset(sent!.streamId, 'REFUSED_STREAM'))
      assert.equal(peer.connection.freeStreams(), 1)
    }
  })
})

describe('the transport is gone', () => {
  test('what was handed over is unknown, what was gathered was never sent', async t => {
    const peer = await connect(t)
    const [first, second] = await peer.handOver(2)
    const gathered = peer.request()
    peer.send(headers(3, OK))
    peer.hangUp('ECONNRESET')
    assert.equal(first!.outcome, 'unknown ECONNRESET')
    assert.equal(second!.outcome, 'unknown ECONNRESET 200')
    assert.equal(gathered.outcome, 'not-processed ECONNRESET')
    assert.deepEqual(await peer.hear(), [])
    assert.deepEqual(peer.events, ['ready', 'settings', 'retired', 'closed ECONNRESET'])
  })

  test('a request that waits behind a write that is under way was never sent', async t => {
    const peer = await connect(t)
    peer.transport.pause()
    const [first] = await peer.handOver()
    const [second] = await peer.handOver()
    peer.hangUp()
    assert.equal(first!.outcome, 'unknown closed')
    assert.equal(second!.outcome, 'not-processed closed')
    peer.transport.resume()
    assert.deepEqual(await peer.hear(), [])
  })

  test('half of a body has left: unknown', async t => {
    const peer = await connect(t)
    const [sent] = await peer.handOver(1, { body: Buffer.alloc(100_000) })
    peer.hangUp()
    assert.equal(sent!.outcome, 'unknown closed')
  })

  test('aborted: the same, at once', async t => {
    const peer = await connect(t)
    const [sent] = await peer.handOver()
    const gathered = peer.request()
    peer.connection.abort('stopping')
    assert.ok(peer.transport.isDestroyed)
    assert.equal(sent!.outcome, 'unknown stopping')
    assert.equal(gathered.outcome, 'not-processed stopping')
  })

  test('in the middle of a frame', async t => {
    const peer = await connect(t)
    const [sent] = await peer.handOver()
    peer.send(answer(1).subarray(0, -1))
    peer.hangUp()
    assert.equal(sent!.outcome, 'unknown closed')
  })
})

describe('a connection error (§5.4.1)', () => {
  test('what was gathered is not sent any more, and was not processed', async t => {
    const peer = await connect(t)
    const [sent] = await peer.handOver()
    const gathered = peer.request({ body: Buffer.from('x') })
    peer.send(ping('12345678'), windowUpdate(0, 0))
    assert.equal(sent!.outcome, 'unknown PROTOCOL_ERROR RFC 9113 §6.9')
    assert.equal(gathered.outcome, 'not-processed PROTOCOL_ERROR RFC 9113 §6.9')
    assert.deepEqual(await peer.hear(), ['GOAWAY PROTOCOL_ERROR RFC 9113 §6.9'])
    assert.equal(peer.written.at(-1)!.payload.readUInt32BE(0), 0, 'we have taken no stream of the peer')
  })

  test('what came before the broken frame counts, what comes after it does not', async t => {
    const peer = await connect(t)
    const sent = await peer.handOver(3)
    peer.send(answer(1), frame({ type: 'PING', payload: Buffer.alloc(7) }), answer(3))
    peer.send(answer(5))
    assert.deepEqual(
      sent.map(({ outcome }) => outcome),
      ['response 200', 'unknown FRAME_SIZE_ERROR RFC 9113 §6.7', 'unknown FRAME_SIZE_ERROR RFC 9113 §6.7'],
    )
  })

  test('a stream error ends its stream only', async t => {
    const peer = await connect(t)
    const sent = await peer.handOver(2)
    peer.send(headers(1, [['x-no-status', '1']]), answer(3))
    assert.deepEqual(
      sent.map(({ outcome }) => outcome),
      ['unknown PROTOCOL_ERROR RFC 9113 §8.3.2', 'response 200'],
    )
    assert.deepEqual(await peer.hear(), ['RST_STREAM 1 PROTOCOL_ERROR'])
    // What the peer had sent before it heard of that is ignored, and still decoded: the table goes on.
    peer.send(headers(1, Buffer.from([0x40, 1, 0x78, 1, 0x79])), data(1, 'late', { end: true }))
    await peer.handOver()
    peer.send(headers(5, Buffer.from([0x88, 0xbe]), { end: true }))
    const { result } = peer.requests[2]!
    assert.ok(result.kind === 'response')
    assert.deepEqual({ ...result.headers }, { x: 'y' })
  })
})

describe('an answer to what was never sent', () => {
  test('on a stream that is only gathered: PROTOCOL_ERROR, for the peer cannot know it (§5.1)', async t => {
    const frames = {
      HEADERS: answer(1),
      DATA: data(1, 'x'),
      RST_STREAM: reset(1, 'REFUSED_STREAM'),
      WINDOW_UPDATE: windowUpdate(1, 1),
    }
    for (const bytes of Object.values(frames)) {
      const peer = await connect(t)
      const gathered = peer.request()
      peer.send(bytes)
      assert.match(gathered.outcome, /^not-processed PROTOCOL_ERROR/)
      assert.match((await peer.hear()).join(), /^GOAWAY PROTOCOL_ERROR/)
    }
  })
})

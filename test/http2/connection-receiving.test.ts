import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect } from './support/scripted-peer.ts'
import { data, headers } from './support/wire.ts'

const STREAM_WINDOW = 65_535
const CONNECTION_WINDOW = 2 ** 20
const OK = [[':status', '200']] as const
const PIECE = Buffer.alloc(16_000, 'r')
const LARGE = { limits: { responseBytes: 10 ** 9 } }

describe('what the peer may send (RFC 9113 §6.9)', () => {
  test('a large response is credited, stream and connection, and arrives whole', async t => {
    const peer = await connect(t, LARGE)
    const [sent] = await peer.handOver()
    peer.send(headers(1, OK))
    let stream = STREAM_WINDOW
    let connection = CONNECTION_WINDOW
    const pieces = 300
    for (let at = 0; at < pieces; at++) {
      assert.ok(PIECE.length <= Math.min(stream, connection), 'the peer would have to wait')
      peer.send(data(1, PIECE, { end: at === pieces - 1 }))
      const said = await peer.hear()
      stream += credit(said, 1) - PIECE.length
      connection += credit(said, 0) - PIECE.length
      assert.ok(stream <= STREAM_WINDOW && connection <= CONNECTION_WINDOW, 'credited twice')
    }
    const { result } = sent!
    assert.ok(result.kind === 'response' && result.body.equals(Buffer.alloc(pieces * PIECE.length, 'r')))
  })

  test('padding, and the octet that tells of it, spend both windows', async t => {
    const peer = await connect(t, LARGE)
    const [sent] = await peer.handOver()
    peer.send(headers(1, OK), ...Array(127).fill(data(1, '', { padding: 255 })))
    assert.deepEqual(await peer.hear(), [])
    peer.send(data(1, 'x', { padding: 255 }), data(1, 'y', { padding: 0, end: true }))
    assert.deepEqual(await peer.hear(), ['WINDOW_UPDATE 1 +32769'])
    const { result } = sent!
    assert.ok(result.kind === 'response' && result.body.equals(Buffer.from('xy')))
  })

  test('the octets of streams that are gone are credited to the connection (§6.9)', async t => {
    const peer = await connect(t, { limits: { requestMs: 10 } })
    await peer.handOver()
    peer.clock.advance(10)
    await peer.turn()
    peer.heard()
    let window = CONNECTION_WINDOW
    for (let octets = 0; octets < 3 * CONNECTION_WINDOW; octets += PIECE.length) {
      assert.ok(PIECE.length <= window, 'the peer would have to wait')
      peer.send(data(1, PIECE))
      window += credit(await peer.hear(), 0) - PIECE.length
    }
  })

  test('also those of a response that is cut off', async t => {
    const peer = await connect(t, { limits: { responseBytes: 10 } })
    let credited = 0
    for (let at = 0; at < 40; at++) {
      const [sent] = await peer.handOver()
      peer.send(headers(sent!.streamId, OK), data(sent!.streamId, PIECE))
      credited += credit(await peer.hear(), 0)
      assert.equal(sent!.outcome, 'response 200')
    }
    assert.ok(credited >= 524_288)
  })
})

describe('an overdrawn window (§6.9.1)', () => {
  const fill = (octets: number) => {
    const pieces: number[] = []
    for (let left = octets; left > 0; left -= 16_384) pieces.push(Math.min(left, 16_384))
    return pieces.map(size => Buffer.alloc(size))
  }

  test('of a stream, before credit has left: the stream ends, and the others go on', async t => {
    const peer = await connect(t, LARGE)
    const [first, second, third] = await peer.handOver(3)
    peer.send(headers(1, OK), headers(3, OK), headers(5, OK))
    peer.send(...fill(STREAM_WINDOW).map(piece => data(1, piece)))
    peer.send(...fill(STREAM_WINDOW + 1).map(piece => data(3, piece)))
    assert.equal(second!.outcome, 'unknown FLOW_CONTROL_ERROR RFC 9113 §6.9.1 200')
    assert.equal((await peer.hear()).at(-1), 'RST_STREAM 3 FLOW_CONTROL_ERROR')
    // Half of the window was credited, and that has left.
    peer.send(
      ...fill(32_768).map(piece => data(1, piece)),
      data(1, '', { end: true }),
      data(5, 'x', { end: true }),
    )
    assert.equal(first!.outcome, 'response 200')
    assert.equal(third!.outcome, 'response 200')
  })

  test('of the connection, by a peer that does not read what it is told: the connection ends', async t => {
    const peer = await connect(t, LARGE)
    const streams = await peer.handOver(20)
    peer.send(...streams.map(({ streamId }) => headers(streamId, OK)))
    peer.transport.pause()
    peer.request()
    await peer.turn()
    const last = streams.at(-1)!
    for (const { streamId } of streams.slice(0, 16))
      peer.send(...fill(STREAM_WINDOW).map(piece => data(streamId, piece)))
    assert.ok(!last.isAnswered)
    peer.send(data(last.streamId, Buffer.alloc(16)))
    assert.ok(!last.isAnswered, 'the last octet of the window')
    peer.send(data(last.streamId, 'x'))
    assert.equal(last.outcome, 'unknown FLOW_CONTROL_ERROR RFC 9113 §6.9.1 200')
    assert.equal((await peer.hear()).at(-1), 'GOAWAY FLOW_CONTROL_ERROR RFC 9113 §6.9.1')
  })
})

/** Octets that the client has allowed. */
function credit(said: readonly string[], streamId: number): number {
  const increments = said.flatMap(text => {
    const [type, id, increment] = text.split(' ')
    return type === 'WINDOW_UPDATE' && id === String(streamId) ? [Number(increment)] : []
  })
  return increments.reduce((sum, increment) => sum + increment, 0)
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HeaderDecoder } from '../../src/http2/hpack/header-decoder.ts'
import { connect, type ScriptedPeer } from './support/scripted-peer.ts'
import { answer, frame, rawSettings, settings, windowUpdate } from './support/wire.ts'

const BODY = Buffer.alloc(100_000, 'b')

describe('SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 §5.1.2)', () => {
  test('no limit of the peer: our own holds', async t => {
    const peer = await connect(t, { limits: { streams: 3 } })
    assert.equal(peer.connection.streamLimit(), 3)
    assert.equal(peer.connection.freeStreams(), 3)
  })

  test('raised, lowered below what is open, and 0: requests wait, those under way go on', async t => {
    const peer = await connect(t, { announced: { MAX_CONCURRENT_STREAMS: 1 } })
    const free = (limit: number) => {
      peer.send(settings({ MAX_CONCURRENT_STREAMS: limit }))
      return peer.connection.freeStreams()
    }
    await peer.handOver()
    assert.equal(peer.connection.freeStreams(), 0)
    assert.throws(() => peer.request(), /free stream/)
    peer.requests.pop()
    assert.equal(free(3), 2)
    await peer.handOver(2)
    assert.equal(free(1), 0)
    assert.equal(peer.connection.streamLimit(), 1)
    peer.send(answer(1), answer(3))
    assert.equal(peer.connection.freeStreams(), 0)
    peer.send(answer(5))
    assert.equal(peer.connection.freeStreams(), 1)
    assert.equal(free(0), 0)
    assert.equal(peer.connection.streamLimit(), 0)
    assert.equal(free(4_294_967_295), 100)
    assert.deepEqual(
      peer.requests.map(({ outcome }) => outcome),
      Array(3).fill('response 200'),
    )
  })

  test('of several values in a frame the last one counts', async t => {
    const peer = await connect(t)
    const limits = [5, 0, 2].map(value => [3, value] as const)
    peer.send(rawSettings(limits))
    assert.equal(peer.connection.freeStreams(), 2)
  })
})

describe('SETTINGS_INITIAL_WINDOW_SIZE (§6.9.2)', () => {
  test('holds for streams that are open already, up and down, and below zero', async t => {
    const peer = await connect(t, { announced: { INITIAL_WINDOW_SIZE: 1000 } })
    peer.request({ body: BODY })
    assert.deepEqual(await peer.hear(), ['HEADERS 1', 'DATA 1 1000'])
    peer.send(settings({ INITIAL_WINDOW_SIZE: 1500 }))
    assert.deepEqual(await peer.hear(), ['SETTINGS ack', 'DATA 1 500'])
    // 1500 are sent: the window is now 100 - 1500 = -1400.
    peer.send(settings({ INITIAL_WINDOW_SIZE: 100 }), windowUpdate(1, 1400))
    assert.deepEqual(await peer.hear(), ['SETTINGS ack'])
    peer.send(windowUpdate(1, 7))
    assert.deepEqual(await peer.hear(), ['DATA 1 7'])
    peer.send(settings({ INITIAL_WINDOW_SIZE: 0 }))
    peer.request({ body: BODY })
    assert.deepEqual(await peer.hear(), ['SETTINGS ack', 'HEADERS 3'])
    peer.send(windowUpdate(1, 101), windowUpdate(3, 5))
    assert.deepEqual(await peer.hear(), ['DATA 1 1', 'DATA 3 5'])
  })

  test('above 2^31-1: FLOW_CONTROL_ERROR', async t => {
    const peer = await connect(t)
    const [sent] = await peer.handOver()
    peer.send(settings({ INITIAL_WINDOW_SIZE: 2 ** 31 }))
    assert.deepEqual(await peer.hear(), ['GOAWAY FLOW_CONTROL_ERROR RFC 9113 §6.5.2'])
    assert.equal(sent!.outcome, 'unknown FLOW_CONTROL_ERROR RFC 9113 §6.5.2')
  })

  test('the largest one is allowed, unless a stream has got more already', async t => {
    const peer = await connect(t, { announced: { INITIAL_WINDOW_SIZE: 2 ** 31 - 1 } })
    peer.send(settings({ INITIAL_WINDOW_SIZE: 10 }))
    await peer.handOver(1, { body: BODY.subarray(0, 20) })
    peer.send(windowUpdate(1, 1), settings({ INITIAL_WINDOW_SIZE: 2 ** 31 - 1 }))
    // 2^31-1 - 10 sent + 1 granted: just below. The other 10 octets go.
    assert.deepEqual(await peer.hear(), ['DATA 1 1', 'SETTINGS ack', 'DATA 1 9 end'])
    peer.send(settings({ INITIAL_WINDOW_SIZE: 0 }))
    await peer.handOver(1, { body: BODY })
    peer.send(windowUpdate(3, 2 ** 31 - 1))
    assert.match((await peer.hear()).join(), /^DATA 3 16384/)
    peer.send(settings({ INITIAL_WINDOW_SIZE: 2 ** 31 - 1 }))
    assert.deepEqual(await peer.hear(), ['GOAWAY FLOW_CONTROL_ERROR RFC 9113 §6.9.2'])
  })
})

describe('SETTINGS_MAX_FRAME_SIZE (§4.2)', () => {
  test('16384 until the peer allows more, and then as much', async t => {
    const peer = await connect(t)
    peer.request({ body: BODY.subarray(0, 20_000) })
    assert.deepEqual(await peer.hear(), ['HEADERS 1', 'DATA 1 16384', 'DATA 1 3616 end'])
    peer.send(settings({ MAX_FRAME_SIZE: 16_385 }))
    await peer.turn()
    peer.heard()
    peer.request({ body: BODY.subarray(0, 20_000) })
    assert.deepEqual(await peer.hear(), ['HEADERS 3', 'DATA 3 16385', 'DATA 3 3615 end'])
  })

  test('a field block that is longer goes on in CONTINUATION', async t => {
    const peer = await connect(t)
    const long = 'v'.repeat(40_000)
    peer.request({ uniqueHeaders: { long } })
    assert.deepEqual(await peer.hear(), ['HEADERS 1 end ...', 'CONTINUATION 1', 'CONTINUATION 1'])
    assert.deepEqual(
      peer.written.slice(-3).map(({ payload, flags }) => [payload.length, flags & 4]),
      [
        [16_384, 0],
        [16_384, 0],
        [peer.written.at(-1)!.payload.length, 4],
      ],
    )
    assert.equal(fieldsOf(peer, 1).find(({ name }) => name === 'long')?.value, long)
  })

  for (const size of [0, 16_383, 2 ** 24])
    test(`${size} is no size: PROTOCOL_ERROR`, async t => {
      const peer = await connect(t)
      peer.send(settings({ MAX_FRAME_SIZE: size }))
      assert.deepEqual(await peer.hear(), ['GOAWAY PROTOCOL_ERROR RFC 9113 §6.5.2'])
    })

  test('what we have not allowed is not taken: FRAME_SIZE_ERROR, before it has arrived', async t => {
    const peer = await connect(t)
    peer.send(frame({ type: 'DATA', streamId: 1, length: 16_385 }))
    assert.deepEqual(await peer.hear(), ['GOAWAY FRAME_SIZE_ERROR RFC 9113 §4.2'])
  })
})

describe('SETTINGS_HEADER_TABLE_SIZE (RFC 7541 §4.2)', () => {
  const request = { headers: { 'apns-topic': 'com.example.chat' }, path: '/3/device/00' }

  test('fields that come again are an octet each, as long as the peer keeps a table', async t => {
    const peer = await connect(t)
    await peer.handOver(2, request)
    assert.deepEqual(fieldsOf(peer, 1), fieldsOf(peer, 3))
    assert.ok(blockOf(peer, 3).length < blockOf(peer, 1).length / 2)
  })

  test('lowered to 0: announced at the next block, nothing is indexed any more', async t => {
    const peer = await connect(t)
    await peer.handOver(1, request)
    peer.send(settings({ HEADER_TABLE_SIZE: 0 }))
    await peer.handOver(2, request)
    assert.equal(blockOf(peer, 3)[0], 0x20)
    assert.deepEqual(fieldsOf(peer, 3), fieldsOf(peer, 1))
    assert.deepEqual(fieldsOf(peer, 5), fieldsOf(peer, 1))
    assert.deepEqual(blockOf(peer, 5), blockOf(peer, 3).subarray(1))
  })

  test('0 and back between two requests: both are told', async t => {
    const peer = await connect(t)
    await peer.handOver(1, request)
    peer.send(settings({ HEADER_TABLE_SIZE: 0 }), settings({ HEADER_TABLE_SIZE: 65_536 }))
    await peer.handOver(1, request)
    // 0, then 4096: more than the default would not be filled.
    assert.deepEqual([...blockOf(peer, 3).subarray(0, 4)], [0x20, 0x3f, 0xe1, 0x1f])
    assert.deepEqual(fieldsOf(peer, 3), fieldsOf(peer, 1))
  })

  test('0 and back within one frame: the values hold one after the other (RFC 9113 §6.5.3)', async t => {
    const peer = await connect(t)
    await peer.handOver(1, request)
    peer.send(
      rawSettings([
        [1, 0],
        [1, 4096],
      ]),
    )
    await peer.handOver(1, request)
    assert.deepEqual([...blockOf(peer, 3).subarray(0, 4)], [0x20, 0x3f, 0xe1, 0x1f])
    assert.deepEqual(fieldsOf(peer, 3), fieldsOf(peer, 1))
  })
})

describe('settings that are none of ours', () => {
  test('unknown ones and advice are ignored, and acknowledged', async t => {
    const peer = await connect(t)
    peer.send(
      rawSettings([
        [0, 1],
        [6, 1],
        [8, 1],
        [0xffff, 0xffffffff],
      ]),
    )
    assert.deepEqual(await peer.hear(), ['SETTINGS ack'])
    await peer.handOver(1)
    peer.send(answer(1))
    assert.equal(peer.requests[0]!.outcome, 'response 200')
  })

  test('ENABLE_PUSH 0 says nothing new', async t => {
    const peer = await connect(t)
    peer.send(settings({ ENABLE_PUSH: 0 }))
    assert.deepEqual(await peer.hear(), ['SETTINGS ack'])
  })

  for (const value of [1, 2])
    test(`ENABLE_PUSH ${value} from a server: PROTOCOL_ERROR`, async t => {
      const peer = await connect(t)
      peer.send(settings({ ENABLE_PUSH: value }))
      assert.deepEqual(await peer.hear(), ['GOAWAY PROTOCOL_ERROR RFC 9113 §6.5.2'])
    })

  for (const octets of [1, 5, 7, 11])
    test(`${octets} octets: FRAME_SIZE_ERROR`, async t => {
      const peer = await connect(t)
      peer.send(frame({ type: 'SETTINGS', payload: Buffer.alloc(octets) }))
      assert.deepEqual(await peer.hear(), ['GOAWAY FRAME_SIZE_ERROR RFC 9113 §6.5'])
    })

  test('PUSH_PROMISE, which we have disabled: PROTOCOL_ERROR (§6.6)', async t => {
    const peer = await connect(t)
    const [sent] = await peer.handOver()
    peer.send(
      frame({ type: 'PUSH_PROMISE', flags: 4, streamId: 1, payload: Buffer.from([0, 0, 0, 2, 0x82]) }),
    )
    assert.deepEqual(await peer.hear(), ['GOAWAY PROTOCOL_ERROR RFC 9113 §6.6'])
    assert.equal(sent!.outcome, 'unknown PROTOCOL_ERROR RFC 9113 §6.6')
  })
})

/** The field block of a request, as written. */
function blockOf({ written }: ScriptedPeer, streamId: number): Buffer {
  const pieces = written.filter(
    ({ type, streamId: id }) => id === streamId && (type === 'HEADERS' || type === 'CONTINUATION'),
  )
  return Buffer.concat(pieces.map(({ payload }) => payload))
}

/** Its fields, by a decoder that has read the blocks before it. */
function fieldsOf(peer: ScriptedPeer, streamId: number) {
  const decoder = new HeaderDecoder(2 ** 20)
  for (let id = 1; ; id += 2) {
    const block = blockOf(peer, id)
    const { fields } = decoder.decode(block, 0, block.length)
    if (id === streamId) return fields
  }
}

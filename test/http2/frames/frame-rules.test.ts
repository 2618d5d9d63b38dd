import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { ErrorName } from '../../../src/http2/errors.ts'
import { FLAGS, FRAME_TYPES } from '../../../src/http2/frames/frame.ts'
import { checkFrame } from '../../../src/http2/frames/frame-rules.ts'
import { connectionError, frameOf, payloadOf, type WireFrame } from './support.ts'

const { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE } =
  FRAME_TYPES
const { CONTINUATION } = FRAME_TYPES
const { PADDED } = FLAGS

function refuses(frame: WireFrame, code: ErrorName, section: string): void {
  assert.throws(() => checkFrame(frameOf(frame)), connectionError(code, section), JSON.stringify(frame))
}

function takes(frame: WireFrame): Buffer {
  const received = frameOf(frame)
  const { size } = received
  checkFrame(received)
  assert.equal(received.size, size, 'flow control counts the whole payload (§6.9.1)')
  return payloadOf(received)
}

describe('the stream of a frame', () => {
  const ofStreams = { DATA: '§6.1', HEADERS: '§6.2', PRIORITY: '§6.3', RST_STREAM: '§6.4' }
  const ofStreamsToo = { PUSH_PROMISE: '§6.6', CONTINUATION: '§6.10' }
  const ofConnection = { SETTINGS: '§6.5', PING: '§6.7', GOAWAY: '§6.8' }
  const lengths: Record<string, number> = { PRIORITY: 5, RST_STREAM: 4, PING: 8, GOAWAY: 8 }

  for (const [name, section] of Object.entries({ ...ofStreams, ...ofStreamsToo }))
    it(`is not 0 for ${name}`, () => {
      const type = FRAME_TYPES[name as keyof typeof FRAME_TYPES]
      const payload = Buffer.alloc(lengths[name] ?? 0)
      refuses({ type, streamId: 0, payload }, 'PROTOCOL_ERROR', section)
      for (const streamId of [1, 2, 0x7fffffff]) takes({ type, streamId, payload })
    })

  for (const [name, section] of Object.entries(ofConnection))
    it(`is 0 for ${name}`, () => {
      const type = FRAME_TYPES[name as keyof typeof FRAME_TYPES]
      const payload = Buffer.alloc(lengths[name] ?? 0)
      for (const streamId of [1, 2, 0x7fffffff])
        refuses({ type, streamId, payload }, 'PROTOCOL_ERROR', section)
      takes({ type, streamId: 0, payload })
    })

  it('may be either for WINDOW_UPDATE', () => {
    for (const streamId of [0, 1, 2]) takes({ type: WINDOW_UPDATE, streamId, payload: Buffer.alloc(4) })
  })
})

describe('the length of a frame', () => {
  const exact: [name: string, type: number, length: number, section: string][] = [
    ['PRIORITY', PRIORITY, 5, '§6.3'],
    ['RST_STREAM', RST_STREAM, 4, '§6.4'],
    ['PING', PING, 8, '§6.7'],
    ['WINDOW_UPDATE', WINDOW_UPDATE, 4, '§6.9'],
  ]
  for (const [name, type, length, section] of exact)
    it(`is ${length} for ${name}`, () => {
      const streamId = type === PING ? 0 : 1
      for (const wrong of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 16_384])
        if (wrong !== length)
          refuses({ type, streamId, payload: Buffer.alloc(wrong) }, 'FRAME_SIZE_ERROR', section)
      takes({ type, streamId, payload: Buffer.alloc(length) })
    })

  it('is 4 for WINDOW_UPDATE of the connection too', () => {
    for (const wrong of [0, 3, 5, 8])
      refuses({ type: WINDOW_UPDATE, payload: Buffer.alloc(wrong) }, 'FRAME_SIZE_ERROR', '§6.9')
  })

  it('is 8 or more for GOAWAY', () => {
    for (let length = 0; length < 8; length++)
      refuses({ type: GOAWAY, payload: Buffer.alloc(length) }, 'FRAME_SIZE_ERROR', '§4.2')
    for (const length of [8, 9, 1000]) takes({ type: GOAWAY, payload: Buffer.alloc(length) })
  })

  it('may be any for frames of data, fields and settings', () => {
    for (const type of [DATA, HEADERS, PUSH_PROMISE, CONTINUATION])
      for (const length of [0, 1, 16_384]) takes({ type, streamId: 1, payload: Buffer.alloc(length) })
    for (const length of [0, 6]) takes({ type: SETTINGS, payload: Buffer.alloc(length) })
  })
})

describe('padding (RFC 9113 §6.1, §6.2)', () => {
  for (const [name, type, section] of [
    ['DATA', DATA, '§6.1'],
    ['HEADERS', HEADERS, '§6.2'],
  ] as const) {
    it(`of ${name} is taken off, whatever its length`, () => {
      const padded = fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 50, size: 'max' }))
      fc.assert(
        fc.property(padded, ([padding, content]) => {
          const payload = Buffer.concat([Buffer.from([padding]), content, Buffer.alloc(padding, 0xaa)])
          assert.deepEqual(takes({ type, flags: PADDED, streamId: 1, payload }), Buffer.from(content))
        }),
      )
    })

    it(`of ${name} may be all there is, and not one octet more`, () => {
      for (const padding of [0, 1, 255]) {
        const payload = Buffer.alloc(1 + padding)
        payload[0] = padding
        assert.equal(takes({ type, flags: PADDED, streamId: 1, payload }).length, 0)
        if (padding < 255) payload[0] = padding + 1
        else continue
        refuses({ type, flags: PADDED, streamId: 1, payload }, 'PROTOCOL_ERROR', section)
      }
    })

    it(`of ${name} needs an octet that says its length`, () => {
      refuses({ type, flags: PADDED, streamId: 1 }, 'FRAME_SIZE_ERROR', '§4.2')
    })
  }

  it('is nothing where the flag is not set', () => {
    const payload = Buffer.from([200, 1, 2])
    for (const type of [DATA, HEADERS]) assert.deepEqual(takes({ type, streamId: 1, payload }), payload)
  })

  it('is unknown to other frames, whatever the bit says', () => {
    for (const flags of [PADDED, 0xff]) {
      const payload = Buffer.alloc(8, 0xff)
      assert.deepEqual(takes({ type: PING, flags, payload }), payload)
      assert.deepEqual(takes({ type: GOAWAY, flags, payload }), payload)
      assert.deepEqual(takes({ type: CONTINUATION, flags, streamId: 1, payload }), payload)
    }
  })
})

describe('priority in HEADERS (RFC 9113 §6.2)', () => {
  const flags = FLAGS.PRIORITY

  it('is skipped', () => {
    const payload = Buffer.from('80000001ff8887', 'hex')
    assert.deepEqual(takes({ type: HEADERS, flags, streamId: 1, payload }), Buffer.from('8887', 'hex'))
    const padded = Buffer.from('0280000001ff88870000', 'hex')
    assert.deepEqual(
      takes({ type: HEADERS, flags: flags | PADDED, streamId: 1, payload: padded }),
      Buffer.from('8887', 'hex'),
    )
  })

  it('must be there where the flag is set', () => {
    for (let length = 0; length < 5; length++)
      refuses(
        { type: HEADERS, flags, streamId: 1, payload: Buffer.alloc(length) },
        'FRAME_SIZE_ERROR',
        '§4.2',
      )
    for (let length = 0; length < 6; length++)
      refuses(
        { type: HEADERS, flags: flags | PADDED, streamId: 1, payload: Buffer.alloc(length) },
        'FRAME_SIZE_ERROR',
        '§4.2',
      )
  })

  it('is not padding', () => {
    const payload = Buffer.from('01ffffffffff', 'hex')
    refuses({ type: HEADERS, flags: flags | PADDED, streamId: 1, payload }, 'PROTOCOL_ERROR', '§6.2')
  })

  it('is no part of DATA', () => {
    assert.equal(takes({ type: DATA, flags, streamId: 1, payload: Buffer.alloc(3) }).length, 3)
  })
})

describe('frames of unknown types (RFC 9113 §5.5)', () => {
  it('are never refused', () => {
    for (let type = 0x0a; type <= 0xff; type++)
      for (const streamId of [0, 1])
        for (const length of [0, 7])
          takes({ type, flags: 0xff, streamId, payload: Buffer.alloc(length, 0xff) })
  })
})

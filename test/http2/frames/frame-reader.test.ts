import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FrameReader } from '../../../src/http2/frames/frame-reader.ts'
import { connectionError, frameBytes, payloadOf, type WireFrame } from './support.ts'

const LARGEST = 16_384
const tooLong = connectionError('FRAME_SIZE_ERROR', '§4.2')

/** Reads the chunks one after another; each is overwritten afterwards, as a socket's buffer is. */
function read(chunks: readonly Buffer[]): Required<WireFrame>[] {
  const seen: Required<WireFrame>[] = []
  const reader = new FrameReader(frame => {
    assert.equal(frame.size, frame.end - frame.start)
    const { type, flags, streamId } = frame
    seen.push({ type, flags, streamId, payload: payloadOf(frame) })
  })
  for (const chunk of chunks) {
    const arrived = Buffer.from(chunk)
    reader.read(arrived)
    arrived.fill(0xdd)
  }
  return seen
}

function split(bytes: Buffer, offsets: readonly number[]): Buffer[] {
  const ends = [...offsets.toSorted((a, b) => a - b), bytes.length]
  return ends.map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end))
}

const SEQUENCE: Required<WireFrame>[] = [
  { type: 4, flags: 0, streamId: 0, payload: Buffer.from('000300000064', 'hex') },
  { type: 4, flags: 1, streamId: 0, payload: Buffer.alloc(0) },
  { type: 1, flags: 4, streamId: 1, payload: Buffer.from('88') },
  { type: 0, flags: 1, streamId: 1, payload: Buffer.from('{"reason":"BadDeviceToken"}') },
  { type: 6, flags: 0, streamId: 0, payload: Buffer.from('12345678') },
  { type: 0xfe, flags: 0xff, streamId: 0x7fffffff, payload: Buffer.from([0]) },
  { type: 0, flags: 1, streamId: 3, payload: Buffer.alloc(0) },
]
const BYTES = Buffer.concat(SEQUENCE.map(frameBytes))

describe('reading frames (RFC 9113 §4.1)', () => {
  it('sees them all when all arrive at once', () => assert.deepEqual(read([BYTES]), SEQUENCE))

  it('sees the same when each octet arrives alone', () => {
    assert.deepEqual(read(split(BYTES, [...BYTES.keys()])), SEQUENCE)
  })

  it('sees the same when they arrive in two pieces, cut anywhere', () => {
    for (let at = 0; at <= BYTES.length; at++)
      assert.deepEqual(read(split(BYTES, [at])), SEQUENCE, `cut at ${at}`)
  })

  it('sees the same when they arrive in three pieces, cut anywhere', () => {
    const bytes = Buffer.concat(SEQUENCE.slice(0, 4).map(frameBytes))
    for (let first = 0; first <= bytes.length; first++)
      for (let second = first; second <= bytes.length; second++)
        assert.deepEqual(read(split(bytes, [first, second])), SEQUENCE.slice(0, 4), `${first}, ${second}`)
  })

  it('sees any frames in any pieces', () => {
    const described = fc.record({
      type: fc.nat(255),
      flags: fc.nat(255),
      streamId: fc.nat(0x7fffffff),
      length: fc.oneof(fc.nat(40), fc.constantFrom(LARGEST - 1, LARGEST)),
      octet: fc.nat(255),
    })
    fc.assert(
      fc.property(
        fc.array(described, { maxLength: 12, size: 'max' }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40, size: 'max' }),
        (descriptions, cuts) => {
          const frames = descriptions.map(({ length, octet, type, flags, streamId }) => ({
            type,
            flags,
            streamId,
            payload: Buffer.alloc(length, octet),
          }))
          const bytes = Buffer.concat(frames.map(frameBytes))
          const offsets = cuts.map(cut => Math.floor(cut * bytes.length))
          assert.deepEqual(read(split(bytes, offsets)), frames)
        },
      ),
    )
  })

  it('hands over nothing before the last octet is there', () => {
    const whole = frameBytes({ type: 0, streamId: 1, payload: Buffer.alloc(100) })
    for (const end of [0, 1, 8, 9, 10, 108]) assert.deepEqual(read([whole.subarray(0, end)]), [])
  })

  it('takes the length from the head that arrives, not from the one before it', () => {
    const frames = [LARGEST - 1, LARGEST, LARGEST - 1].map((length, at) => ({
      type: 0,
      flags: 0,
      streamId: 1,
      payload: Buffer.alloc(length, at),
    }))
    const bytes = Buffer.concat(frames.map(frameBytes))
    const heads = [0, LARGEST + 8, 2 * LARGEST + 17]
    const offsets = heads.flatMap(head => Array.from({ length: 10 }, (_, at) => head + at))
    assert.deepEqual(read(split(bytes, offsets)), frames)
  })

  it('ignores the reserved bit', () => {
    const bytes = frameBytes({ type: 0, streamId: 0x80000001 })
    assert.equal(read([bytes])[0]?.streamId, 1)
    assert.equal(read(split(bytes, [6]))[0]?.streamId, 1)
  })

  it('leaves what arrived whole where it lies, in a chunk that begins with the rest of another frame too', () => {
    const chunks: Buffer[] = []
    const reader = new FrameReader(({ bytes }) => chunks.push(bytes))
    const [first, second] = split(BYTES, [5]) as [Buffer, Buffer]
    reader.read(first)
    reader.read(second)
    assert.notEqual(chunks[0], second)
    assert.ok(chunks.slice(1).every(bytes => bytes === second))
  })
})

describe('a frame longer than we have allowed (RFC 9113 §4.2)', () => {
  it('is refused as soon as its head is there, however it arrives', () => {
    for (const length of [LARGEST + 1, 2 ** 16, 2 ** 24 - 1]) {
      const head = Buffer.alloc(9)
      head.writeUIntBE(length, 0, 3)
      assert.throws(() => read([head]), tooLong)
      assert.throws(() => read([BYTES, head]), tooLong)
      for (let at = 1; at < 9; at++) {
        assert.throws(() => read(split(head, [at])), tooLong)
        assert.deepEqual(read([Buffer.concat([BYTES, head.subarray(0, at)])]), SEQUENCE)
      }
    }
  })

  it('comes after frames that are read', () => {
    const seen: number[] = []
    const reader = new FrameReader(({ type }) => seen.push(type))
    const head = Buffer.from('ffffff000000000001', 'hex')
    assert.throws(() => reader.read(Buffer.concat([BYTES, head])), tooLong)
    assert.equal(seen.length, SEQUENCE.length)
  })
})

describe('a reader that was stopped', () => {
  it('reads neither the rest of the chunk nor any later one', () => {
    for (const cut of [0, 3, 15, 20]) {
      const seen: number[] = []
      const reader = new FrameReader(({ type }) => {
        seen.push(type)
        reader.stop()
      })
      for (const chunk of split(Buffer.concat([BYTES, BYTES]), [cut])) reader.read(chunk)
      reader.read(BYTES)
      reader.read(BYTES)
      assert.deepEqual(seen, [4], `cut at ${cut}`)
    }
  })

  it('does not complete what had begun', () => {
    const seen: number[] = []
    const reader = new FrameReader(({ type }) => seen.push(type))
    reader.read(BYTES.subarray(0, 12))
    reader.stop()
    reader.read(BYTES.subarray(12))
    assert.deepEqual(seen, [])
  })

  it('lets what its handler throws pass', () => {
    const reader = new FrameReader(() => {
      throw new RangeError('from the handler')
    })
    assert.throws(() => reader.read(BYTES), RangeError)
  })
})

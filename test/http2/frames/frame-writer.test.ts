import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ERROR_CODES, type ErrorName } from '../../../src/http2/errors.ts'
import * as writer from '../../../src/http2/frames/frame-writer.ts'
import { OutputBuffer } from '../../../src/http2/output-buffer.ts'
import { parseFrames } from './support.ts'

/** What `write` writes behind something else. */
function written(write: (output: OutputBuffer) => void): Buffer {
  const output = new OutputBuffer()
  output.text('before')
  write(output)
  const bytes = Buffer.from(output.take())
  assert.equal(bytes.subarray(0, 6).toString(), 'before')
  return bytes.subarray(6)
}

function writes(write: (output: OutputBuffer) => void, ...expected: string[]): void {
  assert.equal(written(write).toString('hex'), expected.join('').replaceAll(' ', ''))
}

describe('frames of the connection', () => {
  it('SETTINGS', () => {
    writes(output => writer.writeSettings(output, []), '000000 04 00 00000000')
    const settings = [
      [0x2, 0],
      [0x6, 0xfedcba98],
    ] as const
    writes(
      output => writer.writeSettings(output, settings),
      '00000c 04 00 00000000',
      '0002 00000000 0006 fedcba98',
    )
    writes(output => writer.writeSettingsAck(output), '000000 04 01 00000000')
  })

  it('PING', () => {
    const payload = Buffer.from('0102030405060708', 'hex')
    writes(output => writer.writePing(output, payload, false), '000008 06 00 00000000', '0102030405060708')
    writes(output => writer.writePing(output, payload, true), '000008 06 01 00000000', '0102030405060708')
  })

  it('GOAWAY, with each error code', () => {
    writes(
      output => writer.writeGoaway(output, 'ENHANCE_YOUR_CALM', 'RFC 9113 §10.5'),
      '000016 07 00 00000000',
      '00000000 0000000b',
      Buffer.from('RFC 9113 §10.5', 'latin1').toString('hex'),
    )
    for (const [code, number] of Object.entries(ERROR_CODES))
      writes(
        output => writer.writeGoaway(output, code as ErrorName, ''),
        '000008 07 00 00000000',
        `00000000 0000000${number.toString(16)}`,
      )
  })

  it('WINDOW_UPDATE, for a stream too', () => {
    writes(output => writer.writeWindowUpdate(output, 0, 0x7fffffff), '000004 08 00 00000000', '7fffffff')
    writes(output => writer.writeWindowUpdate(output, 5, 1), '000004 08 00 00000005', '00000001')
  })
})

describe('frames of a stream', () => {
  it('RST_STREAM', () => {
    writes(output => writer.writeReset(output, 0x7fffffff, 'CANCEL'), '000004 03 00 7fffffff', '00000008')
  })

  it('DATA: any piece of a body, the last one ends the stream', () => {
    const body = Buffer.from('abcdef')
    writes(
      output => writer.writeData(output, { streamId: 1, body, start: 0, end: 2 }),
      '000002 00 00 00000001',
      '6162',
    )
    writes(
      output => writer.writeData(output, { streamId: 1, body, start: 2, end: 6 }),
      '000004 00 01 00000001',
      '63646566',
    )
    writes(
      output => writer.writeData(output, { streamId: 3, body, start: 0, end: 6 }),
      '000006 00 01 00000003',
      '616263646566',
    )
  })

  it('DATA of the largest size', () => {
    const body = Buffer.alloc(2 ** 24 - 1, 7)
    const bytes = written(output =>
      writer.writeData(output, { streamId: 1, body, start: 0, end: body.length }),
    )
    assert.equal(bytes.subarray(0, 9).toString('hex'), 'ffffff000100000001')
    assert.ok(bytes.subarray(9).equals(body))
  })
})

describe('HEADERS and CONTINUATION (RFC 9113 §6.2, §6.10)', () => {
  const headers = (size: number, maxFrameSize: number, isEnd = false) => {
    const block = Buffer.from(Array.from({ length: size }, (_, at) => at % 251))
    const bytes = written(output =>
      writer.writeHeaders(output, { streamId: 7, isEnd, maxFrameSize }, () => output.bytes(block)),
    )
    return { block, frames: parseFrames(bytes) }
  }
  const shape = (frames: ReturnType<typeof parseFrames>) =>
    frames.map(({ type, flags, payload }) => [type, flags, payload.length])

  it('are one frame where the block fits', () => {
    assert.deepEqual(shape(headers(0, 10).frames), [[1, 0x4, 0]])
    assert.deepEqual(shape(headers(10, 10).frames), [[1, 0x4, 10]])
    assert.deepEqual(shape(headers(10, 10, true).frames), [[1, 0x5, 10]])
  })

  it('are more where it does not: the first says the end of the stream, the last the end of the block', () => {
    assert.deepEqual(shape(headers(11, 10, true).frames), [
      [1, 0x1, 10],
      [9, 0x4, 1],
    ])
    assert.deepEqual(shape(headers(30, 10).frames), [
      [1, 0x0, 10],
      [9, 0x0, 10],
      [9, 0x4, 10],
    ])
  })

  it('carry the whole block, whatever its size', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.integer({ min: 1, max: 300 }), fc.boolean(), (size, most, isEnd) => {
        const { block, frames } = headers(size, most, isEnd)
        assert.deepEqual(Buffer.concat(frames.map(({ payload }) => payload)), block)
        assert.equal(frames.length, Math.max(1, Math.ceil(size / most)))
        assert.ok(frames.every(({ streamId, payload }) => streamId === 7 && payload.length <= most))
        assert.deepEqual(
          frames.map(({ flags }) => flags),
          frames.map((_, at) => (at === 0 && isEnd ? 0x1 : 0) | (at === frames.length - 1 ? 0x4 : 0)),
        )
      }),
    )
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FLAGS, FRAME_TYPES, type Frame } from '../../src/http2/frames/frame.ts'
import { HeaderBlocks } from '../../src/http2/header-block.ts'
import { connectionError, frameOf } from './frames/support.ts'

const { HEADERS, CONTINUATION } = FRAME_TYPES
const { END_HEADERS, END_STREAM } = FLAGS

const outOfPlace = connectionError('PROTOCOL_ERROR', '§6.10')
const tooLarge = connectionError('ENHANCE_YOUR_CALM', '§10.5.1')

interface Part {
  type: number
  flags?: number
  streamId?: number
  text?: string
}

/** Blocks as the connection puts them together: the frames in their order, each overwritten once it was handled. */
function assemble(...parts: Part[]): string[] {
  const seen: string[] = []
  const blocks = new HeaderBlocks(({ streamId, isEnd, bytes, start, end }) =>
    seen.push(`${streamId}${isEnd ? ' end' : ''}: ${bytes.toString('latin1', start, end)}`),
  )
  for (const { type, flags = 0, streamId = 1, text = '' } of parts) {
    const frame = frameOf({ type, flags, streamId, payload: Buffer.from(text) })
    blocks.checkOrder(frame)
    handle(blocks, frame)
    frame.bytes.fill(0xdd)
  }
  return seen
}

function handle(blocks: HeaderBlocks, frame: Frame): void {
  if (frame.type === HEADERS) blocks.headers(frame)
  if (frame.type === CONTINUATION) blocks.continuation(frame)
}

describe('a field block (RFC 9113 §4.3)', () => {
  it('of one frame is passed on at once', () => {
    assert.deepEqual(assemble({ type: HEADERS, flags: END_HEADERS, text: 'ab' }), ['1: ab'])
    assert.deepEqual(assemble({ type: HEADERS, flags: END_HEADERS | END_STREAM, streamId: 3 }), ['3 end: '])
  })

  it('of one frame is passed on where it lies', () => {
    const frame = frameOf({ type: HEADERS, flags: END_HEADERS, streamId: 1, payload: Buffer.from('ab') })
    new HeaderBlocks(({ bytes, start, end }) => {
      assert.equal(bytes, frame.bytes)
      assert.deepEqual([start, end], [frame.start, frame.end])
    }).headers(frame)
  })

  it('of several frames is passed on as a whole, with what HEADERS said of the stream', () => {
    assert.deepEqual(
      assemble(
        { type: HEADERS, flags: END_STREAM, streamId: 5, text: 'a' },
        { type: CONTINUATION, streamId: 5, text: 'bc' },
        { type: CONTINUATION, streamId: 5 },
        { type: CONTINUATION, flags: END_HEADERS, streamId: 5, text: 'd' },
        { type: HEADERS, flags: END_HEADERS, streamId: 7, text: 'next' },
      ),
      ['5 end: abcd', '7: next'],
    )
    // The bit that ends a stream in HEADERS means nothing in CONTINUATION.
    assert.deepEqual(
      assemble({ type: HEADERS, text: 'a' }, { type: CONTINUATION, flags: END_HEADERS | END_STREAM }),
      ['1: a'],
    )
  })

  it('is the same however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary-ascii', maxLength: 20, size: 'max' }), {
          minLength: 1,
          maxLength: 20,
          size: 'max',
        }),
        texts => {
          const parts = texts.map((text, at) => ({
            type: at === 0 ? HEADERS : CONTINUATION,
            flags: at === texts.length - 1 ? END_HEADERS : 0,
            text,
          }))
          assert.deepEqual(assemble(...parts), [`1: ${texts.join('')}`])
        },
      ),
    )
  })
})

function refusesOthers(before: readonly Part[]): void {
  for (let type = 0; type <= 0xff; type++)
    for (const streamId of [0, 1, 3]) {
      if (type === CONTINUATION && streamId === 1) continue
      assert.throws(() => assemble(...before, { type, flags: END_HEADERS, streamId }), outOfPlace)
    }
}

describe('the order of frames (RFC 9113 §6.10)', () => {
  it('has no CONTINUATION where none is awaited', () => {
    const done: Part[] = [
      { type: HEADERS, text: 'a' },
      { type: CONTINUATION, flags: END_HEADERS },
    ]
    for (const before of [[], [{ type: HEADERS, flags: END_HEADERS }], done])
      for (const streamId of [0, 1, 3])
        assert.throws(
          () => assemble(...before, { type: CONTINUATION, flags: END_HEADERS, streamId }),
          outOfPlace,
        )
  })

  const begun: [what: string, before: Part[]][] = [
    ['HEADERS', [{ type: HEADERS }]],
    ['CONTINUATION', [{ type: HEADERS }, { type: CONTINUATION }]],
  ]
  for (const [what, before] of begun)
    it(`has nothing but CONTINUATION behind ${what} without END_HEADERS`, () => refusesOthers(before))

  it('lets any other frame pass outside of blocks', () => {
    for (let type = 0; type <= 0xff; type++)
      if (type !== HEADERS && type !== CONTINUATION) assert.deepEqual(assemble({ type }), [])
  })
})

describe('a field block that never ends (RFC 9113 §10.5.1)', () => {
  const quarter = 'x'.repeat(16_384)

  it('may have 64 KiB', () => {
    const parts: Part[] = [{ type: HEADERS, text: quarter }]
    for (let at = 0; at < 3; at++) parts.push({ type: CONTINUATION, text: quarter })
    assert.equal(assemble(...parts, { type: CONTINUATION, flags: END_HEADERS }).length, 1)
    assert.throws(() => assemble(...parts, { type: CONTINUATION, text: 'x' }), tooLarge)
    assert.throws(() => assemble(...parts, { type: CONTINUATION, flags: END_HEADERS, text: 'x' }), tooLarge)
  })

  it('may have 32 CONTINUATION frames, empty ones too', () => {
    const parts: Part[] = [{ type: HEADERS, text: 'a' }]
    for (let at = 0; at < 31; at++) parts.push({ type: CONTINUATION })
    assert.equal(assemble(...parts, { type: CONTINUATION, flags: END_HEADERS }).length, 1)
    assert.throws(() => assemble(...parts, { type: CONTINUATION }, { type: CONTINUATION }), tooLarge)
  })

  it('is counted anew for each block', () => {
    const parts: Part[] = []
    for (let block = 0; block < 5; block++) {
      parts.push({ type: HEADERS, text: quarter })
      for (let at = 0; at < 30; at++) parts.push({ type: CONTINUATION })
      parts.push({ type: CONTINUATION, flags: END_HEADERS, text: quarter })
    }
    assert.equal(assemble(...parts).length, 5)
  })
})

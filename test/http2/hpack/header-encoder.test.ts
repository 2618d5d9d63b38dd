import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { HeaderDecoder } from '../../../src/http2/hpack/header-decoder.ts'
import { HeaderEncoder } from '../../../src/http2/hpack/header-encoder.ts'
import { STATIC_TABLE } from '../../../src/http2/hpack/static-table.ts'
import { OutputBuffer } from '../../../src/http2/output-buffer.ts'
import type { Field } from './appendix-c.ts'
import { decodeFields, literal, text, written } from './support.ts'

type Part = readonly [how: 'repeated' | 'unique', ...field: Field]

function encode(encoder: HeaderEncoder, ...parts: Part[]): Buffer {
  const output = new OutputBuffer()
  encoder.begin(output)
  for (const [how, name, value] of parts) encoder[how](output, name, value)
  return written(output)
}

function hex(encoder: HeaderEncoder, ...parts: Part[]): string {
  return encode(encoder, ...parts).toString('hex')
}

describe('a field that comes again', () => {
  it('is one octet at once where the static table has it', () => {
    const encoder = new HeaderEncoder()
    for (const [at, { name, value }] of STATIC_TABLE.entries())
      assert.equal(hex(encoder, ['repeated', name, value]), (0x80 + at + 1).toString(16), name)
  })

  it('is written out once, then one octet', () => {
    const encoder = new HeaderEncoder('plain')
    assert.deepEqual(encode(encoder, ['repeated', 'a', '1']), literal('a', '1'))
    assert.equal(hex(encoder, ['repeated', 'a', '1'], ['repeated', 'a', '1']), 'bebe')
    assert.deepEqual(encode(encoder, ['repeated', 'b', '2']), literal('b', '2'))
    assert.equal(hex(encoder, ['repeated', 'a', '1'], ['repeated', 'b', '2']), 'bfbe')
  })

  it('has only its value written out where its name is known', () => {
    const encoder = new HeaderEncoder('plain')
    assert.equal(hex(encoder, ['repeated', 'authorization', 'b']), `57${'0162'}`)
    encode(encoder, ['repeated', 'a', '1'])
    assert.equal(hex(encoder, ['repeated', 'a', '2']), `7e${'0132'}`)
  })

  it('is in Huffman code where that is no longer', () => {
    const encoder = new HeaderEncoder()
    assert.equal(hex(encoder, ['repeated', 'x', '\u0000\u0001']), '4081f3020001')
    assert.equal(hex(encoder, ['repeated', 'a', '']), '40811f00')
  })
})

describe('a field whose value is new each time', () => {
  it('leaves its name in the table, with the first value, and its later values nowhere', () => {
    const encoder = new HeaderEncoder()
    assert.deepEqual(encode(encoder, ['unique', 'apns-id', 'one']), literal('apns-id', 'one'))
    for (const value of ['two', 'three', 'one'])
      assert.deepEqual(
        encode(encoder, ['unique', 'apns-id', value]),
        Buffer.concat([Buffer.from('0f2f', 'hex'), text(value)]),
      )
    assert.deepEqual(encode(encoder, ['repeated', 'apns-id', 'one']), Buffer.from([0xbe]))
  })

  it('leaves nothing in the table where the static one has its name', () => {
    const encoder = new HeaderEncoder()
    encode(encoder, ['repeated', 'kept', 'v'])
    for (let at = 0; at < 500; at++)
      assert.equal(encode(encoder, ['unique', ':path', `/3/device/${at}`])[0], 0x04)
    assert.equal(hex(encoder, ['repeated', 'kept', 'v']), 'be')
  })

  it('never pushes out what is worth keeping', () => {
    const encoder = new HeaderEncoder()
    encode(encoder, ['repeated', 'kept', 'v'.repeat(3900)], ['unique', 'id', '0'])
    for (let at = 0; at < 500; at++) encode(encoder, ['unique', 'id', `value ${at}`.repeat(10)])
    assert.equal(hex(encoder, ['repeated', 'kept', 'v'.repeat(3900)]), 'bf')
  })
})

describe('a field that is larger than the table', () => {
  it('is written without indexing, and leaves the table as it is', () => {
    for (const how of ['repeated', 'unique'] as const) {
      const encoder = new HeaderEncoder('plain')
      encode(encoder, ['repeated', 'a', '1'])
      const large = 'v'.repeat(4096 - 32)
      for (let time = 0; time < 2; time++)
        assert.deepEqual(encode(encoder, [how, 'n', large]), literal('n', large, 0x00))
      assert.equal(hex(encoder, ['repeated', 'a', '1']), 'be')
    }
  })

  it('enters it when it just fits', () => {
    const encoder = new HeaderEncoder('plain')
    const exact = 'v'.repeat(4096 - 33)
    assert.deepEqual(encode(encoder, ['repeated', 'n', exact]), literal('n', exact))
    assert.equal(hex(encoder, ['repeated', 'n', exact]), 'be')
  })
})

describe('the table size that the peer allows (RFC 7541 §4.2)', () => {
  it('is announced once, at the beginning of the next block, when it is smaller than before', () => {
    const encoder = new HeaderEncoder()
    encoder.resize(100)
    assert.equal(hex(encoder, ['repeated', ':method', 'GET']), '3f4582')
    assert.equal(hex(encoder, ['repeated', ':method', 'GET']), '82')
  })

  it('is never used beyond the default', () => {
    const encoder = new HeaderEncoder()
    encoder.resize(2 ** 32 - 1)
    assert.equal(hex(encoder), '')
    encoder.resize(100)
    encoder.resize(1_000_000)
    assert.equal(hex(encoder), '3f453fe11f')
  })

  it('of several between two blocks, the smallest and the last are announced', () => {
    const changes: [sizes: number[], expected: string][] = [
      [[0, 4096], '203fe11f'],
      [[100, 0], '20'],
      [[100, 50, 100], '3f133f45'],
      [[100, 200, 50], '3f13'],
      [[0, 100, 4096, 10], '202a'],
      [[10, 0, 4096, 30], '203e'],
      [[4096], ''],
      [[158], '3f7f'],
      [[159], '3f8001'],
      [[30], '3e'],
      [[31], '3f00'],
    ]
    for (const [sizes, expected] of changes) {
      const encoder = new HeaderEncoder()
      for (const size of sizes) encoder.resize(size)
      assert.equal(hex(encoder), expected, sizes.join(', '))
      assert.equal(hex(encoder), '')
    }
  })

  it('of 0 leaves only the static table, and names are written out', () => {
    const encoder = new HeaderEncoder('plain')
    encode(encoder, ['repeated', 'a', '1'], ['unique', 'b', '2'])
    encoder.resize(0)
    encoder.begin(new OutputBuffer())
    for (let time = 0; time < 2; time++) {
      assert.deepEqual(encode(encoder, ['repeated', 'a', '1']), literal('a', '1', 0x00))
      assert.deepEqual(encode(encoder, ['unique', 'b', '2']), literal('b', '2', 0x00))
      assert.equal(hex(encoder, ['repeated', ':method', 'POST'], ['unique', ':path', 'x']), '8304' + '0178')
    }
  })
})

describe('any fields in any order', () => {
  const name = fc.constantFrom(':path', ':method', 'authorization', 'a', 'b', 'apns-id', 'x'.repeat(300))
  const value = fc.oneof(
    fc.constantFrom('', 'GET', '1', '2', 'v'.repeat(150), 'w'.repeat(1500), 'z'.repeat(5000)),
    fc.uint8Array({ maxLength: 40, size: 'max' }).map(bytes => Buffer.from(bytes).toString('latin1')),
  )
  const part = fc.tuple(fc.constantFrom('repeated' as const, 'unique' as const), name, value)
  const block = fc.record({
    sizes: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      fc.array(fc.constantFrom(0, 31, 34, 200, 1000, 2000, 4096, 65_536), { maxLength: 4, size: 'max' }),
    ),
    parts: fc.array(part, { maxLength: 12, size: 'max' }),
  })

  it('come back as they were, while the table fills, evicts and changes its size', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('plain' as const, 'huffman' as const),
        fc.array(block, { minLength: 1, maxLength: 30, size: 'max' }),
        (coding, blocks) => {
          const encoder = new HeaderEncoder(coding)
          const decoder = new HeaderDecoder(1_000_000)
          for (const { sizes, parts } of blocks) {
            for (const size of sizes) encoder.resize(size)
            const fields = decodeFields(decoder, encode(encoder, ...parts))
            assert.deepEqual(
              fields,
              parts.map(([, ...field]) => field),
            )
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { ConnectionError } from '../../../src/http2/errors.ts'
import { decodeHuffman, encodeHuffman, huffmanLength } from '../../../src/http2/hpack/huffman.ts'
import { EOS, HUFFMAN_CODES } from '../../../src/http2/hpack/huffman-code.ts'
import { compressionError, octets } from './support.ts'

/** Each code as a row of bits, as RFC 7541 appendix B shows it. */
const CODES = HUFFMAN_CODES.map(({ bits, length }) => bits.toString(2).padStart(length, '0'))

function encode(text: string): Buffer {
  const target = Buffer.alloc(3 + huffmanLength(text) + 1, 0xaa)
  const end = encodeHuffman(text, target, 3)
  assert.equal(end, 3 + huffmanLength(text))
  assert.deepEqual([target[2], target[end]], [0xaa, 0xaa], 'wrote beside its place')
  return target.subarray(3, end)
}

/** Decodes a string that lies between others. */
function decode(bytes: Buffer): string {
  return decodeHuffman(Buffer.concat([octets('00 ff'), bytes, octets('00 ff')]), 2, 2 + bytes.length)
}

function bitsOf(bytes: Buffer): string {
  return [...bytes].map(octet => octet.toString(2).padStart(8, '0')).join('')
}

function fromBits(bits: string): Buffer {
  assert.equal(bits.length % 8, 0)
  return Buffer.from((bits.match(/.{8}/g) ?? []).map(octet => Number.parseInt(octet, 2)))
}

/** Bit by bit, as the RFC describes it: slow, and plain to see. Undefined for what is to be refused. */
function decodeSlowly(bytes: Buffer): string | undefined {
  let text = ''
  let pending = ''
  for (const bit of bitsOf(bytes)) {
    pending += bit
    const symbol = CODES.indexOf(pending)
    if (symbol === -1) continue
    if (symbol === EOS) return undefined
    text += String.fromCharCode(symbol)
    pending = ''
  }
  return pending.length <= 7 && !pending.includes('0') ? text : undefined
}

const latin1 = fc
  .uint8Array({ maxLength: 200, size: 'max' })
  .map(bytes => Buffer.from(bytes).toString('latin1'))

describe('the Huffman code', () => {
  it('has a code for each octet and for EOS', () => {
    assert.equal(HUFFMAN_CODES.length, 257)
    assert.equal(new Set(CODES).size, 257)
  })

  it('is complete: each row of bits is the beginning of some text (Kraft sum 1)', () => {
    assert.equal(
      HUFFMAN_CODES.reduce((sum, { length }) => sum + 2 ** -length, 0),
      1,
    )
  })

  it('has no code that begins another', () => {
    const sorted = CODES.toSorted()
    for (const [at, code] of sorted.entries())
      assert.ok(!(sorted[at + 1] ?? '').startsWith(code), `${code} begins ${sorted[at + 1]}`)
  })

  it('is that of appendix B', () => {
    const known: [symbol: number, bits: number, length: number][] = [
      [0, 0x1ff8, 13],
      [0x09, 0xffffea, 24],
      [0x0a, 0x3ffffffc, 30],
      [0x20, 0x14, 6],
      [0x25, 0x15, 6],
      [0x30, 0x0, 5],
      [0x39, 0x1f, 6],
      [0x3a, 0x5c, 7],
      [0x41, 0x21, 6],
      [0x5a, 0xfd, 8],
      [0x5c, 0x7fff0, 19],
      [0x61, 0x3, 5],
      [0x74, 0x9, 5],
      [0x7a, 0x7b, 7],
      [0x7b, 0x7ffe, 15],
      [0x7e, 0x1ffd, 13],
      [0x7f, 0xffffffc, 28],
      [0x80, 0xfffe6, 20],
      [0xc3, 0x7fff1, 19],
      [0xf9, 0xffffffe, 28],
      [0xff, 0x3ffffee, 26],
      [EOS, 0x3fffffff, 30],
    ]
    for (const [symbol, bits, length] of known)
      assert.deepEqual(HUFFMAN_CODES[symbol], { bits, length }, `symbol ${symbol}`)
  })

  it('is that of appendix B for control characters, which no field of ours or of Node can hold', () => {
    const controls = [
      '1ff8 7fffd8 fffffe2 fffffe3 fffffe4 fffffe5 fffffe6 fffffe7 fffffe8 ffffea 3ffffffc fffffe9 fffffea',
      '3ffffffd fffffeb fffffec fffffed fffffee fffffef ffffff0 ffffff1 ffffff2 3ffffffe ffffff3 ffffff4',
      'ffffff5 ffffff6 ffffff7 ffffff8 ffffff9 ffffffa ffffffb',
    ]
    const codes = HUFFMAN_CODES.slice(0, 0x20).map(({ bits }) => bits.toString(16))
    assert.deepEqual(codes, controls.join(' ').split(' '))
  })
})

describe('strings in Huffman code', () => {
  it('are those of appendix C', () => {
    const known = {
      'www.example.com': 'f1e3c2e5f23a6ba0ab90f4ff',
      'no-cache': 'a8eb10649cbf',
      'custom-key': '25a849e95ba97d7f',
      'custom-value': '25a849e95bb8e8b4bf',
      '302': '6402',
      '307': '640eff',
      private: 'aec3771a4b',
      gzip: '9bd9ab',
      'https://www.example.com': '9d29ad171863c78f0b97c8e9ae82ae43d3',
      'Mon, 21 Oct 2013 20:13:21 GMT': 'd07abe941054d444a8200595040b8166e082a62d1bff',
      '': '',
    }
    for (const [text, code] of Object.entries(known)) {
      assert.equal(encode(text).toString('hex'), code)
      assert.equal(decode(octets(code)), text)
    }
  })

  it('come back as they were, each octet in each position of its octet', () => {
    for (let octet = 0; octet < 256; octet++) {
      const character = String.fromCharCode(octet)
      for (let before = 0; before < 8; before++) {
        const text = `${'0'.repeat(before)}${character}0${character}`
        assert.equal(decode(encode(text)), text)
      }
    }
  })

  it('come back as they were, whatever they hold', () => {
    fc.assert(fc.property(latin1, text => assert.equal(decode(encode(text)), text)))
  })

  it('come back however long they are', () => {
    const text = `${'0'.repeat(100_000)}\u00ff${'\n'.repeat(10_000)}`
    assert.equal(decode(encode(text)), text)
  })

  it('are refused or read as the RFC says, whatever the octets', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 12, size: 'max' }),
      // Ones lead to the long codes and to EOS.
      fc
        .array(fc.constantFrom(0xff, 0xfe, 0xfc, 0x7f, 0x3f), { maxLength: 12, size: 'max' })
        .map(ones => Uint8Array.from(ones)),
    )
    fc.assert(
      fc.property(bytes, octetsRead => {
        const block = Buffer.from(octetsRead)
        const expected = decodeSlowly(block)
        if (expected === undefined) assert.throws(() => decode(block), compressionError('§5.2'))
        else assert.equal(decode(block), expected)
      }),
      { numRuns: 500 },
    )
  })
})

describe('padding of a string in Huffman code (RFC 7541 §5.2)', () => {
  /** Rows of zeros after which `bits` of padding are left. */
  const upTo = (padding: number) => {
    for (let count = 1; ; count++) if ((count * 5 + padding) % 8 === 0) return '0'.repeat(count)
  }

  for (let padding = 1; padding <= 7; padding++) {
    it(`of ${padding} ones is taken, and refused with a zero at any place`, () => {
      const text = upTo(padding)
      const bits = '00000'.repeat(text.length)
      assert.equal(decode(fromBits(bits + '1'.repeat(padding))), text)
      for (let zero = 0; zero < padding; zero++) {
        const wrong = `${'1'.repeat(zero)}0${'1'.repeat(padding - zero - 1)}`
        // That is an octet, and no padding.
        if (CODES.some(code => wrong.startsWith(code))) continue
        assert.throws(() => decode(fromBits(bits + wrong)), compressionError('§5.2'), wrong)
      }
    })
  }

  it('of an octet or more is refused', () => {
    for (let padding = 8; padding < 30; padding++) {
      const bits = '00000'.repeat(upTo(padding).length) + '1'.repeat(padding)
      assert.throws(() => decode(fromBits(bits)), compressionError('§5.2'), `${padding} ones`)
    }
    assert.throws(() => decode(octets('ff')), compressionError('§5.2'))
  })

  it('of zeros is refused where it is no code', () => {
    assert.throws(() => decode(fromBits('00000000')), compressionError('§5.2'))
  })
})

describe('EOS within a string in Huffman code', () => {
  const eos = CODES[EOS] as string

  it('is refused at its end, in its middle and alone', () => {
    for (const bits of [`${eos}11`, `00000${eos}00000`, `00011${eos}11111`, `${eos}${eos}1111`])
      assert.throws(
        () => decode(fromBits(bits)),
        (error: unknown) => compressionError('§5.2')(error) && /EOS/.test((error as ConnectionError).message),
        bits,
      )
  })
})

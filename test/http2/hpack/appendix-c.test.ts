import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeaderDecoder } from '../../../src/http2/hpack/header-decoder.ts'
import { HeaderEncoder, type StringCoding } from '../../../src/http2/hpack/header-encoder.ts'
import { sizeOf } from '../../../src/http2/hpack/header-field.ts'
import { OutputBuffer } from '../../../src/http2/output-buffer.ts'
import { type Field, SERIES } from './appendix-c.ts'
import { compressionError, decodeFields, literal, octets, written } from './support.ts'

const FIRST_DYNAMIC = 62

function newDecoder(maxTableSize = 4096): HeaderDecoder {
  const decoder = new HeaderDecoder(65_536)
  // In the examples the size was agreed on beforehand; here an update says it.
  if (maxTableSize === 256) assert.deepEqual(decodeFields(decoder, '3f e1 01'), [])
  return decoder
}

function newEncoder(coding: StringCoding, maxTableSize = 4096): HeaderEncoder {
  const encoder = new HeaderEncoder(coding)
  encoder.resize(maxTableSize)
  encoder.begin(new OutputBuffer())
  return encoder
}

function encode(encoder: HeaderEncoder, fields: readonly Field[]): string {
  const output = new OutputBuffer()
  encoder.begin(output)
  for (const [name, value] of fields) encoder.repeated(output, name, value)
  return written(output).toString('hex')
}

/** The table as it can be seen from outside: by asking for each index until there is none. */
function tableOf(decoder: HeaderDecoder, entries: number): Field[] {
  const table: Field[] = []
  for (let at = 0; at < entries; at++)
    table.push(...decodeFields(decoder, Buffer.from([0x80 | (FIRST_DYNAMIC + at)])))
  const beyond = Buffer.from([0x80 | (FIRST_DYNAMIC + entries)])
  assert.throws(() => decodeFields(decoder, beyond), compressionError('§2.3.3'))
  return table
}

describe('RFC 7541 appendix C.1, integers', () => {
  // C.1.3 has a prefix of eight bits, which no representation has.
  it('C.1.1 and C.1.2: 10 and 1337 with a prefix of five bits, in a size update', () => {
    for (const [size, expected] of [
      [10, '2a'],
      [1337, '3f9a0a'],
    ] as const) {
      const output = new OutputBuffer()
      const encoder = new HeaderEncoder()
      encoder.resize(size)
      encoder.begin(output)
      assert.equal(written(output).toString('hex'), expected)
    }
  })

  it('C.1.1 and C.1.2, read: a table of 1337 octets keeps what needs them, one of 10 nothing', () => {
    const decoder = new HeaderDecoder(65_536)
    const value = 'v'.repeat(1337 - 32 - 1)
    const block = Buffer.concat([octets('3f 9a 0a'), literal('n', value)])
    assert.deepEqual(decodeFields(decoder, block), [['n', value]])
    assert.deepEqual(tableOf(decoder, 1), [['n', value]])
    assert.deepEqual(decodeFields(decoder, '2a 40 00 00'), [['', '']])
    assert.deepEqual(tableOf(decoder, 0), [])
  })
})

describe('RFC 7541 appendix C.2, representations', () => {
  it('C.2.1, literal with indexing', () => {
    const block = '400a637573746f6d2d6b65790d637573746f6d2d686561646572'
    const fields: Field[] = [['custom-key', 'custom-header']]
    const decoder = newDecoder()
    assert.deepEqual(decodeFields(decoder, block), fields)
    assert.deepEqual(tableOf(decoder, 1), fields)
    assert.equal(encode(newEncoder('plain'), fields), block)
  })

  it('C.2.2, literal without indexing', () => {
    const block = '040c2f73616d706c652f70617468'
    const decoder = newDecoder()
    assert.deepEqual(decodeFields(decoder, block), [[':path', '/sample/path']])
    assert.deepEqual(tableOf(decoder, 0), [])
    const output = new OutputBuffer()
    newEncoder('plain').unique(output, ':path', '/sample/path')
    assert.equal(written(output).toString('hex'), block)
  })

  it('C.2.3, literal never indexed, which only others send', () => {
    const decoder = newDecoder()
    assert.deepEqual(decodeFields(decoder, '100870617373776f726406736563726574'), [['password', 'secret']])
    assert.deepEqual(tableOf(decoder, 0), [])
  })

  it('C.2.4, indexed', () => {
    const decoder = newDecoder()
    assert.deepEqual(decodeFields(decoder, '82'), [[':method', 'GET']])
    assert.deepEqual(tableOf(decoder, 0), [])
    assert.equal(encode(newEncoder('plain'), [[':method', 'GET']]), '82')
  })
})

for (const { title, coding, maxTableSize, examples } of SERIES) {
  describe(`RFC 7541 appendix ${title}`, () => {
    it('is decoded to the lists, and leaves the tables', () => {
      const decoder = newDecoder(maxTableSize)
      for (const { section, block, fields, table, tableSize } of examples) {
        assert.deepEqual(decodeFields(decoder, block), fields, section)
        assert.deepEqual(tableOf(decoder, table.length), table, section)
        const size = table.reduce((sum, [name, value]) => sum + sizeOf({ name, value }), 0)
        assert.equal(size, tableSize, section)
      }
    })

    it('is what the encoder writes', () => {
      const encoder = newEncoder(coding, maxTableSize)
      for (const { section, block, fields } of examples) assert.equal(encode(encoder, fields), block, section)
    })
  })
}

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ConnectionError } from '../../../src/http2/errors.ts'
import { HeaderDecoder } from '../../../src/http2/hpack/header-decoder.ts'
import { type Field, SERIES } from './appendix-c.ts'
import {
  compressionError,
  decodeBlock,
  decodeFields,
  integer,
  literal,
  octets,
  pairs,
  text,
} from './support.ts'

const LIST_SIZE = 16_384

function newDecoder(): HeaderDecoder {
  return new HeaderDecoder(LIST_SIZE)
}

/** As many entries as a table can hold, all different: names of three octets, no values. */
function fillTable(decoder: HeaderDecoder): string[] {
  const names = Array.from({ length: Math.floor(4096 / 35) }, (_, at) => String(at).padStart(3, '0'))
  decodeBlock(decoder, Buffer.concat(names.map(name => literal(name, ''))))
  return names
}

/** Undefined for a block that is refused, whatever the section. */
function decodeUnlessRefused(decoder: HeaderDecoder, block: Buffer): Field[] | undefined {
  try {
    return decodeFields(decoder, block)
  } catch (error) {
    if (error instanceof ConnectionError && error.code === 'COMPRESSION_ERROR') return undefined
    throw error
  }
}

function refuses(block: Buffer | string, section: string, decoder = newDecoder()): void {
  const shown = typeof block === 'string' ? block : block.toString('hex')
  assert.throws(() => decodeBlock(decoder, block), compressionError(section), shown)
}

describe('indices (RFC 7541 §2.3.3, §6.1)', () => {
  it('0 stands for nothing', () => {
    refuses('80', '§6.1')
    refuses('82 80 84', '§6.1')
  })

  it('of the static table end with 61', () => {
    assert.deepEqual(decodeFields(newDecoder(), 'bd'), [['www-authenticate', '']])
    refuses('be', '§2.3.3')
  })

  it('of the dynamic table end with its oldest entry, with and without a name of their own', () => {
    const decoder = newDecoder()
    decodeBlock(decoder, literal('a', '1'))
    decodeBlock(decoder, literal('b', '2'))
    assert.deepEqual(decodeFields(decoder, 'be bf'), [
      ['b', '2'],
      ['a', '1'],
    ])
    for (const block of ['c0', '7f 01 00', '0f 31 00', '1f 31 00', 'ff ff ff 03'])
      refuses(block, '§2.3.3', decoder)
    assert.deepEqual(decodeFields(decoder, '0f 30 01 78 1f 2f 01 79 7f 00 01 7a'), [
      ['a', 'x'],
      ['b', 'y'],
      ['a', 'z'],
    ])
  })

  it('need more than one octet from 127 on', () => {
    const decoder = newDecoder()
    const names = fillTable(decoder).toReversed()
    for (const [at, name] of names.entries())
      assert.deepEqual(decodeFields(decoder, integer(0x80, 7, 62 + at)), [[name, '']])
    refuses(integer(0x80, 7, 62 + names.length), '§2.3.3', decoder)
  })
})

describe('integers (RFC 7541 §5.1)', () => {
  it('may be longer than they need be, within reason', () => {
    const decoder = newDecoder()
    const names = fillTable(decoder).toReversed()
    for (const block of ['ff 01', 'ff 81 00', 'ff 81 80 00', 'ff 81 80 80 80 00'])
      assert.deepEqual(decodeFields(decoder, block), [[names[128 - 62], '']], block)
  })

  it('are refused beyond 2^28, as index, name, length of a string and table size', () => {
    for (const rest of ['ff ff ff ff 0f', 'ff ff ff ff ff ff ff ff ff ff 7f', '80 80 80 80 02'])
      for (const first of ['ff', '7f', '0f', '1f', '40 7f', '40 ff', '40 00 ff', '3f'])
        refuses(`${first} ${rest}`, '§5.1')
  })

  it('are refused when they never seem to end, whatever their value', () => {
    for (const first of ['ff', '7f', '0f', '1f', '40 ff', '3f'])
      refuses(`${first} ${'80'.repeat(6)} 00`, '§5.1')
    refuses(Buffer.concat([octets('ff'), Buffer.alloc(60_000, 0x80)]), '§5.1')
  })
})

describe('strings (RFC 7541 §5.2)', () => {
  it('are refused when they are longer than what is left of the block', () => {
    for (const block of ['40 02 61', '40 01 61 02 62', '40 82 1f', '41 7f 00 61', '00 01 61 7f ff ff 03 61'])
      refuses(block, '§5.2')
  })

  it('hold any octet', () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet)).toString('latin1')
    assert.deepEqual(decodeFields(newDecoder(), literal(all, all)), [[all, all]])
  })

  it('may be empty, plain and in Huffman code', () => {
    assert.deepEqual(decodeFields(newDecoder(), '40 00 00 00 80 80'), [
      ['', ''],
      ['', ''],
    ])
  })

  it('are refused with wrong padding, as name and as value', () => {
    for (const block of ['00 81 00 01 61', '00 01 61 81 00', '41 81 ff']) refuses(block, '§5.2')
  })
})

/** `before`: the blocks that came earlier on the connection. */
function cutEverywhere(before: readonly Buffer[], block: Buffer, fields: readonly Field[]): void {
  let whole = 0
  for (let end = 0; end < block.length; end++) {
    const decoder = newDecoder()
    for (const earlier of before) decodeBlock(decoder, earlier)
    const read = decodeUnlessRefused(decoder, block.subarray(0, end))
    if (read) assert.deepEqual(read, fields.slice(0, whole++))
  }
  assert.equal(whole, fields.length, 'the empty block, and one more for each field but the last')
}

describe('a block that is cut off', () => {
  for (const { title, maxTableSize, examples } of SERIES)
    it(`is refused, or ends with a whole field: each of ${title}, at each offset`, () => {
      const before = [integer(0x20, 5, maxTableSize)]
      for (const { block, fields } of examples) {
        cutEverywhere(before, octets(block), fields)
        before.push(octets(block))
      }
    })

  it('is refused within a size update', () => refuses('3f e1', '§5'))
  it('may be empty', () => assert.deepEqual(decodeFields(newDecoder(), ''), []))
})

describe('size updates (RFC 7541 §4.2, §6.3)', () => {
  it('go up to what we allow', () => {
    assert.deepEqual(decodeFields(newDecoder(), '3f e1 1f 82'), [[':method', 'GET']])
    refuses('3f e2 1f 82', '§6.3')
    refuses('20 3f e2 1f 82', '§6.3')
  })

  it('may be several, and alone', () => {
    assert.deepEqual(decodeFields(newDecoder(), '20 3f e1 1f'), [])
    assert.deepEqual(decodeFields(newDecoder(), '3f e1 01 20 3f e1 1f 82'), [[':method', 'GET']])
  })

  it('are refused behind a field', () => {
    for (const block of ['82 20', '82 3f e1 1f', '20 82 20 84', '40 01 61 01 62 20']) refuses(block, '§4.2')
  })

  it('to nothing and back leave an empty table, which is filled anew', () => {
    const decoder = newDecoder()
    decodeBlock(decoder, literal('a', '1'))
    decodeBlock(decoder, '20 3f e1 1f')
    refuses('be', '§2.3.3', decoder)
    decodeBlock(decoder, literal('b', '2'))
    assert.deepEqual(decodeFields(decoder, 'be'), [['b', '2']])
    refuses('bf', '§2.3.3', decoder)
  })

  it('evict what has no room any more', () => {
    const decoder = newDecoder()
    // Three entries of 34 octets.
    for (const name of ['a', 'b', 'c']) decodeBlock(decoder, literal(name, '1'))
    decodeBlock(decoder, integer(0x20, 5, 68))
    assert.deepEqual(decodeFields(decoder, 'be bf'), [
      ['c', '1'],
      ['b', '1'],
    ])
    refuses('c0', '§2.3.3', decoder)
    decodeBlock(decoder, integer(0x20, 5, 67))
    refuses('bf', '§2.3.3', decoder)
  })
})

describe('entries', () => {
  it('are made only by literals with indexing', () => {
    const decoder = newDecoder()
    for (const pattern of [0x00, 0x10])
      assert.deepEqual(decodeFields(decoder, literal('a', 'b', pattern)), [['a', 'b']])
    refuses('be', '§2.3.3', decoder)
  })

  it('may have the name of an entry that they evict (§4.4)', () => {
    const decoder = newDecoder()
    decodeBlock(decoder, literal('name', 'v'.repeat(4000)))
    const value = 'w'.repeat(4000)
    assert.deepEqual(decodeFields(decoder, Buffer.concat([octets('7e'), text(value)])), [['name', value]])
    assert.deepEqual(decodeFields(decoder, 'be'), [['name', value]])
    refuses('bf', '§2.3.3', decoder)
  })

  it('that are larger than the table empty it, and are fields all the same (§4.4)', () => {
    const decoder = newDecoder()
    decodeBlock(decoder, literal('a', '1'))
    const value = 'v'.repeat(4096 - 32)
    assert.deepEqual(decodeFields(decoder, literal('n', value)), [['n', value]])
    refuses('be', '§2.3.3', decoder)
    assert.deepEqual(decodeFields(decoder, literal('n', value.slice(1))), [['n', value.slice(1)]])
    assert.deepEqual(decodeFields(decoder, 'be'), [['n', value.slice(1)]])
  })
})

describe('the limit on a header list (RFC 9113 §10.5.1)', () => {
  it('counts names, values and 32 octets for each field', () => {
    const decoder = new HeaderDecoder(100)
    const exact = decodeBlock(decoder, Buffer.concat([literal('a', 'b'), literal('c', 'd'.repeat(33))]))
    assert.deepEqual([exact.isTooLarge, exact.fields.length], [false, 2])
    const over = decodeBlock(decoder, Buffer.concat([literal('a', 'b'), literal('c', 'd'.repeat(34))]))
    assert.deepEqual([over.isTooLarge, pairs(over.fields)], [true, [['a', 'b']]])
  })

  it('collects nothing of a bomb: one large entry, named thousands of times', () => {
    const decoder = newDecoder()
    const value = 'v'.repeat(4000)
    const references = Buffer.alloc(60_000, 0xbe)
    const { fields, isTooLarge } = decodeBlock(decoder, Buffer.concat([literal('bomb', value), references]))
    assert.equal(isTooLarge, true)
    assert.equal(fields.length, Math.floor(LIST_SIZE / (4 + 4000 + 32)))
  })

  it('holds for each list, not for what follows: tables are in step behind a bomb', () => {
    const decoder = newDecoder()
    const bomb = Buffer.concat([
      literal('bomb', 'v'.repeat(3900)),
      Buffer.alloc(5000, 0xbe),
      literal('small', 'entry'),
      literal('late', 'entry'),
    ])
    assert.equal(decodeBlock(decoder, bomb).isTooLarge, true)
    const next = decodeBlock(decoder, 'be bf 82')
    assert.equal(next.isTooLarge, false)
    assert.deepEqual(pairs(next.fields), [
      ['late', 'entry'],
      ['small', 'entry'],
      [':method', 'GET'],
    ])
  })

  it('holds for fields without octets too', () => {
    const { fields, isTooLarge } = decodeBlock(newDecoder(), Buffer.alloc(3 * 10_000))
    assert.deepEqual([fields.length, isTooLarge], [LIST_SIZE / 32, true])
  })
})

describe('whatever octets come', () => {
  it('a block is read or refused with COMPRESSION_ERROR, and nothing else is thrown', () => {
    const first = fc.constantFrom(0x20, 0x3f, 0x40, 0x7f, 0x00, 0x0f, 0x10, 0x80, 0x82, 0xbe, 0xff)
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60, size: 'max' }),
      fc
        .array(fc.oneof(first, fc.nat(255)), { maxLength: 60, size: 'max' })
        .map(values => Uint8Array.from(values)),
    )
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1, maxLength: 5, size: 'max' }), blocks => {
        const decoder = newDecoder()
        for (const block of blocks) decodeUnlessRefused(decoder, Buffer.from(block))
      }),
      { numRuns: 1000 },
    )
  })
})

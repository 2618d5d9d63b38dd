import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DynamicTable } from '../../../src/http2/hpack/dynamic-table.ts'
import { type HeaderField, sizeOf } from '../../../src/http2/hpack/header-field.ts'

/** Counts for `size` octets. */
function fieldOf(size: number, name = 'n'): HeaderField {
  return { name, value: 'v'.repeat(size - 32 - name.length) }
}

function contents(table: DynamicTable): HeaderField[] {
  const fields: HeaderField[] = []
  for (let age = 0; age < table.length; age++) fields.push(table.at(age) as HeaderField)
  return fields
}

describe('a dynamic table (RFC 7541 §2.3.2, §4)', () => {
  it('counts names, values and 32 octets for each entry', () => {
    assert.equal(sizeOf({ name: 'custom-key', value: 'custom-header' }), 55)
    assert.equal(sizeOf({ name: '', value: '' }), 32)
  })

  it('has the newest entry first', () => {
    const table = new DynamicTable(4096)
    table.insert(fieldOf(40, 'a'))
    table.insert(fieldOf(50, 'b'))
    assert.deepEqual(
      contents(table).map(({ name }) => name),
      ['b', 'a'],
    )
    assert.deepEqual([table.size, table.length, table.inserted], [90, 2, 2])
    assert.equal(table.at(2), undefined)
  })

  it('evicts the oldest until the new one fits, and not one more', () => {
    const evicted: unknown[] = []
    const table = new DynamicTable(100, ({ name }, number) => evicted.push([name, number]))
    table.insert(fieldOf(40, 'a'))
    table.insert(fieldOf(60, 'b'))
    assert.deepEqual([table.size, evicted], [100, []])
    table.insert(fieldOf(33, 'c'))
    assert.deepEqual([table.size, evicted], [93, [['a', 1]]])
    table.insert(fieldOf(68, 'd'))
    assert.deepEqual(
      [table.size, evicted.slice(1)],
      [
        68,
        [
          ['b', 2],
          ['c', 3],
        ],
      ],
    )
  })

  it('is emptied by an entry that is larger than it, which is no error (§4.4)', () => {
    const evicted: string[] = []
    const table = new DynamicTable(100, ({ name }) => evicted.push(name))
    table.insert(fieldOf(40, 'a'))
    table.insert(fieldOf(101, 'b'))
    assert.deepEqual([table.size, table.length, table.at(0), evicted], [0, 0, undefined, ['a']])
    table.insert(fieldOf(100, 'c'))
    assert.deepEqual([table.size, table.length], [100, 1])
  })

  it('shrinks with its maximum, down to nothing, and grows again empty (§4.3)', () => {
    const table = new DynamicTable(200)
    for (const name of ['a', 'b', 'c']) table.insert(fieldOf(50, name))
    table.resize(100)
    assert.deepEqual(
      contents(table).map(({ name }) => name),
      ['c', 'b'],
    )
    table.resize(0)
    assert.deepEqual([table.size, table.length, table.maxSize], [0, 0, 0])
    table.insert(fieldOf(33))
    assert.equal(table.length, 0)
    table.resize(200)
    assert.equal(table.length, 0)
    table.insert(fieldOf(200))
    assert.equal(table.length, 1)
  })

  it('is at any time what a plain list would be', () => {
    const step = fc.record({
      what: fc.constantFrom('insert' as const, 'insert' as const, 'resize' as const),
      size: fc.integer({ min: 33, max: 500 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), steps => {
        const evicted: number[] = []
        const table = new DynamicTable(500, (_, number) => evicted.push(number))
        const plain = new PlainTable(500)
        for (const { what, size } of steps) {
          if (what === 'insert') table.insert(plain.insert(fieldOf(size)))
          else table.resize(plain.resize(size))
          assert.deepEqual(contents(table), plain.fields)
          assert.equal(table.size, plain.size())
          // Numbers are given, and taken back, in order.
          assert.deepEqual(
            evicted,
            Array.from({ length: table.inserted - plain.fields.length }, (_, at) => at + 1),
          )
        }
      }),
    )
  })
})

/** As the RFC describes it. */
class PlainTable {
  /** Newest first. */
  fields: HeaderField[] = []
  #maxSize: number

  constructor(maxSize: number) {
    this.#maxSize = maxSize
  }

  size(): number {
    return this.fields.reduce((sum, field) => sum + sizeOf(field), 0)
  }

  insert(field: HeaderField): HeaderField {
    this.fields.unshift(field)
    this.#evict()
    return field
  }

  resize(maxSize: number): number {
    this.#maxSize = maxSize
    this.#evict()
    return maxSize
  }

  #evict(): void {
    while (this.size() > this.#maxSize) this.fields.pop()
  }
}

import type { OutputBuffer } from '../output-buffer.ts'
import { DEFAULT_TABLE_SIZE, DynamicTable } from './dynamic-table.ts'
import { type HeaderField, sizeOf } from './header-field.ts'
import { encodeHuffman, huffmanLength } from './huffman.ts'
import { FIRST_DYNAMIC_INDEX, STATIC_TABLE } from './static-table.ts'

/** First octet and prefix of each representation (RFC 7541 §6). */
const INDEXED = { pattern: 0x80, mask: 0x7f }
const WITH_INDEXING = { pattern: 0x40, mask: 0x3f }
const WITHOUT_INDEXING = { pattern: 0x00, mask: 0x0f }
const SIZE_UPDATE = { pattern: 0x20, mask: 0x1f }

type Representation = typeof INDEXED

/** `plain` costs octets, `huffman` time. */
export type StringCoding = 'plain' | 'huffman'

/**
 * Header lists to field blocks, for senders whose requests are alike. Who calls says of each field whether its value comes
 * again: such a field enters the table, in Huffman code since that is done once, and from then on is an index of one
 * octet. Of the others only the name enters it, with the first value; their values are written plainly. So unique values
 * do not push out what is worth keeping. (Apple asks for the same: "Establishing a connection to APNs".)
 */
export class HeaderEncoder {
  readonly #table: DynamicTable
  /** Numbers of table entries, by name and value; the static ones are negative. */
  readonly #numbers = new Map<string, Names>()
  readonly #coding: StringCoding
  /** The last list of fields that come again, and its octets while no index has moved. */
  #lastList: Readonly<Record<string, string>> | undefined
  #lastOctets: Buffer = Buffer.alloc(0)
  #lastInserted = -1
  /** Sizes to announce at the beginning of the next block (RFC 7541 §4.2). */
  #updates: number[] = []

  /** `coding` of fields that come again. */
  constructor(coding: StringCoding = 'huffman') {
    this.#coding = coding
    this.#table = new DynamicTable(DEFAULT_TABLE_SIZE, (field, number) => this.#forget(field, number))
    for (const [at, field] of STATIC_TABLE.entries()) this.#remember(field, -at - 1)
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. More than the default is not used: nothing here would fill it. */
  resize(peerMaxSize: number): void {
    const size = Math.min(peerMaxSize, DEFAULT_TABLE_SIZE)
    if (size === this.#table.maxSize) return
    this.#table.resize(size)
    this.#lastList = undefined
    // Of several changes between two blocks the smallest and the last are told.
    const smallest = Math.min(size, ...this.#updates)
    this.#updates = smallest < size ? [smallest, size] : [size]
  }

  /** To be called before the fields of a block. */
  begin(output: OutputBuffer): void {
    if (this.#updates.length === 0) return
    for (const size of this.#updates) writeInteger(output, SIZE_UPDATE, size)
    this.#updates = []
  }

  /** Fields whose values come again. The same object with nothing new in the table is copied from the last time. */
  repeatedAll(output: OutputBuffer, fields: Readonly<Record<string, string>>): void {
    const { inserted } = this.#table
    if (fields === this.#lastList && inserted === this.#lastInserted) {
      output.bytes(this.#lastOctets)
      return
    }
    const begin = output.length
    for (const name in fields) this.repeated(output, name, fields[name] ?? '')
    // Indices count from the newest entry: they hold until there is another one.
    this.#lastList = this.#table.inserted === inserted ? fields : undefined
    this.#lastInserted = inserted
    if (this.#lastList) this.#lastOctets = output.copy(begin)
  }

  /** A field whose value comes again. */
  repeated(output: OutputBuffer, name: string, value: string): void {
    const names = this.#numbers.get(name)
    const number = names?.values.get(value)
    if (number !== undefined) {
      writeInteger(output, INDEXED, this.#indexOf(number))
      return
    }
    this.#literal(output, { name, value }, this.#coding)
  }

  /** A field whose value is new each time. */
  unique(output: OutputBuffer, name: string, value: string): void {
    const names = this.#numbers.get(name)
    if (!names) {
      this.#literal(output, { name, value }, 'plain')
      return
    }
    writeInteger(output, WITHOUT_INDEXING, this.#indexOf(names.newest))
    writeString(output, value, 'plain')
  }

  /** With its name by index where there is one. What does not fit into the table would only empty it. */
  #literal(output: OutputBuffer, field: HeaderField, coding: StringCoding): void {
    const { name, value } = field
    const names = this.#numbers.get(name)
    const fits = sizeOf(field) <= this.#table.maxSize
    const representation = fits ? WITH_INDEXING : WITHOUT_INDEXING
    writeInteger(output, representation, names ? this.#indexOf(names.newest) : 0)
    if (!names) writeString(output, name, coding)
    writeString(output, value, coding)
    if (!fits) return
    this.#table.insert(field)
    this.#remember(field, this.#table.inserted)
  }

  #indexOf(number: number): number {
    return number < 0 ? -number : FIRST_DYNAMIC_INDEX + this.#table.inserted - number
  }

  #remember({ name, value }: HeaderField, number: number): void {
    const known = this.#numbers.get(name)
    if (!known) {
      this.#numbers.set(name, { newest: number, values: new Map([[value, number]]) })
      return
    }
    // A name in the static table stays there; its index never moves.
    if (known.newest > 0) known.newest = number
    if (!known.values.has(value) || number > 0) known.values.set(value, number)
  }

  #forget({ name, value }: HeaderField, number: number): void {
    const known = this.#numbers.get(name)
    if (!known) return
    if (known.values.get(value) === number) known.values.delete(value)
    if (known.newest === number) this.#numbers.delete(name)
  }
}

interface Names {
  /** The entry whose name is referred to. */
  newest: number
  values: Map<string, number>
}

/** RFC 7541 §5.1. */
function writeInteger(output: OutputBuffer, { pattern, mask }: Representation, value: number): void {
  if (value < mask) {
    output.octet(pattern | value)
    return
  }
  output.octet(pattern | mask)
  let rest = value - mask
  for (; rest >= 128; rest >>>= 7) output.octet((rest & 0x7f) | 0x80)
  output.octet(rest)
}

const PLAIN_LENGTH = { pattern: 0x00, mask: 0x7f }
const HUFFMAN_LENGTH = { pattern: 0x80, mask: 0x7f }

/** RFC 7541 §5.2. Of equal lengths Huffman code is written, as in the RFC's examples (C.6.2). */
function writeString(output: OutputBuffer, text: string, coding: StringCoding): void {
  const length = coding === 'huffman' && text !== '' ? huffmanLength(text) : Number.POSITIVE_INFINITY
  if (length > text.length) {
    writeInteger(output, PLAIN_LENGTH, text.length)
    output.text(text)
    return
  }
  writeInteger(output, HUFFMAN_LENGTH, length)
  output.custom(length, (target, position) => encodeHuffman(text, target, position))
}

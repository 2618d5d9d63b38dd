import { ConnectionError } from '../errors.ts'
import { DEFAULT_TABLE_SIZE, DynamicTable } from './dynamic-table.ts'
import { type HeaderField, sizeOf } from './header-field.ts'
import { decodeHuffman } from './huffman.ts'
import { FIRST_DYNAMIC_INDEX, STATIC_TABLE } from './static-table.ts'

/** No table, list or string of ours comes near; what is larger is an attack (RFC 7541 §7.4). */
const MAX_INTEGER = 2 ** 28

export interface HeaderList {
  fields: HeaderField[]
  /** It went over the limit: what came after is missing. */
  isTooLarge: boolean
}

/**
 * Field blocks to header lists (RFC 7541 §3, §6). Every block must be decoded, wanted or not, and in the order of its
 * arrival: each may change the table. Throws COMPRESSION_ERROR, which ends the connection (RFC 9113 §4.3).
 */
export class HeaderDecoder {
  readonly #maxListSize: number
  readonly #table = new DynamicTable(DEFAULT_TABLE_SIZE)
  #block: Buffer = Buffer.alloc(0)
  #at = 0
  #end = 0

  /** `maxListSize`: as told to the peer in SETTINGS_MAX_HEADER_LIST_SIZE. */
  constructor(maxListSize: number) {
    this.#maxListSize = maxListSize
  }

  decode(block: Buffer, start: number, end: number): HeaderList {
    this.#block = block
    this.#at = start
    this.#end = end
    this.#readSizeUpdates()
    const list: HeaderList = { fields: [], isTooLarge: false }
    let size = 0
    while (this.#at < this.#end) {
      const field = this.#readField()
      size += sizeOf(field)
      // A bomb is references to one large entry: they cost nothing to read, but are not collected.
      if (size > this.#maxListSize) list.isTooLarge = true
      else list.fields.push(field)
    }
    return list
  }

  /** Only at the beginning of a block, and not above what we allow (RFC 7541 §4.2, §6.3). */
  #readSizeUpdates(): void {
    while (this.#at < this.#end && (this.#octet() & 0xe0) === 0x20) {
      const size = this.#readInteger(0x1f)
      if (size > DEFAULT_TABLE_SIZE)
        throw compressionError('§6.3', 'table size above SETTINGS_HEADER_TABLE_SIZE')
      this.#table.resize(size)
    }
  }

  #readField(): HeaderField {
    const first = this.#octet()
    if ((first & 0x80) !== 0) return this.#fieldAt(this.#readInteger(0x7f))
    if ((first & 0x40) !== 0) {
      const field = this.#readLiteral(0x3f)
      this.#table.insert(field)
      return field
    }
    if ((first & 0x20) !== 0) throw compressionError('§4.2', 'size update behind a field')
    // Without indexing or never indexed: the difference matters only to who forwards it.
    return this.#readLiteral(0x0f)
  }

  #readLiteral(mask: number): HeaderField {
    const index = this.#readInteger(mask)
    const name = index === 0 ? this.#readString() : this.#fieldAt(index).name
    return { name, value: this.#readString(), isChecked: false }
  }

  #fieldAt(index: number): HeaderField {
    if (index === 0) throw compressionError('§6.1', 'index 0')
    const field =
      index < FIRST_DYNAMIC_INDEX ? STATIC_TABLE[index - 1] : this.#table.at(index - FIRST_DYNAMIC_INDEX)
    if (!field) throw compressionError('§2.3.3', 'index outside of both tables')
    return field
  }

  #readString(): string {
    const isHuffman = (this.#octet() & 0x80) !== 0
    const length = this.#readInteger(0x7f)
    const start = this.#at
    if (length > this.#end - start) throw compressionError('§5.2', 'string longer than the block')
    this.#at += length
    if (isHuffman) return decodeHuffman(this.#block, start, this.#at)
    return this.#block.toString('latin1', start, this.#at)
  }

  /** `mask`: the prefix's bits in the first octet (RFC 7541 §5.1). */
  #readInteger(mask: number): number {
    let value = this.#octet() & mask
    this.#at++
    if (value < mask) return value
    for (let factor = 1; ; factor *= 128) {
      const octet = this.#octet()
      this.#at++
      value += (octet & 0x7f) * factor
      if (value > MAX_INTEGER || factor > MAX_INTEGER) throw compressionError('§5.1', 'integer too large')
      if ((octet & 0x80) === 0) return value
    }
  }

  #octet(): number {
    const octet = this.#at < this.#end ? this.#block[this.#at] : undefined
    if (octet === undefined) throw compressionError('§5', 'block ends within a field')
    return octet
  }
}

function compressionError(section: string, message: string): ConnectionError {
  return new ConnectionError('COMPRESSION_ERROR', `RFC 7541 ${section}`, message)
}

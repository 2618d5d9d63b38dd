import { type HeaderField, sizeOf } from './header-field.ts'

/** What a table that has not been told otherwise may hold (RFC 9113 §6.5.2, SETTINGS_HEADER_TABLE_SIZE). */
export const DEFAULT_TABLE_SIZE = 4096

/** So many evicted entries are kept in the array before it is compacted. */
const COMPACT_AFTER = 64

/**
 * A dynamic table, first in first out (RFC 7541 §2.3.2, §4). Entries are numbered from 1 in the order of their insertion,
 * and keep their number; an index on the wire counts from the newest.
 */
export class DynamicTable {
  readonly #onEvicted: ((field: HeaderField, number: number) => void) | undefined
  #entries: HeaderField[] = []
  /** Position of the oldest entry that is left. */
  #oldest = 0
  #inserted = 0
  #size = 0
  #maxSize: number

  constructor(maxSize: number, onEvicted?: (field: HeaderField, number: number) => void) {
    this.#maxSize = maxSize
    this.#onEvicted = onEvicted
  }

  get length(): number {
    return this.#entries.length - this.#oldest
  }

  get size(): number {
    return this.#size
  }

  get maxSize(): number {
    return this.#maxSize
  }

  /** The number of the newest entry. */
  get inserted(): number {
    return this.#inserted
  }

  /** The entry that is `age` insertions old; 0 is the newest. */
  at(age: number): HeaderField | undefined {
    return age < this.length ? this.#entries[this.#entries.length - 1 - age] : undefined
  }

  /** Evicts what stands in the way. A field that is larger than the table empties it and is not added (RFC 7541 §4.4). */
  insert(field: HeaderField): void {
    const size = sizeOf(field)
    this.#shrinkTo(this.#maxSize - size)
    if (size > this.#maxSize) return
    this.#entries.push(field)
    this.#inserted++
    this.#size += size
  }

  resize(maxSize: number): void {
    this.#maxSize = maxSize
    this.#shrinkTo(maxSize)
  }

  #shrinkTo(size: number): void {
    while (this.#size > size && this.length > 0) {
      const field = this.#entries[this.#oldest] as HeaderField
      const number = this.#inserted - this.length + 1
      this.#oldest++
      this.#size -= sizeOf(field)
      this.#onEvicted?.(field, number)
    }
    if (this.#oldest < COMPACT_AFTER) return
    this.#entries = this.#entries.slice(this.#oldest)
    this.#oldest = 0
  }
}

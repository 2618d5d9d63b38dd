const FIRST_SIZE = 64 * 1024
/** A buffer that had to grow beyond this is not kept for the next turn. */
const LARGEST_KEPT = 1024 * 1024

/** What is to be sent, gathered in one piece of memory. Grows as needed; indices are octets from the beginning. */
export class OutputBuffer {
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_SIZE)
  #spare: Buffer | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  octet(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  /** The head of a frame (RFC 9113 §4.1). */
  frameHead(length: number, type: number, flags: number, streamId: number): void {
    this.#reserve(9)
    const bytes = this.#bytes
    let at = this.#length
    bytes[at++] = length >> 16
    bytes[at++] = length >> 8
    bytes[at++] = length
    bytes[at++] = type
    bytes[at++] = flags
    this.#length = bytes.writeUInt32BE(streamId, at)
  }

  uint16(value: number): void {
    this.#reserve(2)
    this.#length = this.#bytes.writeUInt16BE(value, this.#length)
  }

  uint32(value: number): void {
    this.#reserve(4)
    this.#length = this.#bytes.writeUInt32BE(value >>> 0, this.#length)
  }

  /** One character is one octet. */
  text(value: string): void {
    this.#reserve(value.length)
    this.#length += this.#bytes.write(value, this.#length, 'latin1')
  }

  bytes(source: Buffer, start = 0, end = source.length): void {
    this.#reserve(end - start)
    this.#length += source.copy(this.#bytes, this.#length, start, end)
  }

  /** Room of `size` octets for `write`, which answers the position behind what it has written. */
  custom(size: number, write: (target: Buffer, position: number) => number): void {
    this.#reserve(size)
    this.#length = write(this.#bytes, this.#length)
  }

  /** Overwrites three octets that are there already: a frame's length is known only behind its end. */
  patchUint24(position: number, value: number): void {
    this.#bytes.writeUIntBE(value, position, 3)
  }

  patchOctet(position: number, value: number): void {
    this.#bytes[position] = value
  }

  /** What was written from `position` on. */
  copy(position: number): Buffer {
    return Buffer.from(this.#bytes.subarray(position, this.#length))
  }

  /** Takes back all behind `position`, and answers it. */
  cut(position: number): Buffer {
    const rest = this.copy(position)
    this.#length = position
    return rest
  }

  /** Forgets all that was gathered. */
  clear(): void {
    this.#length = 0
  }

  /** Hands over all that was gathered. It stays as it is until `release`. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#bytes = this.#spare ?? Buffer.allocUnsafeSlow(FIRST_SIZE)
    this.#spare = undefined
    this.#length = 0
    return taken
  }

  /** What was taken is on its way: its memory may be written again. */
  release(taken: Buffer): void {
    if (taken.buffer.byteLength <= LARGEST_KEPT) this.#spare = Buffer.from(taken.buffer)
  }

  #reserve(size: number): void {
    const needed = this.#length + size
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }
}

import type { Transport } from '../../../src/http2/transport.ts'

interface Pending {
  bytes: Buffer
  asWritten: Buffer
  done(): void
}

/** Keeps what is written, and notes every breach of the contract between a connection and its transport. */
export class MemoryTransport implements Transport {
  /** One entry a write. */
  readonly writes: Buffer[] = []
  readonly breaches: string[] = []
  isEnded = false
  isDestroyed = false
  /** Called for each write, with a copy of it. */
  onWrite: (bytes: Buffer) => void = () => {}
  readonly #pending: Pending[] = []
  #isReading = true

  write(bytes: Buffer, done: () => void): void {
    if (this.isEnded || this.isDestroyed) this.breaches.push('write after the end')
    if (bytes.length === 0) this.breaches.push('write of nothing')
    // Only a goodbye may be written before the last write has left, and then it ends.
    if (this.#pending.length > 0)
      queueMicrotask(() => {
        if (!this.isEnded && !this.isDestroyed) this.breaches.push('write before the last one has left')
      })
    const asWritten = Buffer.from(bytes)
    this.writes.push(asWritten)
    this.#pending.push({ bytes, asWritten, done })
    this.onWrite(asWritten)
    queueMicrotask(() => this.#leave())
  }

  end(): void {
    if (this.isEnded) this.breaches.push('end twice')
    this.isEnded = true
  }

  destroy(): void {
    this.isDestroyed = true
    this.#pending.length = 0
  }

  /** The peer does not read: writes do not leave. */
  pause(): void {
    this.#isReading = false
  }

  resume(): void {
    this.#isReading = true
    while (this.#pending.length > 0) this.#leave()
  }

  #leave(): void {
    if (!this.#isReading) return
    const next = this.#pending.shift()
    if (!next) return
    if (!next.bytes.equals(next.asWritten)) this.breaches.push('octets changed before they had left')
    next.done()
  }
}

import { OutputBuffer } from './output-buffer.ts'
import type { Transport } from './transport.ts'

/** Beyond it bodies wait until the peer has read: what is gathered stays small. */
const HIGH_WATER = 256 * 1024
/** Beyond it the peer asks and does not read. A thousand requests and what bodies may gather are far below. */
const CLOGGED = 1024 * 1024

export interface OutboxEvents {
  /** All that was written until now is on its way. */
  onTaken(): void
  /** The peer has taken what was sent: bodies may go on. */
  onRoom(): void
}

/**
 * All that one turn of the event loop has to say leaves as one write, and no write begins before the last has left: what
 * comes meanwhile is gathered.
 */
export class Outbox {
  readonly output = new OutputBuffer()
  readonly #transport: Transport
  readonly #events: OutboxEvents
  #immediate: NodeJS.Immediate | undefined
  #isWriting = false
  #isClosed = false

  constructor(transport: Transport, events: OutboxEvents) {
    this.#transport = transport
    this.#events = events
  }

  hasRoom(): boolean {
    return this.output.length < HIGH_WATER
  }

  /** The peer does not read, and what it asks for has no place any more. */
  isClogged(): boolean {
    return this.#isWriting && this.output.length > CLOGGED
  }

  /** To be called after writing to `output`. */
  wake(): void {
    if (!this.#isWriting) this.#immediate ??= setImmediate(() => this.flush())
  }

  flush(): void {
    this.#cancel()
    if (this.#isWriting || this.#isClosed || this.output.length === 0) return
    const bytes = this.output.take()
    this.#isWriting = true
    this.#events.onTaken()
    this.#transport.write(bytes, () => this.#onWritten(bytes))
  }

  /** Sends what was gathered, and then nothing more. */
  finish(): void {
    const bytes = this.output.take()
    this.#events.onTaken()
    if (!this.#isClosed && bytes.length > 0) this.#transport.write(bytes, () => {})
    this.close()
  }

  close(): void {
    this.#cancel()
    this.#isClosed = true
  }

  #onWritten(bytes: Buffer): void {
    this.#isWriting = false
    this.output.release(bytes)
    if (this.#isClosed) return
    this.#events.onRoom()
    if (this.output.length > 0) this.flush()
  }

  #cancel(): void {
    clearImmediate(this.#immediate)
    this.#immediate = undefined
  }
}

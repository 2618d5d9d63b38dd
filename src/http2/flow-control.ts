import { MAX_WINDOW_SIZE } from './settings.ts'

/** How much may be sent (RFC 9113 §5.2, §6.9). May be below zero, when the peer has lowered its initial size (§6.9.2). */
export class SendWindow {
  #size: number

  constructor(size: number) {
    this.#size = size
  }

  get size(): number {
    return this.#size
  }

  spend(octets: number): void {
    this.#size -= octets
  }

  /** By WINDOW_UPDATE or a changed initial size. False when it would exceed what is allowed (§6.9.1). */
  grow(increment: number): boolean {
    this.#size += increment
    return this.#size <= MAX_WINDOW_SIZE
  }
}

/** How much the peer may send. It gets credit anew as soon as half of the window is used up: we keep nothing waiting. */
export class ReceiveWindow {
  readonly #size: number
  #left: number

  constructor(size: number) {
    this.#size = size
    this.#left = size
  }

  /** False when the peer has sent more than it may. */
  receive(octets: number): boolean {
    this.#left -= octets
    return this.#left >= 0
  }

  /** The increment to announce now; 0 for none. */
  takeCredit(): number {
    const used = this.#size - this.#left
    if (used < this.#size / 2) return 0
    this.#left = this.#size
    return used
  }
}
